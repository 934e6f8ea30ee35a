"""The difference of two means, its standard error and degrees of freedom: the basis of every t-test."""

import math
from typing import NamedTuple

from scipy import stats

from distancenets.statistics.moments import FloatArray, Moments, moments

# The coverage of intervals in tables and figures that `statistics.confidence` does not set.
CONFIDENCE = 0.95


class Difference(NamedTuple):
    """An estimate in percentage points; divided by its standard error, it follows Student's t."""

    value: float
    standard_error: float
    df: float


class TestResult(NamedTuple):
    """A statistic, its degrees of freedom and its p-value."""

    statistic: float
    df: float
    p: float


def welch(a: Moments, b: Moments) -> Difference:
    """Return mean a − mean b with one variance per sample and Satterthwaite's degrees of freedom (Welch 1947).

    If both variances are zero, these degrees of freedom are 0/0, and n_a + n_b − 2, as for equal variances, replaces
    them. If a sample has fewer than two values, standard error and degrees of freedom are NaN.
    """
    of_a, of_b = a.sd**2 / a.n if a.n else math.nan, b.sd**2 / b.n if b.n else math.nan
    total = of_a + of_b
    if total == 0:
        return Difference(a.mean - b.mean, 0.0, a.n + b.n - 2)
    if math.isnan(total):
        return Difference(a.mean - b.mean, math.nan, math.nan)
    weight = of_a / total
    df = 1 / (weight**2 / (a.n - 1) + (1 - weight) ** 2 / (b.n - 1))
    return Difference(a.mean - b.mean, math.sqrt(total), df)


def student(a: Moments, b: Moments) -> Difference:
    """Return mean a − mean b with a pooled variance and n_a + n_b − 2 degrees of freedom, as in the paper."""
    sd = pooled_sd(a, b)
    if math.isnan(sd):
        return Difference(a.mean - b.mean, math.nan, math.nan)
    return Difference(a.mean - b.mean, sd * math.sqrt(1 / a.n + 1 / b.n), a.n + b.n - 2)


def paired(differences: FloatArray) -> Difference:
    """Return the mean of `differences`, shape (n,), with n − 1 degrees of freedom; NaN for n < 2."""
    of_pairs = moments(differences)
    if of_pairs.n < 2:
        return Difference(of_pairs.mean, math.nan, math.nan)
    return Difference(of_pairs.mean, of_pairs.sd / math.sqrt(of_pairs.n), of_pairs.n - 1)


def pooled_sd(a: Moments, b: Moments) -> float:
    """Return the root of the sample variances averaged by degrees of freedom; NaN if either has none."""
    if a.n < 2 or b.n < 2:
        return math.nan
    return math.sqrt(((a.n - 1) * a.sd**2 + (b.n - 1) * b.sd**2) / (a.n + b.n - 2))


def t_test(difference: Difference) -> TestResult:
    """Return the two-sided test of no difference; without spread, t is ±∞ and p 0, or NaN for equal means."""
    t = ratio(difference.value, difference.standard_error)
    return TestResult(t, difference.df, float(2 * stats.t.sf(abs(t), difference.df)))


def interval(difference: Difference, confidence: float) -> tuple[float, float]:
    """Return the ends (percentage points) of the interval that covers the truth with `confidence`."""
    half = float(stats.t.ppf((1 + confidence) / 2, difference.df)) * difference.standard_error
    return difference.value - half, difference.value + half


def mean_interval(values: FloatArray) -> tuple[float, float]:
    """Return the ends of the t interval of the mean of `values`, shape (n,), at `CONFIDENCE`."""
    return interval(paired(values), CONFIDENCE)


def ratio(numerator: float, denominator: float) -> float:
    """Return the quotient by IEEE 754, without a warning: x/0 is ±∞ and 0/0 is NaN."""
    if denominator != 0:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if numerator and not math.isnan(numerator) else math.nan
