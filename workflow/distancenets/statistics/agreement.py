"""How far measured means and SDs lie from printed ones, in standard errors of the distance."""

import math

import numpy as np

from distancenets.statistics.differences import ratio, student
from distancenets.statistics.moments import FloatArray, Moments


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
    """Return ln(SD a / SD b) over its standard error √(1/(2(n_a − 1)) + 1/(2(n_b − 1))); NaN without spread.

    The logarithm of the sample SD of normal values has variance of about 1 / (2(n − 1)).
    """
    if not (a.n > 1 and b.n > 1 and a.sd > 0 and b.sd > 0):
        return math.nan
    return math.log(a.sd / b.sd) / math.sqrt(1 / (2 * (a.n - 1)) + 1 / (2 * (b.n - 1)))


def root_mean_square(distances: FloatArray) -> float:
    """Return √(mean of squares) of `distances`, shape (n,); about 1 where only chance sets the two apart."""
    return float(np.sqrt(np.mean(np.square(distances)))) if distances.size else math.nan
