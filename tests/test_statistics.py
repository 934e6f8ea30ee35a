"""The statistics of samples against formulas and enumerations written out here, and against simulated truth."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from distancenets.statistics.effect_sizes import (
    cohens_d,
    d_z,
    hedges_g,
    probability_of_superiority,
    superiority_interval,
)
from distancenets.statistics.hypothesis_tests import (
    brown_forsythe,
    equivalence,
    holm,
    minimum_detectable_d,
    minimum_detectable_d_z,
)
from distancenets.statistics.moments import Moments, moments, published_moments
from distancenets.statistics.permutation import paired_differences, sign_flip_p
from distancenets.statistics.summaries import (
    binomial_standard_error,
    bootstrap_interval,
    interquartile_mean,
    summary,
)
from distancenets.statistics.t_tests import Difference, interval, paired, student, t_test, welch
from numerical_samples import QUICK, A, B, within_binomial_bounds

# Summaries


def test_summary_of_eight_runs_by_hand() -> None:
    values = np.array([90.0, 91.0, 92.0, 93.0, 94.0, 95.0, 96.0, 10.0])
    result = summary(values, QUICK)
    mean = 661 / 8
    squares = sum((value - mean) ** 2 for value in values)
    assert result["n"] == 8
    assert result["mean"] == pytest.approx(mean)
    assert result["sample_sd"] == pytest.approx(math.sqrt(squares / 7))
    assert result["population_sd"] == pytest.approx(math.sqrt(squares / 8))
    assert result["median"] == 92.5
    assert result["interquartile_mean"] == pytest.approx((91 + 92 + 93 + 94) / 4)
    ends = bootstrap_interval(values, np.mean, 0.95, 199)
    assert (result["mean_low"], result["mean_high"]) == ends
    ends = bootstrap_interval(values, interquartile_mean, 0.95, 199)
    assert (result["interquartile_mean_low"], result["interquartile_mean_high"]) == ends
    assert result["binomial_standard_error"] == pytest.approx(math.sqrt(mean * (100 - mean) / 10_000))


def test_binomial_standard_error_of_one_run() -> None:
    assert binomial_standard_error(90.0, 10_000) == pytest.approx(0.3)
    assert binomial_standard_error(100.0, 10_000) == 0


@pytest.mark.parametrize("statistic", [np.mean, interquartile_mean])
def test_bca_interval_against_its_definition(statistic: Callable[..., float]) -> None:
    values = np.random.default_rng(3).gamma(2.0, 1.0, 20)
    low, high = bootstrap_interval(values, statistic, 0.95, 9999)

    rng = np.random.default_rng(77)
    samples = np.asarray(statistic(rng.choice(values, (9999, values.size)), axis=-1))
    bias = stats.norm.ppf(np.mean(samples < statistic(values)))
    left_out = np.array([statistic(np.delete(values, i)) for i in range(values.size)])
    deviations = left_out.mean() - left_out
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    z = stats.norm.ppf([0.025, 0.975])
    shares = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
    assert [low, high] == pytest.approx(np.quantile(samples, shares), abs=0.04)


def test_bootstrap_repeats_itself_and_says_nothing_of_too_little() -> None:
    assert bootstrap_interval(A, np.mean, 0.95, 999) == bootstrap_interval(A, np.mean, 0.95, 999)
    for values in ([95.0], [95.0, 96.0], [95.0] * 5):
        assert np.isnan(bootstrap_interval(np.array(values), np.mean, 0.95, 999)).all()


def test_bootstrap_interval_of_the_mean_covers_it() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        low, high = bootstrap_interval(rng.normal(95, 0.2, 20), np.mean, 0.95, 499)
        hits += low <= 95 <= high
    assert 0.89 <= hits / 400 <= 0.98


# Tests of the mean


def test_paired_t_by_hand() -> None:
    differences = A - B
    mean = differences.sum() / 7
    error = math.sqrt(((differences - mean) ** 2).sum() / 6) / math.sqrt(7)
    result = t_test(paired(paired_differences(A, B)))
    assert result.statistic == pytest.approx(mean / error)
    assert result.df == 6
    assert result.p == pytest.approx(stats.ttest_rel(A, B).pvalue)
    assert interval(paired(paired_differences(A, B)), 0.95) == pytest.approx(
        (mean - 2.446911851 * error, mean + 2.446911851 * error)
    )


@pytest.mark.parametrize(("difference", "equal_var"), [(welch, False), (student, True)])
def test_unpaired_t_against_scipy(difference: Callable[[Moments, Moments], Difference], equal_var: bool) -> None:
    expected = stats.ttest_ind(A, B[:5], equal_var=equal_var)
    result = t_test(difference(moments(A), moments(B[:5])))
    assert result == pytest.approx((expected.statistic, expected.df, expected.pvalue))
    ends = expected.confidence_interval(0.9)
    assert interval(difference(moments(A), moments(B[:5])), 0.9) == pytest.approx((ends.low, ends.high))


@pytest.mark.parametrize(
    ("first", "second", "t", "d"),
    [
        ((94.93, 0.15), (95.64, 0.19), -12.78, 4.04),
        ((47.20, 12.00), (94.93, 0.15), -17.34, 5.48),
        ((90.08, 2.56), (95.35, 0.17), -8.95, 2.83),
    ],
)
def test_published_moments_give_the_published_statistics(
    first: tuple[float, float], second: tuple[float, float], t: float, d: float
) -> None:
    a, b = published_moments(*first, 20), published_moments(*second, 20)
    result = t_test(student(a, b))
    assert result.df == 38
    assert result.statistic == pytest.approx(t, abs=0.006)
    assert abs(cohens_d(a, b)) == pytest.approx(d, abs=0.006)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
def test_sign_flip_by_enumeration(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(5):
        differences = np.round(rng.normal(0.05, 0.1, n), 2)
        cents = [round(100 * value) for value in differences]
        observed = abs(sum(cents))
        reached = sum(
            abs(sum(sign * cent for sign, cent in zip(signs, cents, strict=True))) >= observed
            for signs in itertools.product((1, -1), repeat=n)
        )
        assert sign_flip_p(paired_differences(differences, np.zeros(n)), 99) == reached / 2**n


def test_sign_flip_counts_ties_of_decimal_fractions() -> None:
    # 0.3 + 0.0 and 0.1 + 0.2 differ as binary fractions: all-plus, all-minus and six more patterns reach 0.6.
    a, b = np.array([95.4, 95.3, 95.2, 95.1]), np.array([95.1, 95.1, 95.1, 95.1])
    assert sign_flip_p(paired_differences(a, b), 99) == 4 / 16


def test_equal_differences_of_decimal_fractions_have_no_spread() -> None:
    differences = paired_differences(np.array([0.3, 95.3, 95.47]), np.array([0.1, 95.1, 95.27]))
    assert moments(differences) == (0.2, 0, 3)


def test_sign_flip_of_many_pairs_is_drawn_and_agrees_with_the_exact_one() -> None:
    differences = np.round(np.random.default_rng(0).normal(0.04, 0.1, 30), 2)
    more = np.append(differences, 0.0)
    exact, drawn = sign_flip_p(differences, 99), sign_flip_p(more, 9999)
    assert drawn == pytest.approx(exact, abs=0.01)
    assert drawn == sign_flip_p(more, 9999)


# Sizes of effects


def test_hedges_correction_by_hand() -> None:
    # Two groups of two: nu = 2, and gamma(1) / (sqrt(1) gamma(1/2)) = 1 / sqrt(pi).
    a, b = moments(np.array([1.0, 3.0])), moments(np.array([0.0, 2.0]))
    assert cohens_d(a, b) == pytest.approx(1 / math.sqrt(2))
    assert hedges_g(a, b) == pytest.approx(1 / math.sqrt(2 * math.pi))
    a, b = moments(A), moments(B)
    assert hedges_g(a, b) / cohens_d(a, b) == pytest.approx(1 - 3 / (4 * 12 - 1), abs=3e-4)


def test_hedges_g_is_unbiased() -> None:
    rng = np.random.default_rng(1)
    estimates = [hedges_g(moments(rng.normal(1, 1, 5)), moments(rng.normal(0, 1, 5))) for _ in range(4000)]
    assert np.mean(estimates) == pytest.approx(1, abs=4 * float(np.std(estimates)) / math.sqrt(4000))


def test_d_z_by_hand() -> None:
    assert d_z(np.array([1.0, 2.0, 3.0])) == pytest.approx(2.0)


def test_superiority_by_counting() -> None:
    a, b = [3, 1, 2], [2, 0]
    wins = sum((x > y) + 0.5 * (x == y) for x in a for y in b)
    assert probability_of_superiority(np.array(a, float), np.array(b, float)) == pytest.approx(wins / 6)
    assert probability_of_superiority(A, B) == pytest.approx(stats.mannwhitneyu(A, B).statistic / (A.size * B.size))
    assert probability_of_superiority(A, B) + probability_of_superiority(B, A) == pytest.approx(1)


def test_superiority_interval_solves_its_equation() -> None:
    n_a, n_b, z = 20, 15, stats.norm.ppf(0.975)
    for estimate in (0.0, 0.3, 0.5, 0.9, 1.0):
        low, high = superiority_interval(estimate, n_a, n_b, 0.95)
        assert 0 <= low <= estimate <= high <= 1
        assert low < high
        for theta in (low, high):
            if 0 < theta < 1:
                q1, q2, others = theta / (2 - theta), 2 * theta**2 / (1 + theta), (n_a + n_b) / 2 - 1
                variance = (theta * (1 - theta) + others * (q1 + q2 - 2 * theta**2)) / (n_a * n_b)
                assert abs(theta - estimate) == pytest.approx(z * math.sqrt(variance), rel=1e-6)
    assert superiority_interval(0.2, 9, 9, 0.95) == pytest.approx(
        tuple(1 - end for end in superiority_interval(0.8, 9, 9, 0.95))[::-1]
    )


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1.0, 1.0), (2.0, 3.0)])
def test_superiority_interval_covers_the_truth(shift: float, scale: float) -> None:
    rng = np.random.default_rng(8)
    truth = stats.norm.cdf(shift / math.hypot(1, scale))
    hits = 0
    for _ in range(1000):
        estimate = probability_of_superiority(rng.normal(shift, scale, 20), rng.normal(0, 1, 20))
        low, high = superiority_interval(estimate, 20, 20, 0.95)
        hits += low <= truth <= high
    assert 0.925 <= hits / 1000 <= 0.98


# Equivalence, spread, power, correction


def test_equivalence_as_two_one_sided_tests() -> None:
    for margin in (0.05, 0.2, 0.5):
        above = stats.ttest_ind(A + margin, B, equal_var=False, alternative="greater").pvalue
        below = stats.ttest_ind(A - margin, B, equal_var=False, alternative="less").pvalue
        of_a, of_b, differences = moments(A), moments(B), paired_differences(A, B)
        assert equivalence(welch(of_a, of_b), margin).p == pytest.approx(max(above, below))
        above = stats.ttest_1samp(A - B, -margin, alternative="greater").pvalue
        below = stats.ttest_1samp(A - B, margin, alternative="less").pvalue
        assert equivalence(paired(differences), margin).p == pytest.approx(max(above, below))


def test_equivalence_against_statsmodels() -> None:
    of_a, of_b = moments(A), moments(B[:6])
    for usevar, difference in (("unequal", welch), ("pooled", student)):
        expected = ttost_ind(A, B[:6], -0.3, 0.3, usevar=usevar)
        assert equivalence(difference(of_a, of_b), 0.3).p == pytest.approx(expected[0])
    paired_p = equivalence(paired(paired_differences(A, B)), 0.3).p
    assert paired_p == pytest.approx(ttost_paired(A, B, -0.3, 0.3)[0])


def test_equivalence_means_that_the_ninety_percent_interval_lies_within() -> None:
    difference = welch(moments(A), moments(B))
    edge = max(abs(end) for end in interval(difference, 0.9))
    assert equivalence(difference, edge).p == pytest.approx(0.05)


def test_brown_forsythe_as_an_analysis_of_variance_of_deviations() -> None:
    expected = stats.f_oneway(np.abs(A - np.median(A)), np.abs(B[:5] - np.median(B[:5])))
    result = brown_forsythe(A, B[:5])
    assert result == pytest.approx((expected.statistic, 10, expected.pvalue))


def test_two_runs_say_nothing_of_spread() -> None:
    assert np.isnan(brown_forsythe(np.array([1.0, 2.0]), np.array([1.0, 9.0]))).all()


@pytest.mark.parametrize("n", [2, 5, 20])
def test_detectable_differences_have_the_power(n: int) -> None:
    d, of_pairs = minimum_detectable_d(n, 2 * n, 0.05, 0.8), minimum_detectable_d_z(n, 0.05, 0.8)
    df = 3 * n - 2
    threshold, shift = stats.t.ppf(0.975, df), d * math.sqrt(n * 2 * n / (3 * n))
    assert stats.nct.sf(threshold, df, shift) + stats.nct.cdf(-threshold, df, shift) == pytest.approx(0.8, abs=1e-4)
    assert TTestIndPower().power(d, n, 0.05, ratio=2) == pytest.approx(0.8, abs=1e-4)
    assert TTestPower().power(of_pairs, n, 0.05) == pytest.approx(0.8, abs=1e-4)


def test_a_study_of_the_detectable_size_finds_it_as_often_as_promised() -> None:
    rng = np.random.default_rng(9)
    d = minimum_detectable_d(10, 10, 0.05, 0.8)
    found = sum(
        t_test(student(moments(rng.normal(d, 1, 10)), moments(rng.normal(0, 1, 10)))).p < 0.05 for _ in range(1000)
    )
    assert within_binomial_bounds(found, 1000, 0.8)


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([])).size == 0


def test_holm_counts_a_test_that_could_not_be_made() -> None:
    adjusted = holm(np.array([0.01, np.nan, 0.02]))
    assert adjusted[[0, 2]] == pytest.approx([0.03, 0.04])
    assert np.isnan(adjusted[1])
