"""The differences that the published means and SDs stand for, with the intervals that they allow."""

import pandas as pd

from distancenets.configuration.published import PublishedRow, PublishedTable
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.models.registry import find_model
from distancenets.statistics.differences import interval, welch
from distancenets.statistics.moments import Moments, published_moments


def printed_moments(row: PublishedRow, table: PublishedTable) -> Moments:
    """Return the mean, sample SD and number of runs of a printed row of `table`."""
    mean, sd = float(row.mean), float(row.sd)
    return published_moments(mean, sd, table.runs) if table.deviation == "population" else Moments(mean, sd, table.runs)


def printed_differences(table: PublishedTable, settings: StatisticsSettings) -> pd.DataFrame:
    """Return the differences between printed models that the settings compare and `table` prints.

    Returns
    -------
    pandas.DataFrame
        A row a pair: label, difference, low, high (percentage points); Welch's interval from the printed means and
        SDs, since the paper prints no run by itself. Rounding of what is printed is left to the audit.
    """
    moments = {
        find_model(row.architecture, row.representation).paper_name: printed_moments(row, table) for row in table.rows
    }
    rows = []
    for first, second in settings.comparisons:
        if first in moments and second in moments:
            difference = welch(moments[first], moments[second])
            rows.append((f"{first} vs {second}", difference.value, *interval(difference, settings.confidence)))
    return pd.DataFrame(rows, columns=["label", "difference", "low", "high"])
