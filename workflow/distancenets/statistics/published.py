"""The differences that the published means and SDs stand for, with the intervals that they allow."""

import math
from collections.abc import Iterable

import pandas as pd

from distancenets.configuration.published import PublishedRow, PublishedTable
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.models.registry import find_model
from distancenets.statistics.moments import Moments, published_moments
from distancenets.statistics.t_tests import interval, welch

# Architecture, representation, epochs.
Place = tuple[str, str, int]


def printed_moments(row: PublishedRow, table: PublishedTable) -> Moments:
    """Return the mean, sample SD and number of runs of a printed row of `table`."""
    mean, sd = float(row.mean), float(row.sd)
    return published_moments(mean, sd, table.runs) if table.deviation == "population" else Moments(mean, sd, table.runs)


def printed_accuracies(tables: Iterable[PublishedTable], runs: pd.DataFrame) -> dict[Place, tuple[float, float]]:
    """Return printed means and SDs (percent), each at the milestone of its model that is nearest to its epochs.

    Near is meant as a ratio. Where several tables print a model for one milestone, the nearest counts, then the first.

    Parameters
    ----------
    runs
        A row a run and milestone of one experiment: architecture, representation, epoch.
    """
    milestones = dict(list(runs.groupby(["architecture", "representation"])["epoch"]))
    found: dict[Place, tuple[float, tuple[float, float]]] = {}
    for table in tables:
        for row in table.rows:
            reached = set(milestones.get((row.architecture, row.representation), ()))
            if not reached:
                continue
            off, epoch = min((abs(math.log(table.epochs / epoch)), int(epoch)) for epoch in reached)
            place = (row.architecture, row.representation, epoch)
            if off < found.get(place, (math.inf,))[0]:
                found[place] = off, (float(row.mean), float(row.sd))
    return {place: printed for place, (_, printed) in found.items()}


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
