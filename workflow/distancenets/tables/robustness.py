"""Does it hold elsewhere? Claims × experiments, one verdict per cell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from distancenets.claims.serialization import read
from distancenets.claims.sides import sides
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.study import Study
from distancenets.errors import UserError

CAPTION = "Does it hold elsewhere? The verdict on each claim in each experiment of the study"
ACROSS = "across experiments"
OPEN, DEPENDS, UNTOLD = "open", "depends on the protocol", "verdicts differ, no contrast does"


def verdicts(claims: Path, study: Study, results: Path) -> list[dict[str, Any]]:
    """The verdicts in `claims`, after the reported verdicts of the study beside `study`, if it names one.

    These have that study's name as their experiment. `results` is the folder with the folders of all studies.

    Raises
    ------
    UserError
        `claims` belongs to the study beside, or `distancenets claims` did not write a file.
    """
    *others, _ = sides(study, results / study.study)
    for other in others:
        if (other.root / "claims.json").resolve() == claims.resolve():
            raise UserError(f"{claims}: belongs to study '{other.study.study}'; set --study {study.report.beside}")
    beside = [entry | {"experiment": other.study.study} for other in others for entry in other.rulings]
    return beside + read(claims)


def robustness_table(rulings: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One row per claim and one column per experiment, in the order of `rulings`.

    Parameters
    ----------
    rulings
        Dictionaries with claim, name, experiment and verdict, as in `claims.json`.

    Returns
    -------
    pandas.DataFrame
        claim (number), name, then the verdicts.
    """
    rows: dict[int, dict[str, Any]] = {}
    for entry in rulings:
        row = rows.setdefault(entry["claim"], {"claim": entry["claim"], "name": entry["name"]})
        row[entry["experiment"]] = entry["verdict"]
    return pd.DataFrame(rows.values())


def with_reading(table: pd.DataFrame, contrasts: pd.DataFrame | None = None) -> pd.DataFrame:
    """The `robustness_table`; for several experiments, with the conclusion on each claim as the last column.

    A claim with one verdict in all judged experiments is about representations, within these experiments. A claim with
    several verdicts depends on the protocol if one of its `contrasts` differs. With fewer than two judged experiments,
    it is open.
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
    """The conclusion from the verdicts on one claim, one per experiment.

    `differs` is whether one of its contrasts between two experiments differs from zero. Without such a contrast, two
    different verdicts may be one result on both sides of a threshold.
    """
    judged = [verdict for verdict in verdicts if verdict != Verdict.UNDETERMINED]
    if len(judged) < 2:
        return OPEN
    if len(set(judged)) > 1:
        return DEPENDS if differs else UNTOLD
    where = "all" if len(judged) == len(verdicts) else f"all {len(judged)} judged of"
    return f"{judged[0]} in {where} {len(verdicts)}"
