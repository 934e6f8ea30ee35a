"""Mean, standard deviation and count of a sample, measured or published: all that a t-test needs."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]


class Moments(NamedTuple):
    """Mean, **sample** standard deviation (ddof 1; NaN for n < 2) and number of values."""

    mean: float
    sd: float
    n: int


def moments(values: FloatArray) -> Moments:
    """Return the moments of `values`, shape (n,); equal values have a standard deviation of exactly 0."""
    return Moments(mean(values), standard_deviation(values, ddof=1), values.size)


def published_moments(mean: float, population_sd: float, n: int) -> Moments:
    """Return the moments of a sample whose mean and **population** standard deviation are printed."""
    return Moments(mean, population_sd * math.sqrt(n / (n - 1)) if n > 1 else math.nan, n)


def mean(values: FloatArray) -> float:
    """Return the mean of `values`, shape (n,); exactly the value if all are equal, NaN if there are none."""
    if values.size == 0:
        return math.nan
    return float(values[0] if np.ptp(values) == 0 else np.mean(values))


def standard_deviation(values: FloatArray, ddof: int) -> float:
    """Return the standard deviation, divisor n − `ddof` (1: sample, 0: population); NaN if n ≤ `ddof`."""
    if values.size <= ddof:
        return math.nan
    return 0.0 if np.ptp(values) == 0 else float(np.std(values, ddof=ddof))
