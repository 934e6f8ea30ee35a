"""Contrasts for readers: how a difference of models changes with the protocol."""

import pandas as pd

CAPTION = (
    "Contrasts: change of the differences that claims are about, from the first protocol to every other one, "
    "within seeds, in percentage points"
)


def contrasts_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `claims.contrasts` in words: numbers with two decimals, and the interval in one cell."""
    points = {name: table[name].map("{:+.2f}".format) for name in ("under_reference", "under_protocol", "change")}
    interval = [
        "" if pd.isna(lower) else f"{lower:+.2f} to {upper:+.2f}"
        for lower, upper in zip(table["lower"], table["upper"], strict=True)
    ]
    shown = table.assign(**points, interval=interval)
    shown = shown[["claim", "difference", "protocol", "seeds", *points, "interval", "result"]]
    return shown.rename(columns={"under_reference": "under the first", "under_protocol": "under this one"})
