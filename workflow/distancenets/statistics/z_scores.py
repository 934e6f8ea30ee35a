"""How far measured means and SDs lie from printed ones, in standard errors of the distance."""

import math

import numpy as np
from scipy import special

from distancenets.statistics.moments import FloatArray, Moments
from distancenets.statistics.t_tests import ratio, student


def mean_distance(a: Moments, b: Moments) -> float:
    """Return (mean a − mean b) over Student's standard error, spreads pooled; NaN where b has fewer than two values.

    The question is whether one population gave both, and the spread of two or three values a says little of it. A
    single one has none and takes that of b: the error is SD b · √(1 + 1/n_b), as of a prediction.
    """
    if a.n == 1:
        return ratio(a.mean - b.mean, b.sd * math.sqrt(1 + 1 / b.n))
    found = student(a, b)
    return ratio(found.value, found.standard_error)


def spread_distance(a: Moments, b: Moments) -> float:
    """Return how far ln(SD a / SD b) lies from what chance makes of it, in SDs of chance; NaN without spread.

    Of n normal values, the logarithm of the sample SD over the true one has the mean (ψ(k) − ln k) / 2 and the variance
    ψ′(k) / 4, k = (n − 1) / 2: exact for any n, so that two or three runs are not taken for far apart.
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
