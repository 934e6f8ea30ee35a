"""Whether two models scatter alike over their seeds."""

import math

import numpy as np
from scipy import stats

from distancenets.statistics.moments import FloatArray
from distancenets.statistics.t_tests import TestResult


def brown_forsythe(a: FloatArray, b: FloatArray) -> TestResult:
    """Return Levene's test around medians, F on 1 and `df` degrees of freedom (Brown and Forsythe 1974).

    Two values always lie equally far from their median, so either sample with fewer than three gives NaN, as
    do two without any spread.
    """
    if a.size < 3 or b.size < 3:
        return TestResult(math.nan, math.nan, math.nan)
    with np.errstate(all="ignore"):
        test = stats.levene(a, b, center="median")
    return TestResult(float(test.statistic), a.size + b.size - 2, float(test.pvalue))
