"""Distances of measured means and SDs from printed ones, in standard errors of the distance."""

import math

import numpy as np
from scipy import special

from distancenets.statistics.moments import FloatArray, Moments
from distancenets.statistics.t_tests import ratio, student


def mean_distance(a: Moments, b: Moments) -> float:
    """Return (mean a − mean b) / Student's standard error, with a pooled SD; NaN if b has fewer than two values.

    The question is whether both come from one population, and two or three values of a hardly show its spread. A single
    value of a uses the SD of b: the error is SD b · √(1 + 1/n_b), as for a prediction.
    """
    if a.n == 1:
        return ratio(a.mean - b.mean, b.sd * math.sqrt(1 + 1 / b.n))
    found = student(a, b)
    return ratio(found.value, found.standard_error)


def spread_distance(a: Moments, b: Moments) -> float:
    """Return ln(SD a / SD b) minus its mean under equal true SDs, in its SDs by chance; NaN without spread.

    For n normal values, ln(sample SD / true SD) has the mean (ψ(k) − ln k) / 2 and the variance ψ′(k) / 4, with
    k = (n − 1) / 2. This is exact for any n, so two or three runs do not seem too far apart.
    """
    if not (a.n > 1 and b.n > 1 and a.sd > 0 and b.sd > 0):
        return math.nan
    expected = _log_sd_mean(a.n) - _log_sd_mean(b.n)
    variance = (special.polygamma(1, (a.n - 1) / 2) + special.polygamma(1, (b.n - 1) / 2)) / 4
    return (math.log(a.sd / b.sd) - expected) / math.sqrt(float(variance))


def _log_sd_mean(n: int) -> float:
    return float(special.digamma((n - 1) / 2) - math.log((n - 1) / 2)) / 2


def root_mean_square(distances: FloatArray) -> float:
    """Return √(mean of squares) of `distances`, shape (n,); about 1 if they differ only by chance."""
    return float(np.sqrt(np.mean(np.square(distances)))) if distances.size else math.nan
