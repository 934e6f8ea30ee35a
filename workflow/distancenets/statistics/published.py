"""Differences of the published means, with intervals from the published SDs."""

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

    Epochs are compared by their ratio. If several tables print a model for one milestone, the nearest is used, then the
    first.

    Parameters
    ----------
    runs
        One row per run and milestone of one experiment: architecture, representation, epoch.
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
        One row per pair: label, difference, low, high (percentage points). The interval is Welch's, from printed means
        and SDs, because the paper prints no single runs. It ignores their rounding, which the audit checks.
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
