"""Tests of equivalence and of equal spread, Holm's correction of a family, and the power of t-tests."""

import math
from functools import cache

import numpy as np
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from distancenets.statistics.moments import FloatArray
from distancenets.statistics.t_tests import Difference, TestResult, ratio


def equivalence(difference: Difference, margin: float) -> TestResult:
    """Return the weaker of the two one-sided tests of |true difference| ≥ `margin` (Schuirmann 1987).

    A difference that is not significant does not show equality. A p-value below alpha shows that the difference is
    within ± `margin` percentage points. This is so exactly if the interval of confidence 1 − 2 alpha is within it. In
    statsmodels, the test is `ttost_ind(usevar="unequal")` for a Welch `difference`, `usevar="pooled"` for Student's,
    and `ttost_paired` for a paired one. Without spread, p is 0 within the margin, 1 beyond it and NaN on it.
    """
    above = ratio(difference.value + margin, difference.standard_error)
    below = ratio(difference.value - margin, difference.standard_error)
    p_above = float(stats.t.sf(above, difference.df))
    p_below = float(stats.t.cdf(below, difference.df))
    if p_above > p_below:
        return TestResult(above, difference.df, p_above)
    return TestResult(below, difference.df, max(p_above, p_below))


def brown_forsythe(a: FloatArray, b: FloatArray) -> TestResult:
    """Return Levene's test of equal spread around medians, F on 1 and `df` degrees of freedom (1974).

    Two values are always equally far from their median, so a sample with fewer than three values gives NaN. Two
    samples without spread also give NaN.
    """
    if a.size < 3 or b.size < 3:
        return TestResult(math.nan, math.nan, math.nan)
    with np.errstate(all="ignore"):
        test = stats.levene(a, b, center="median")
    return TestResult(float(test.statistic), a.size + b.size - 2, float(test.pvalue))


def holm(p: FloatArray) -> FloatArray:
    """Return Holm's step-down adjusted p-values (Holm 1979) of the family `p`, shape (tests,).

    A test without a p-value (NaN) stays NaN and still counts as a member, because the family was chosen before the
    data.
    """
    order = np.argsort(p)  # NaN last
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    return adjusted


@cache
def minimum_detectable_d(n_a: int, n_b: int, alpha: float, power: float) -> float:
    """Return the smallest true d that Student's two-sided t-test detects with `power`; NaN for n < 2."""
    if min(n_a, n_b) < 2:
        return math.nan
    return float(TTestIndPower().solve_power(nobs1=n_a, ratio=n_b / n_a, alpha=alpha, power=power))


@cache
def minimum_detectable_d_z(n_pairs: int, alpha: float, power: float) -> float:
    """Return the smallest true d_z that the two-sided paired t-test detects with `power`; NaN for n < 2."""
    if n_pairs < 2:
        return math.nan
    return float(TTestPower().solve_power(nobs=n_pairs, alpha=alpha, power=power))
