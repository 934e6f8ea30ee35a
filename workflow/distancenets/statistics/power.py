"""What a study of this size could have seen at all."""

import math
from functools import cache

from statsmodels.stats.power import TTestIndPower, TTestPower


@cache
def minimum_detectable_d(n_a: int, n_b: int, alpha: float, power: float) -> float:
    """Return the smallest true d that Student's two-sided t-test finds with `power`; NaN for n < 2."""
    if min(n_a, n_b) < 2:
        return math.nan
    return float(TTestIndPower().solve_power(nobs1=n_a, ratio=n_b / n_a, alpha=alpha, power=power))


@cache
def minimum_detectable_d_z(n_pairs: int, alpha: float, power: float) -> float:
    """Return the smallest true d_z that the two-sided paired t-test finds with `power`; NaN for n < 2."""
    if n_pairs < 2:
        return math.nan
    return float(TTestPower().solve_power(nobs=n_pairs, alpha=alpha, power=power))
