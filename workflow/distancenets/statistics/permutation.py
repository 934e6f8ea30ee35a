"""The sign-flip test of paired differences: under its null hypothesis, the runs of a pair are exchangeable."""

import math

import numpy as np
from scipy import stats

from distancenets.statistics.moments import FloatArray

EXACT_UP_TO = 30
DECIMALS = 9


def paired_differences(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a − b rounded to 1e−9, so that differences equal as decimal fractions are equal."""
    return np.round(a - b, DECIMALS) + 0.0


def sign_flip_p(differences: FloatArray, resamples: int, seed: int = 0) -> float:
    """Return the share of all sign patterns whose |sum| reaches the observed one (Fisher 1935), two-sided.

    Parameters
    ----------
    differences
        Shape (n,), from `paired_differences`. For up to 30 differences, all 2ⁿ patterns are counted; for none, the
        result is NaN.
    resamples
        Random patterns for more than 30 differences; the p-value is then at least 1 / (resamples + 1).
    seed
        Of the random patterns.
    """
    if differences.size == 0:
        return math.nan
    if differences.size > EXACT_UP_TO:
        test = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            vectorized=True,
            n_resamples=resamples,
            rng=np.random.default_rng(seed),
        )
        return float(test.pvalue)
    reached = abs(differences.sum()) - 0.5 * 10.0**-DECIMALS
    if reached <= 0:
        return 1.0
    half = differences.size // 2
    left, right = np.sort(_signed_sums(differences[:half])), _signed_sums(differences[half:])
    at_least = left.size - np.searchsorted(left, reached - right, side="left")
    at_most = np.searchsorted(left, -reached - right, side="right")
    return float((at_least.sum() + at_most.sum()) / 2.0**differences.size)


def _signed_sums(values: FloatArray) -> FloatArray:
    """Return the 2ⁿ sums of `values` under every pattern of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums
