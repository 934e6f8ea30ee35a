"""The rulings as Markdown and JSON, and read back for tables and figures."""

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from distancenets.claims.conditions import ConditionResult
from distancenets.claims.judgement import ClaimResult
from distancenets.claims.prospects import Prospect
from distancenets.claims.thresholds import Outcome
from distancenets.configuration.study import Study
from distancenets.derived import deriving, read_content
from distancenets.errors import UserError
from distancenets.files import write_text
from distancenets.markdown import markdown_table

MARKS = {Outcome.HOLDS: "holds", Outcome.FAILS: "**fails**", Outcome.OPEN: "open", Outcome.GIVEN: "given"}


def records(rulings: Sequence[ClaimResult]) -> list[dict[str, Any]]:
    """Return the rulings as plain values, one dictionary a claim and experiment."""
    return [
        {
            "claim": ruling.claim.id,
            "name": ruling.claim.name,
            "statement": ruling.claim.statement,
            "place": ruling.claim.place,
            "measured_in_paper": ruling.claim.measured,
            "experiment": ruling.experiment,
            "verdict": str(ruling.verdict),
            "why": ruling.why,
            "rule": ruling.rule,
            "epochs": ruling.epochs,
            "seeds": ruling.seeds,
            "epochs_needed": ruling.epochs_needed,
            "seeds_needed": ruling.seeds_needed,
            "next_look": _prospect(ruling.prospect),
            "flips": [flip.text for flip in ruling.flips],
            "alpha": _number(ruling.alpha),
            "alpha_holm": _number(ruling.holm),
            "numbers": [number._asdict() for number in ruling.numbers],
            "evidence": list(ruling.evidence),
            "conditions": [_condition(part) for part in ruling.parts],
        }
        for ruling in rulings
    ]


def as_json(rulings: Sequence[ClaimResult]) -> str:
    """Return the rulings as JSON text."""
    return json.dumps(records(rulings), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(rulings: Sequence[ClaimResult], study: Study) -> str:
    """Return a page with every experiment's verdicts, then each claim's rule and conditions."""
    parts = ["# The paper's claims", _reading(study)]
    for experiment in study.experiments:
        here = [ruling for ruling in rulings if ruling.experiment == experiment]
        parts += [f"## {experiment}", verdict_table(records(here))]
    parts += ["## Rules and conditions", *(_details(ruling) for ruling in rulings)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def verdict_table(rulings: Sequence[dict[str, Any]]) -> str:
    """Return the table claim, verdict, what decided it, what would change it, and the least level, corrected."""
    return markdown_table(
        ["", "claim", "place", "verdict", "what decided it", "would be", "least level, Holm"],
        [
            (
                entry["claim"],
                entry["statement"],
                entry["place"],
                f"**{entry['verdict']}**",
                entry["why"],
                "; ".join(entry["flips"]),
                "" if entry["alpha_holm"] is None else _level(entry["alpha_holm"]),
            )
            for entry in rulings
        ],
        right=[True],
    )


def verdicts(rulings: Sequence[ClaimResult]) -> dict[str, dict[str, str]]:
    """Return experiment → claim → verdict, in the plain form that `dvc metrics` compares."""
    found: dict[str, dict[str, str]] = {}
    for ruling in rulings:
        found.setdefault(ruling.experiment, {})[f"{ruling.claim.id:02d} {ruling.claim.name}"] = str(ruling.verdict)
    return found


def write(rulings: Sequence[ClaimResult], study: Study, folder: Path) -> None:
    """Write `claims.json`, `verdicts.json` and `claims.md` into `folder`."""
    write_text(folder / "verdicts.json", json.dumps(verdicts(rulings), indent=2, ensure_ascii=False) + "\n")
    with deriving("claims", folder / "claims.json"):
        write_text(folder / "claims.json", as_json(rulings))
    write_text(folder / "claims.md", as_markdown(rulings, study))


def read(path: Path) -> list[dict[str, Any]]:
    """Return what `write` put into the JSON file `path`; a `UserError` names a file that is none of ours."""
    try:
        entries = json.loads(read_content(path))
    except ValueError:
        entries = None
    keys = {"claim", "name", "experiment", "verdict", "why", "seeds", "flips", "alpha_holm"}
    if (
        isinstance(entries, list)
        and entries
        and all(isinstance(entry, dict) and keys <= set(entry) for entry in entries)
    ):
        return entries
    raise UserError(f"{path}: not a list of verdicts as `distancenets claims` writes it")


def _reading(study: Study) -> str:
    return f"""\
- **supported**: all conditions hold. **contradicted**: all fail. **mixed**: some hold, the others fail.
- **refuted**: at least one condition fails, so what "supported if" asks for is refuted; others are open.
- **undetermined**: no condition fails, at least one is open.

Each of the k conditions of a claim is judged at the one-sided level {study.statistics.alpha:g} / k: one at the edge of
what is asked is misjudged no more often than that, however often one looks. Conditions are judged at 10, 20, 40, 80 …
complete seeds, each by seeds 0 … n − 1 of the last look passed and at 1/4, 1/2, 1/8, 1/16 … of the level; between looks
the last verdict stands. (Changed after data were seen: every number of seeds was judged at the full level.)

Differences are means over seeds of paired runs, in percentage points of test accuracy; brackets hold intervals. "Would
be" is the verdict if one threshold were another, the nearest on each side. "Least level, Holm" is the smallest level at
which the verdict would be given, corrected for all claims of the experiment: below {study.statistics.alpha:g}, the
verdict stands among all of them."""


def _details(ruling: ClaimResult) -> str:
    title = f"### {ruling.claim.id}. {ruling.claim.name}, {ruling.experiment}: {ruling.verdict}"
    lines = [f"- {MARKS[part.outcome]}: {part.text}{_judged_at(part)}" for part in ruling.parts]
    lines = lines or [f"- {ruling.why}"]
    lines += [f"- would be {flip.text} (set: {flip.set_to:g})" for flip in ruling.flips]
    return "\n".join([title, "", f"Supported if: {ruling.rule}", "", *lines])


def _judged_at(part: ConditionResult) -> str:
    return f" ({part.look.seeds} seeds, {Fraction(part.look.share)} of the level)" if part.look else ""


def _condition(part: ConditionResult) -> dict[str, Any]:
    look = {"seeds": part.look.seeds, "share_of_level": part.look.share} if part.look else {}
    return {"outcome": str(part.outcome), "text": part.text} | look


def _prospect(ahead: Prospect | None) -> dict[str, Any] | None:
    if ahead is None:
        return None
    chances = {"decides": ahead.expected, "least": ahead.least, "most": ahead.most}
    return {"seeds": ahead.seeds, "decidable": ahead.decidable} | {
        name: round(chance.decides, 4) for name, chance in chances.items()
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.3g}")


def _level(value: float) -> str:
    return "below 1e−8" if value < 1e-8 else f"{value:.2g}".replace("e-", "e−")
