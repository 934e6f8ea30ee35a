"""The statistics against formulas and enumerations written out here, and against simulated truth."""

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.weightstats import ttost_ind, ttost_paired
from typer.testing import CliRunner

from conftest import REPOSITORY
from distancenets.cli import app
from distancenets.configuration.published import published
from distancenets.configuration.settings import validated
from distancenets.configuration.statistics import PAPER_COMPARISONS, StatisticsSettings
from distancenets.errors import UserError
from distancenets.figures.differences import differences_figure
from distancenets.figures.style import use_style, write_figure
from distancenets.statistics import columns
from distancenets.statistics.comparisons import TESTS, compared_pairs, comparison, comparison_table
from distancenets.statistics.corrections import holm
from distancenets.statistics.differences import Difference, interval, paired, student, t_test, welch
from distancenets.statistics.effects import cohens_d, d_z, hedges_g, superiority, superiority_interval
from distancenets.statistics.equivalence import equivalence
from distancenets.statistics.moments import Moments, moments, published_moments
from distancenets.statistics.permutation import paired_differences, sign_flip_p
from distancenets.statistics.power import detectable_d, detectable_d_z
from distancenets.statistics.printed import printed_differences
from distancenets.statistics.runs import read_runs
from distancenets.statistics.spread import brown_forsythe
from distancenets.statistics.summaries import (
    binomial_standard_error,
    bootstrap_interval,
    interquartile_mean,
    summary,
    summary_table,
)

SETTINGS = StatisticsSettings()
QUICK = StatisticsSettings(resamples=199)
A = np.array([95.12, 95.47, 94.98, 95.61, 95.33, 95.20, 95.44])
B = np.array([95.02, 95.21, 95.10, 95.19, 95.08, 94.83, 95.37])


def series(values: npt.ArrayLike, seeds: Iterable[int] | None = None) -> pd.Series:
    accuracies = np.asarray(values, dtype=float)
    return pd.Series(accuracies, index=list(range(accuracies.size) if seeds is None else seeds))


def runs_of(models: Mapping[str, Iterable[float]], experiment: str = "raw", epoch: int = 5000) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"experiment": experiment, "epoch": epoch, "model": model, "seed": seed, "test_accuracy": value}
            for model, values in models.items()
            for seed, value in enumerate(values)
        ]
    )


def within_binomial_bounds(hits: int, trials: int, probability: float) -> bool:
    """Whether `hits` is no rarer than one in 10,000 on either side."""
    law = stats.binom(trials, probability)
    return bool(law.ppf(1e-4) <= hits <= law.ppf(1 - 1e-4))


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
    assert superiority(np.array(a, float), np.array(b, float)) == pytest.approx(wins / 6)
    assert superiority(A, B) == pytest.approx(stats.mannwhitneyu(A, B).statistic / (A.size * B.size))
    assert superiority(A, B) + superiority(B, A) == pytest.approx(1)


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
        estimate = superiority(rng.normal(shift, scale, 20), rng.normal(0, 1, 20))
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
    d, of_pairs = detectable_d(n, 2 * n, 0.05, 0.8), detectable_d_z(n, 0.05, 0.8)
    df = 3 * n - 2
    threshold, shift = stats.t.ppf(0.975, df), d * math.sqrt(n * 2 * n / (3 * n))
    assert stats.nct.sf(threshold, df, shift) + stats.nct.cdf(-threshold, df, shift) == pytest.approx(0.8, abs=1e-4)
    assert TTestIndPower().power(d, n, 0.05, ratio=2) == pytest.approx(0.8, abs=1e-4)
    assert TTestPower().power(of_pairs, n, 0.05) == pytest.approx(0.8, abs=1e-4)


def test_a_study_of_the_detectable_size_finds_it_as_often_as_promised() -> None:
    rng = np.random.default_rng(9)
    d = detectable_d(10, 10, 0.05, 0.8)
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


# Two models


def test_comparison_pairs_only_common_seeds() -> None:
    a, b = series([95.1, 95.5, 95.2, 95.9], [0, 1, 2, 7]), series([95.3, 94.0, 95.0], [9, 2, 1])
    result = comparison(a, b, QUICK)
    assert (result["n_a"], result["n_b"], result["n_pairs"]) == (4, 3, 2)
    assert result["paired_difference"] == pytest.approx(((95.5 - 95.0) + (95.2 - 94.0)) / 2)
    assert result["paired_t"] == pytest.approx(stats.ttest_rel([95.5, 95.2], [95.0, 94.0]).statistic)
    assert result["difference"] == pytest.approx(np.mean(a) - np.mean(b))


def test_comparison_turned_round_turns_its_signs() -> None:
    one, other = comparison(series(A), series(B), QUICK), comparison(series(B), series(A), QUICK)
    for name in ("difference", "welch_t", "student_t", "paired_t", "hedges_g_pooled_sd", "d_z_paired_sd"):
        assert one[name] == pytest.approx(-other[name])
    assert one["low"] == pytest.approx(-other["high"])
    for test in TESTS:
        assert one[f"{test}_p"] == pytest.approx(other[f"{test}_p"])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([95.0], [94.0]),
        ([95.0], A),
        ([95.0, 95.0], [95.0, 95.0]),
        ([9.8] * 5, [9.8] * 5),
        ([9.8] * 5, [11.35] * 5),
        ([95.87] * 20, A),
        (A, A),
        (A, A + 0.1),
    ],
)
def test_degenerate_samples_neither_fail_nor_warn(a: npt.ArrayLike, b: npt.ArrayLike) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = comparison(series(a), series(b), QUICK)
        summary(np.asarray(a, float), QUICK)
    for test in TESTS:
        p = result[f"{test}_p"]
        assert math.isnan(p) or 0 <= p <= 1


def test_values_in_the_limit() -> None:
    same = comparison(series([9.8] * 5), series([9.8] * 5), QUICK)
    assert math.isnan(same["welch_t"])
    assert math.isnan(same["cohens_d_pooled_sd"])
    assert (same["sign_flip_p"], same["superiority"], same["equivalence_p"]) == (1, 0.5, 0)
    apart = comparison(series([9.8] * 5), series([11.35] * 5), QUICK)
    assert (apart["welch_t"], apart["welch_p"], apart["equivalence_p"]) == (-math.inf, 0, 1)
    assert apart["sign_flip_p"] == 2 / 2**5
    identical = comparison(series(A), series(A), QUICK)
    assert (identical["welch_t"], identical["welch_p"], identical["brown_forsythe_p"]) == (0, 1, 1)
    shifted = comparison(series(A), series(A + 0.1), QUICK)
    assert shifted["paired_t"] == -math.inf
    single = comparison(series([95.0]), series([94.0]), QUICK)
    assert single["difference"] == 1
    assert all(math.isnan(single[f"{test}_p"]) for test in TESTS if test != "sign_flip")
    apart_seeds = comparison(series(A, range(7)), series(B, range(7, 14)), QUICK)
    assert apart_seeds["n_pairs"] == 0
    assert math.isnan(apart_seeds["paired_difference"])
    assert math.isnan(apart_seeds["sign_flip_p"])


@pytest.mark.parametrize("shared", [False, True])
def test_false_positives_and_coverage_under_the_null(shared: bool) -> None:
    rng = np.random.default_rng(11)
    studies = 1000
    found, covered = dict.fromkeys(TESTS, 0), {"low": 0, "paired_low": 0}
    for _ in range(studies):
        seeds = rng.normal(95, 0.3, 10) if shared else 95.0
        a, b = (series(seeds + rng.normal(0, 0.2, 10)) for _ in range(2))
        result = comparison(a, b, QUICK)
        for test in TESTS:
            found[test] += result[f"{test}_p"] < 0.05
        covered["low"] += result["low"] <= 0 <= result["high"]
        covered["paired_low"] += result["paired_low"] <= 0 <= result["paired_high"]
    assert within_binomial_bounds(found["paired"], studies, 0.05)
    assert within_binomial_bounds(found["sign_flip"], studies, 50 / 2**10)
    assert within_binomial_bounds(covered["paired_low"], studies, 0.95)
    if shared:  # What ignores the pairs is too cautious then.
        assert found["welch"] < 0.02 * studies
        assert covered["low"] > 0.98 * studies
    else:
        assert within_binomial_bounds(found["student"], studies, 0.05)
        assert within_binomial_bounds(found["welch"], studies, 0.05)
        assert within_binomial_bounds(covered["low"], studies, 0.95)
        assert found["brown_forsythe"] < 0.07 * studies


def test_equivalence_errs_at_the_margin_as_often_as_alpha() -> None:
    rng = np.random.default_rng(12)
    wrong = {"equivalence": 0, "paired_equivalence": 0}
    for _ in range(1000):
        result = comparison(series(rng.normal(95.2, 0.1, 20)), series(rng.normal(95.0, 0.1, 20)), SETTINGS)
        for test in wrong:
            wrong[test] += result[f"{test}_p"] < 0.05
    for count in wrong.values():
        assert within_binomial_bounds(count, 1000, 0.05)


def test_pairing_sees_what_the_seeds_share() -> None:
    rng = np.random.default_rng(13)
    seeds = rng.normal(95, 1, 20)
    result = comparison(series(seeds + 0.1 + rng.normal(0, 0.05, 20)), series(seeds + rng.normal(0, 0.05, 20)), QUICK)
    assert result["paired_p"] < 1e-3
    assert result["welch_p"] > 0.5
    assert result["paired_detectable_difference"] < 0.1 < result["detectable_difference"]


# Tables


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    rng = np.random.default_rng(20)
    models = {"ReLU": 95.6, "Abs": 95.3, "ReLU2": 50.0, "Abs2": 95.3, "Abs-L2": 97.6}
    return pd.concat(
        [
            runs_of({name: np.round(rng.normal(mean, 0.2, 6), 2) for name, mean in models.items()}, "raw", epoch)
            for epoch in (5000, 50000)
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def table(runs: pd.DataFrame) -> pd.DataFrame:
    return comparison_table(runs, QUICK)


def test_tables_have_exactly_the_documented_columns(runs: pd.DataFrame, table: pd.DataFrame) -> None:
    assert list(summary_table(runs, QUICK)) == list(columns.SUMMARY)
    assert list(table) == list(columns.COMPARISONS)


def test_every_pair_stands_once_and_the_papers_its_way_round(table: pd.DataFrame) -> None:
    assert len(table) == 2 * math.comb(5, 2)
    assert not table[["experiment", "epoch", "label"]].duplicated().any()
    in_paper = table[table["compared_in_paper"] & (table["epoch"] == 5000)]
    assert list(in_paper["label"]) == ["ReLU vs Abs", "ReLU2 vs ReLU", "Abs2 vs Abs"]
    assert ("Abs", "Abs-L2") in compared_pairs(["ReLU", "Abs-L2", "Abs"], QUICK)


def test_families_are_one_experiment_and_milestone(table: pd.DataFrame) -> None:
    for _, family in table.groupby("epoch"):
        for test in TESTS:
            p = family[f"{test}_p"].to_numpy()
            chosen = family["compared_in_paper"].to_numpy()
            assert family[f"{test}_p_holm"].to_numpy() == pytest.approx(holm(p))
            of_paper = family[f"{test}_p_holm_in_paper"].to_numpy()
            assert of_paper[chosen] == pytest.approx(holm(p[chosen]))
            assert np.isnan(of_paper[~chosen]).all()


def test_order_of_runs_does_not_matter(runs: pd.DataFrame, table: pd.DataFrame) -> None:
    shuffled = runs.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(comparison_table(shuffled, QUICK), table, check_exact=True)
    pd.testing.assert_frame_equal(summary_table(shuffled, QUICK), summary_table(runs, QUICK), check_exact=True)


def test_command_writes_the_same_bytes_twice(runs: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(runs.assign(train_loss=np.nan).to_csv(index=False))
    study = "study: s\ntitle: t\nexperiments: {raw: {epochs: 9}}\n"
    settings = "statistics: {resamples: 199, comparisons: [[Abs2, Abs]]}\n"
    (tmp_path / "study.yaml").write_text(study + settings)
    for folder in ("one", "two"):
        where = [str(tmp_path / "runs.csv"), "--output", str(tmp_path / folder)]
        chosen = ["--study", str(tmp_path / "study.yaml")]
        result = CliRunner().invoke(app, ["statistics", *where, *chosen])
        assert result.exit_code == 0, result.output
    for name in ("summary.csv", "comparisons.csv", "columns.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    table = pd.read_csv(tmp_path / "one" / "comparisons.csv")
    assert list(table.loc[table["compared_in_paper"], "label"].unique()) == ["Abs2 vs Abs"]
    assert table["difference"].to_numpy() == pytest.approx((table["mean_a"] - table["mean_b"]).to_numpy())


def test_one_model_alone_gives_an_empty_comparison() -> None:
    table = comparison_table(runs_of({"ReLU": A}), QUICK)
    assert columns.as_csv(table, columns.COMPARISONS).count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a CSV table"),
        ("experiment,epoch,model,seed\nraw,1,ReLU,0\n", "column test_accuracy is missing"),
        ("experiment,epoch,model,seed,test_accuracy\n", "no runs in it"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,ReLU,0,\n", "row 1: test_accuracy"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,ReLU,0,101\n", "given: 101"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,ReLU,x,50\n", "row 1: seed"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,,0,50\n", "row 1: model"),
        ("experiment,epoch,model,seed,test_accuracy\n" + 2 * "raw,1,ReLU,0,50\n", "stands in it twice"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_runs(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_settings() -> None:
    assert SETTINGS.comparisons == PAPER_COMPARISONS
    assert all(field.description for field in StatisticsSettings.model_fields.values())
    for values in ({"equivalence_margin": 0}, {"comparisons": [["A", "A"]]}, {"alhpa": 0.05}):
        with pytest.raises(UserError):
            validated(StatisticsSettings, values, "statistics.yaml")
    with pytest.raises(UserError, match="compared twice"):
        validated(StatisticsSettings, {"comparisons": [["A", "B"], ["B", "A"]]}, "statistics.yaml")


# The figure


@pytest.mark.parametrize("largest", [0.5, 48.0])
def test_figure_shows_every_row_and_names_everything(tmp_path: Path, largest: float) -> None:
    measured = pd.DataFrame(
        {
            "label": ["a vs b", "c vs d"],
            "difference": [0.1, -largest],
            "low": [0.0, -largest - 1],
            "high": [0.2, np.nan],
        }
    )
    published = measured.iloc[:1].assign(label="e vs f")
    use_style()
    series = {"measured": measured, "published": published}
    figure = differences_figure(series, ["e vs f", "g vs h", "a vs b", "c vs d"], 0.2, 0.95, "three comparisons")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["e vs f", "a vs b", "c vs d"]
    assert "percentage points" in axes.get_xlabel()
    assert axes.get_xscale() == ("linear" if largest < 1 else "symlog")
    assert ("logarithmic" in axes.get_xlabel()) == (largest > 1)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["equal: within ±0.2", "measured, Welch's 95 % interval", "published, Welch's 95 % interval"]
    points = [list(np.asarray(line.get_xdata())) for line in axes.lines]
    assert [0.1, -largest] in points
    write_figure(figure, tmp_path / "one")
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        assert (tmp_path / f"one{suffix}").read_bytes().startswith(start)


def test_printed_differences_by_hand() -> None:
    table = published(REPOSITORY / "config" / "published.yaml").tables["discussion"]
    found = printed_differences(table, SETTINGS).set_index("label")
    assert list(found.index) == [f"{first} vs {second}" for first, second in PAPER_COMPARISONS]
    row = found.loc["ReLU2-Neg vs ReLU"]
    assert row["difference"] == pytest.approx(94.93 - 95.64)
    # The variances of two means of 20 runs, from population SDs: SD² / 19 each; Satterthwaite's df.
    first, second = 0.15**2 / 19, 0.19**2 / 19
    df = (first + second) ** 2 / (first**2 / 19 + second**2 / 19)
    half = stats.t.ppf(0.975, df) * math.sqrt(first + second)
    assert [row["low"], row["high"]] == pytest.approx([94.93 - 95.64 - half, 94.93 - 95.64 + half])


def test_unknown_moments_of_one_run() -> None:
    assert moments(np.array([95.0])) == pytest.approx(Moments(95.0, math.nan, 1), nan_ok=True)
    assert math.isnan(published_moments(95.0, 0.0, 1).sd)
