"""Estimates with intervals, which decision rules compare with the regions of claims.

Every `level` is one-sided: each end of an interval misses the truth with that probability, so the coverage is
1 − 2 · `level`. A truth at the edge of a region is called inside, or outside, at most that often.

Samples are arrays with one value per seed, shape (n,), with the same seeds in the same order. Equal values do not show
their spread, so no interval has a width of zero. `least_sd` is the smallest SD that the values can have, such as one
test image. If it is 0 and all values are equal, the ends are NaN.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from distancenets.statistics.looks import FIRST
from distancenets.statistics.moments import FloatArray, mean, standard_deviation
from distancenets.statistics.permutation import paired_differences


class Estimate(NamedTuple):
    """A value, the ends of its interval, and scale and axis for planning; NaN if undefined.

    `scale` is the standard error × √n on `axis`, the transformation that makes the estimate about normal.
    """

    value: float
    low: float
    high: float
    scale: float
    axis: Callable[[float], float] = float


UNKNOWN = Estimate(math.nan, math.nan, math.nan, math.nan)


def mean_estimate(values: FloatArray, level: float, least_sd: float = 0.0) -> Estimate:
    """Return the mean of `values` with its t interval."""
    sd = max(standard_deviation(values, ddof=1), least_sd)
    if not sd > 0:
        return UNKNOWN._replace(value=mean(values))
    half = t_quantile(level, values.size - 1) * sd / math.sqrt(values.size)
    return Estimate(mean(values), mean(values) - half, mean(values) + half, sd)


def difference(a: FloatArray, b: FloatArray, level: float, least_sd: float = 0.0) -> Estimate:
    """Return mean(a − b) with its paired t interval."""
    return mean_estimate(paired_differences(a, b), level, least_sd)


def contrast(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, level: float, least_sd: float = 0.0
) -> Estimate:
    """Return mean((a − b) − (c − d)) with its t interval over seeds."""
    return difference(paired_differences(a, b), paired_differences(c, d), level, least_sd)


def share(values: FloatArray, level: float) -> Estimate:
    """Return the mean of shares (0 to 1) with Clopper and Pearson's bounds (1934), with runs as trials.

    A run counts as the share of its nodes. The bounds are exact if all nodes of a run agree, and conservative
    otherwise. Nothing is assumed about the dependence between nodes of one run.
    """
    n, found = values.size, mean(values)
    low = float(special.betaincinv(n * found, n - n * found + 1, level)) if found > 0 else 0.0
    high = float(special.betaincinv(n * found + 1, n - n * found, 1 - level)) if found < 1 else 1.0
    scale = standard_deviation(values, ddof=1) / (2 * math.sqrt(found * (1 - found))) if 0 < found < 1 else 0.0
    return Estimate(found, low, high, scale, _arcsine)


def sd_estimate(values: FloatArray, level: float, least_sd: float = 0.0) -> Estimate:
    """Return the sample SD of `values` with its χ² interval, which assumes normal runs."""
    freedom = values.size - 1
    sd = max(standard_deviation(values, ddof=1), least_sd)
    if not sd > 0:
        return UNKNOWN._replace(value=sd)
    low, high = (sd * math.sqrt(freedom / float(special.chdtri(freedom, tail))) for tail in (level, 1 - level))
    return Estimate(sd, low, high, 1 / math.sqrt(2), _logarithm)


def spread_ratio(a: FloatArray, b: FloatArray, level: float, least_sd: float = 0.0) -> Estimate:
    """Return the ratio of mean distances from the median, `a` over `b`.

    The interval is Fieller's (1954). It contains each factor f for which Brown and Forsythe's test (1974) of `a`
    against f · `b` has p ≥ 2 · `level`. An end is 0 or infinite if no factor is excluded on that side.
    """
    of_a, of_b = np.abs(a - np.median(a)), np.abs(b - np.median(b))
    wide, narrow = max(mean(of_a), least_sd), max(mean(of_b), least_sd)
    if a.size < 3 or not wide * narrow > 0:
        return UNKNOWN
    sd_wide, sd_narrow = (max(standard_deviation(values, ddof=1), least_sd) for values in (of_a, of_b))
    c = t_quantile(level, 2 * a.size - 2) ** 2 / a.size
    # The roots f of (wide − f · narrow)² = c (sd_wide² + f² sd_narrow²).
    square, constant = narrow**2 - c * sd_narrow**2, wide**2 - c * sd_wide**2
    root = math.sqrt(max((wide * narrow) ** 2 - square * constant, 0.0))
    low = constant / (wide * narrow + root) if constant > 0 else 0.0
    high = (wide * narrow + root) / square if square > 0 else math.inf
    return Estimate(wide / narrow, low, high, math.hypot(sd_wide / wide, sd_narrow / narrow), _logarithm)


def correlation(a: FloatArray, b: FloatArray, level: float) -> Estimate:
    """Return Spearman's rank correlation with Fisher's z interval (Bonett and Wright 2000).

    Unknown for fewer than 10 seeds, or if `a` or `b` is constant. A perfect order counts as one with two neighbours
    swapped.
    """
    n = a.size
    if n < FIRST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return UNKNOWN
    most = 1 - 12 / (n**3 - n)
    rho = min(max(float(stats.spearmanr(a, b).statistic), -most), most)
    error = math.sqrt((1 + rho**2 / 2) / (n - 3))
    half = float(special.ndtri(1 - level)) * error
    low, high = (math.tanh(math.atanh(rho) + step) for step in (-half, half))
    return Estimate(rho, low, high, error * math.sqrt(n), math.atanh)


def t_quantile(level: float, freedom: int) -> float:
    """Return the value that Student's t with `freedom` degrees exceeds with probability `level`."""
    return float(special.stdtrit(freedom, 1 - level))


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _arcsine(value: float) -> float:
    return math.asin(math.sqrt(min(max(value, 0.0), 1.0)))
