"""Does it hold elsewhere? Claims × experiments, a verdict a cell."""

from collections.abc import Sequence
from typing import Any

import pandas

from distancenets.claims.verdicts import Verdict

CAPTION = "Does it hold elsewhere? The verdict on each claim in each experiment of the study"
ACROSS = "across experiments"


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


def with_reading(table: pandas.DataFrame) -> pandas.DataFrame:
    """The `robustness_table` of several experiments with what its rows say in words as the last column.

    A claim with one verdict wherever it could be judged is about representations, as far as the experiments reach;
    one with several is about one set of hyper-parameters. Fewer than two judged experiments say neither.
    """
    verdicts = table.drop(columns=["claim", "name"])
    if verdicts.shape[1] == 1:
        return table
    return table.assign(**{ACROSS: [reading(list(row)) for row in verdicts.itertuples(index=False)]})


def reading(verdicts: Sequence[str]) -> str:
    """What the verdicts of one claim, one per experiment, amount to."""
    judged = [verdict for verdict in verdicts if verdict != Verdict.UNDETERMINED]
    if len(judged) < 2:
        return "open"
    if len(set(judged)) > 1:
        return "depends on the hyper-parameters"
    where = "all" if len(judged) == len(verdicts) else f"all {len(judged)} judged of"
    return f"{judged[0]} in {where} {len(verdicts)}"
