"""Effect sizes: a difference in units of SD, or as a probability of superiority."""

import math

import numpy as np
from scipy import optimize, special, stats

from distancenets.statistics.moments import FloatArray, Moments, moments
from distancenets.statistics.t_tests import pooled_sd, ratio


def cohens_d(a: Moments, b: Moments) -> float:
    """Return (mean a − mean b) / pooled sample SD (Cohen 1988); ±∞ or NaN if that SD is 0."""
    return ratio(a.mean - b.mean, pooled_sd(a, b))


def hedges_g(a: Moments, b: Moments) -> float:
    """Return Cohen's d without its bias: times Γ(ν/2) / (√(ν/2) Γ((ν−1)/2)), ν = n_a + n_b − 2 (Hedges 1981)."""
    df = a.n + b.n - 2
    if df < 2:
        return math.nan
    log_gammas = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return cohens_d(a, b) * math.exp(log_gammas) / math.sqrt(df / 2)


def d_z(differences: FloatArray) -> float:
    """Return mean / sample SD of paired `differences`, shape (n_pairs,); ±∞ or NaN if that SD is 0."""
    of_pairs = moments(differences)
    return ratio(of_pairs.mean, of_pairs.sd)


def probability_of_superiority(a: FloatArray, b: FloatArray) -> float:
    """Return P(A > B) + ½ P(A = B) of unpaired runs, Mann–Whitney's U / (n_a n_b); shapes (n_a,), (n_b,)."""
    if a.size == 0 or b.size == 0:
        return math.nan
    return float(np.mean((np.sign(a[:, None] - b[None, :]) + 1) / 2))


def superiority_interval(probability: float, n_a: int, n_b: int, confidence: float) -> tuple[float, float]:
    """Return the score interval of `superiority` (Newcombe 2006, Stat. Med. 25:559–573, method 5).

    The ends are the θ with |θ − estimate| = z √V(θ). V is Hanley and McNeil's variance, with n_a − 1 and n_b − 1
    replaced by their mean. Unlike a bootstrap interval, it has a width if every run of one model beats every run of
    the other. Samples are taken as independent; a positive correlation within seeds makes it too wide, not too narrow.
    """
    if n_a == 0 or n_b == 0:
        return math.nan, math.nan
    z = float(stats.norm.ppf((1 + confidence) / 2))
    others = (n_a + n_b) / 2 - 1

    def excess(theta: float) -> float:
        spread = 1 + others * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (theta - probability) ** 2 - z**2 * theta * (1 - theta) * spread / (n_a * n_b)

    edge = 1e-12
    low = 0.0 if probability <= edge else optimize.brentq(excess, 0.0, min(probability, 1 - edge))
    high = 1.0 if probability >= 1 - edge else optimize.brentq(excess, max(probability, edge), 1.0)
    return float(low), float(high)
