"""Numbers with an interval: what a decision rule holds against the region that its claim names.

Every `level` is one-sided: each end of an interval lies beyond the truth with that probability, so the interval covers
with 1 − 2 · `level`, and a truth at the edge of a region is called inside it (or outside it) that often at most.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from distancenets.statistics.differences import Difference, interval, paired, student
from distancenets.statistics.moments import moments, standard_deviation
from distancenets.statistics.permutation import paired_differences


class Estimate(NamedTuple):
    """A value, the ends of its interval, and what planning needs; NaN where undefined.

    `scale` is the standard error × √n on the `axis` on which the interval is symmetrical.
    """

    value: float
    low: float
    high: float
    scale: float
    axis: Callable[[float], float] = float


def difference(a: "pd.Series[float]", b: "pd.Series[float]", level: float) -> Estimate:
    """Return mean(a − b) over the seeds that both have, percentage points, with its paired t interval."""
    seeds = a.index.intersection(b.index)
    pairs = paired_differences(a.loc[seeds].to_numpy(np.float64), b.loc[seeds].to_numpy(np.float64))
    return _of_difference(paired(pairs), level, pairs.size)


def centre(values: "pd.Series[float]", level: float) -> Estimate:
    """Return the mean of `values` with its t interval."""
    return _of_difference(paired(values.to_numpy(np.float64)), level, values.size)


def excess_spread(a: "pd.Series[float]", b: "pd.Series[float]", factor: float, level: float) -> Estimate:
    """Return by how much the spread of `a` exceeds `factor` times that of `b`, percentage points.

    The spread is the mean distance from the median. The interval is Student's for two such means, so that it leaves
    out 0 exactly when Brown and Forsythe's test (1974) of `a` against `factor` · `b` has p < 2 · `level`.
    """
    wide, narrow = a.to_numpy(np.float64), factor * b.to_numpy(np.float64)
    found = student(*(moments(np.abs(values - np.median(values))) for values in (wide, narrow)))
    return _of_difference(found, level, min(a.size, b.size))


def spread(values: "pd.Series[float]", level: float) -> Estimate:
    """Return the sample SD of `values` with its χ² interval, which takes the runs to be normal."""
    n = values.size
    sd = standard_deviation(values.to_numpy(np.float64), ddof=1)
    low, high = sd * np.sqrt((n - 1) / stats.chi2.ppf([1 - level, level], n - 1)) if n > 1 else (math.nan, math.nan)
    return Estimate(sd, float(low), float(high), sd / math.sqrt(2))


def correlation(a: "pd.Series[float]", b: "pd.Series[float]", level: float) -> Estimate:
    """Return Spearman's rank correlation over common seeds, Fisher's z interval (Bonett and Wright 2000).

    NaN for fewer than four seeds, or where one of the two is the same for all.
    """
    seeds = a.index.intersection(b.index)
    first, second = a.loc[seeds].to_numpy(np.float64), b.loc[seeds].to_numpy(np.float64)
    if seeds.size < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    rho = float(stats.spearmanr(first, second).statistic)
    error = math.sqrt((1 + rho**2 / 2) / (seeds.size - 3))
    half = float(stats.norm.ppf(1 - level)) * error
    low, high = math.tanh(fisher_z(rho) - half), math.tanh(fisher_z(rho) + half)
    return Estimate(rho, low, high, error * math.sqrt(seeds.size), fisher_z)


def fisher_z(correlation: float) -> float:
    """Return Fisher's z = artanh ρ, finite for a perfect correlation, too."""
    return math.atanh(min(max(correlation, -1 + 1e-9), 1 - 1e-9))


def runs_needed(gap: float, scale: float, level: float, power: float) -> int | None:
    """Return the number of runs at which an estimate `gap` away from an edge is told from it with `power`.

    Normal approximation at the spread seen so far; None where the gap is 0 or anything is undefined.
    """
    if not (math.isfinite(scale) and math.isfinite(gap) and gap != 0):
        return None
    quantiles = float(stats.norm.ppf(1 - level) + stats.norm.ppf(power))
    return math.ceil((quantiles * scale / gap) ** 2)


def _of_difference(found: Difference, level: float, n: int) -> Estimate:
    low, high = interval(found, 1 - 2 * level)
    return Estimate(found.value, low, high, found.standard_error * math.sqrt(n))
