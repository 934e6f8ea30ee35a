"""Does it hold elsewhere? Claims × experiments, a verdict a cell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas

from distancenets.claims.serialization import read
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.study import Study, load_study
from distancenets.errors import UserError

CAPTION = "Does it hold elsewhere? The verdict on each claim in each experiment of the study"
ACROSS = "across experiments"
OPEN, DEPENDS, UNTOLD = "open", "depends on the protocol", "verdicts differ, no contrast does"


def verdicts(claims: Path, study: Study, results: Path) -> list[dict[str, Any]]:
    """The verdicts in `claims`, after those of the study beside `study` if it names one, under that study's name.

    `results` is the folder with the folders of all studies.

    Raises
    ------
    UserError
        `claims` are those of the study beside, or a file is none of ours.
    """
    own = read(claims)
    if study.report.beside is None:
        return own
    beside = load_study(study.report.beside)
    file = results / beside.study / "claims.json"
    if file.resolve() == claims.resolve():
        raise UserError(f"{claims}: of study '{beside.study}'; name its file with --study: {study.report.beside}")
    reported = [entry for entry in read(file) if entry["experiment"] == beside.reported_experiment]
    return [entry | {"experiment": beside.study} for entry in reported] + own


def robustness_table(rulings: Sequence[dict[str, Any]]) -> pandas.DataFrame:
    """One row per claim and one column per experiment, in the order of `rulings`.

    Parameters
    ----------
    rulings
        Dictionaries with claim, name, experiment and verdict, as `claims.json` holds them.

    Returns
    -------
    pandas.DataFrame
        claim (number), name, then the verdicts.
    """
    rows: dict[int, dict[str, Any]] = {}
    for entry in rulings:
        row = rows.setdefault(entry["claim"], {"claim": entry["claim"], "name": entry["name"]})
        row[entry["experiment"]] = entry["verdict"]
    return pandas.DataFrame(rows.values())


def with_reading(table: pandas.DataFrame, contrasts: pandas.DataFrame | None = None) -> pandas.DataFrame:
    """The `robustness_table` of several experiments with what its rows say in words as the last column.

    A claim with one verdict wherever it could be judged is about representations, as far as the experiments reach;
    one with several depends on the protocol if one of its `contrasts` differs. Fewer than two judged experiments
    say neither.
    """
    verdicts = table.drop(columns=["claim", "name"])
    if verdicts.shape[1] == 1:
        return table
    differing = set() if contrasts is None else set(contrasts.loc[contrasts["result"] == "differs", "claim"])
    readings = [
        reading(list(row), claim in differing)
        for claim, row in zip(table["claim"], verdicts.itertuples(index=False), strict=True)
    ]
    return table.assign(**{ACROSS: readings})


def reading(verdicts: Sequence[str], differs: bool) -> str:
    """What the verdicts of one claim, one per experiment, amount to.

    `differs` is whether a contrast of its differences between two experiments is told from zero: two verdicts that
    differ may be one result on both sides of a threshold.
    """
    judged = [verdict for verdict in verdicts if verdict != Verdict.UNDETERMINED]
    if len(judged) < 2:
        return OPEN
    if len(set(judged)) > 1:
        return DEPENDS if differs else UNTOLD
    where = "all" if len(judged) == len(verdicts) else f"all {len(judged)} judged of"
    return f"{judged[0]} in {where} {len(verdicts)}"
