"""The rulings as Markdown and JSON, and read back for tables and figures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distancenets.claims.conditions import Outcome
from distancenets.claims.judgement import Ruling
from distancenets.configuration.study import Study
from distancenets.derived import deriving, read_content
from distancenets.errors import UserError
from distancenets.files import write_text
from distancenets.markdown import markdown_table

MARKS = {Outcome.HOLDS: "holds", Outcome.FAILS: "**fails**", Outcome.OPEN: "open"}


def records(rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
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
            "numbers": [number._asdict() for number in ruling.numbers],
            "evidence": list(ruling.evidence),
            "conditions": [{"outcome": str(part.outcome), "text": part.text} for part in ruling.parts],
        }
        for ruling in rulings
    ]


def as_json(rulings: Sequence[Ruling]) -> str:
    """Return the rulings as JSON text."""
    return json.dumps(records(rulings), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(rulings: Sequence[Ruling], study: Study) -> str:
    """Return a page with every experiment's verdicts, then each claim's rule and conditions."""
    parts = ["# The paper's claims", _reading(study)]
    for experiment in study.experiments:
        here = [ruling for ruling in rulings if ruling.experiment == experiment]
        parts += [f"## {experiment}", verdict_table(records(here))]
    parts += ["## Rules and conditions", *(_details(ruling) for ruling in rulings)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def verdict_table(rulings: Sequence[dict[str, Any]]) -> str:
    """Return the table claim, verdict, what decided it."""
    return markdown_table(
        ["", "claim", "place", "verdict", "what decided it"],
        [
            (entry["claim"], entry["statement"], entry["place"], f"**{entry['verdict']}**", entry["why"])
            for entry in rulings
        ],
        right=[True],
    )


def verdicts(rulings: Sequence[Ruling]) -> dict[str, dict[str, str]]:
    """Return experiment → claim → verdict, in the plain form that `dvc metrics` compares."""
    found: dict[str, dict[str, str]] = {}
    for ruling in rulings:
        found.setdefault(ruling.experiment, {})[f"{ruling.claim.id:02d} {ruling.claim.name}"] = str(ruling.verdict)
    return found


def write(rulings: Sequence[Ruling], study: Study, folder: Path) -> None:
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
    keys = {"claim", "name", "experiment", "verdict", "why", "seeds"}
    if (
        isinstance(entries, list)
        and entries
        and all(isinstance(entry, dict) and keys <= set(entry) for entry in entries)
    ):
        return entries
    raise UserError(f"{path}: not a list of verdicts as `distancenets claims` writes it")


def _reading(study: Study) -> str:
    return (
        "A claim is supported where all its conditions hold, contradicted where all fail, mixed where both occur, and "
        "undetermined otherwise. Each of the k conditions of a claim is judged at the one-sided level "
        f"{study.statistics.alpha:g} / k: one at the edge of what is asked is misjudged no more often than that. "
        "Differences are means over seeds of paired runs, in percentage points of test accuracy; intervals stand in "
        "brackets."
    )


def _details(ruling: Ruling) -> str:
    title = f"### {ruling.claim.id}. {ruling.claim.name}, {ruling.experiment}: {ruling.verdict}"
    lines = [f"- {MARKS[part.outcome]}: {part.text}" for part in ruling.parts] or [f"- {ruling.why}"]
    return "\n".join([title, "", f"Supported if: {ruling.rule}", "", *lines])
