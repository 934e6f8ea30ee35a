"""The results in the README, written by a command so that they match the committed study."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from distancenets.audit.serialization import read_summary
from distancenets.claims.serialization import read as read_claims
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.study import Study
from distancenets.derived import read_derived
from distancenets.errors import UserError
from distancenets.files import read_text
from distancenets.markdown import markdown_table
from distancenets.report.coverage import extents
from distancenets.report.headline import counted, sentence
from distancenets.words import seeds_text

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
SETS = {"table2": "Table 2", "discussion": "the discussion's text"}


def with_results(readme: Path, study: Study, root: Path, further: Sequence[Study] = ()) -> str:
    """The text of `readme` with the results of `study` in `root` between its two marks.

    Verdicts of the `further` studies, whose folders are beside `root`, are added if available.

    Raises
    ------
    UserError
        The marks, or the study's claims, protocols or audit, are missing.
    """
    text = read_text(readme)
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise UserError(f"{readme}: expected the marks {BEGIN} and {END}, once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{_results(study, root, further)}\n{END}{rest.split(END)[1]}"


def _results(study: Study, root: Path, further: Sequence[Study]) -> str:
    experiment, rulings = study.experiments[study.reported_experiment], read_claims(root / "claims.json")
    reported = [entry for entry in rulings if entry["experiment"] == study.reported_experiment]
    folders = [(other, root.parent / other.study) for other in further]
    judged = [
        (other, folder, read_claims(folder / "claims.json"))
        for other, folder in folders
        if (folder / "claims.json").exists()
    ]
    bullets = [
        _nearness(root, study.reported_experiment),
        f"**The claims.** {sentence(reported)}",
        *(_elsewhere(*entry) for entry in judged),
        f"**The printed numbers.** {read_summary(root / 'audit.json')[0]}",
    ]
    extent = extents(root).get(study.reported_experiment, "no run")
    parts = [
        "\n".join(f"- {bullet}" for bullet in bullets),
        f"![Table 2, the discussion's text and this study]({root / 'figures' / 'six_models.png'})",
        f"Measured: {extent} on {experiment.pixels} pixels. Claims by verdict:",
        _verdicts(
            [*rulings, *chain(*(found for *_, found in judged))],
            [*study.experiments, *chain(*(other.experiments for other, *_ in judged))],
        ).strip(),
        "[Findings](docs/findings.md) contains every table and verdict. "
        f"[summary.md]({root / 'summary.md'}) contains the figures.",
    ]
    return "\n\n".join(parts)


def _elsewhere(study: Study, root: Path, rulings: Sequence[Mapping[str, Any]]) -> str:
    """The verdicts on the reported experiment of another study, with a link to its summary."""
    name = study.reported_experiment
    found = [entry for entry in rulings if entry["experiment"] == name]
    return (
        f"**Under {name} training** ({study.experiments[name].training_in_words}, {study.experiments[name].epochs} "
        f"passes, {seeds_text(entry['seeds'] for entry in found)}): {counted(found)}. "
        f"[Study {study.study}]({root / 'summary.md'}) changes one setting of this protocol at a time."
    )


def _nearness(root: Path, experiment: str) -> str:
    """How far the reported protocol is from both published sets for these models."""
    table = read_derived(root / "tables" / "protocols.csv", ("experiment", "epochs", "bias", "column", "mean_distance"))
    chosen = table[(table["experiment"] == experiment) & ~table["bias"].astype(bool) & table["column"].isin(SETS)]
    known = chosen.dropna(subset="mean_distance").sort_values("epochs").drop_duplicates("column")
    if known.empty:
        return "**The accuracies.** Not measured yet."
    distances = [f"{row['mean_distance']:.1f}" for row in _records(known)]
    told = [f"{distance} from {SETS[column]}" for distance, column in zip(distances, known["column"], strict=True)]
    told[0] = told[0].replace(" from", " standard errors from")
    epochs = " and ".join(f"{epochs:,}" for epochs in sorted(set(known["epochs"])))
    return (
        f"**The accuracies.** After {epochs} epochs, the measured means of the six models are {' and '.join(told)}. "
        "Chance gives about 1."
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _verdicts(rulings: Sequence[Mapping[str, Any]], experiments: Sequence[str]) -> str:
    """One row per protocol: the numbers of the claims with each verdict."""
    cells = [
        [experiment, *(_numbers(rulings, experiment, verdict) for verdict in Verdict)]
        for experiment in experiments
        if any(entry["experiment"] == experiment for entry in rulings)
    ]
    return markdown_table(["protocol", *map(str, Verdict)], cells, [])


def _numbers(rulings: Sequence[Mapping[str, Any]], experiment: str, verdict: Verdict) -> str:
    found = [
        str(entry["claim"])
        for entry in rulings
        if entry["experiment"] == experiment and entry["verdict"] == str(verdict)
    ]
    return ", ".join(found) if len(found) < len({entry["claim"] for entry in rulings}) else "all"
