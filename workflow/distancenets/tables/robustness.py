"""Does it hold elsewhere? Claims × experiments, a verdict a cell."""

from collections.abc import Sequence
from typing import Any

import pandas

CAPTION = "Does it hold elsewhere? The verdict on each claim in each experiment of the study"


def robustness_table(rulings: Sequence[dict[str, Any]]) -> pandas.DataFrame:
    """Return one row a claim and one column an experiment, in the order of `rulings`.

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
