"""The verdicts on claims as Markdown and JSON, and their reader for tables and figures."""

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
    """Return the rulings as plain values, one dictionary per claim and experiment."""
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
    """Return the table of claims: verdict, what decided it, what would change it, and the corrected least level."""
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
    """Return the verdicts in the JSON file `path`; a `UserError` names a file that `write` did not write."""
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
    raise UserError(f"{path}: not a list of verdicts; write it with `distancenets claims`")


def _reading(study: Study) -> str:
    return f"""\
- **supported**: all conditions hold. **contradicted**: all fail. **mixed**: some hold, the others fail.
- **refuted**: at least one condition fails and others are open, so the claim cannot be supported.
- **undetermined**: no condition fails, at least one is open.

Each of the k conditions of a claim has the one-sided level {study.statistics.alpha:g} / k. A truth at the edge of its
region is misjudged at most that often, over all looks. A look is taken at 10, 20, 40, 80 … complete seeds, with 1/4,
1/2, 1/8, 1/16 … of the level. It uses seeds 0 … n − 1; between looks the last verdict is kept. (Changed after data were
seen: before, every number of seeds was judged at the full level.)

Differences are means over paired seeds, in percentage points of test accuracy, with intervals in brackets. "Would be"
is the verdict beyond the nearest turning point of one threshold, on each side. "Least level, Holm" is the smallest
level with the same verdict, corrected for all claims of the experiment. Below {study.statistics.alpha:g}, the verdict
remains after this correction."""


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
