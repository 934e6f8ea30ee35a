"""The audit's formulas against values worked out by hand and against SciPy."""

import itertools
import math
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from conftest import REPOSITORY
from distancenets.audit import counts, grim
from distancenets.audit.interval_t_test import (
    Design,
    Sample,
    SdConvention,
    cohens_d,
    designs_with,
    p_value,
    paired_d,
    paired_t,
    pooled_sd,
    t_statistic,
)
from distancenets.audit.intervals import Interval, legible, may_be_equal, rounding, spread
from distancenets.audit.recomputation import sample
from distancenets.audit.repeated_rows import chance_of_equal_means
from distancenets.audit.repetitions import chance_of_the_same_t
from distancenets.configuration.published import load_published


def exact(mean: float, sd: float, runs: int = 20, reading: SdConvention = SdConvention.SAMPLE) -> Sample:
    return Sample(Interval(mean, mean), Interval(sd, sd).scaled(reading.sample_factor(runs)), runs)


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [("95.87", 95.865, 95.875), ("12.00", 11.995, 12.005), ("22", 21.5, 22.5), ("-17.33", -17.335, -17.325)],
)
def test_rounding_reaches_half_a_unit_of_the_last_printed_digit(printed: str, low: float, high: float) -> None:
    assert rounding(Decimal(printed)) == Interval(low, high)


def test_intervals_meet_at_their_ends_and_not_beyond() -> None:
    assert Interval(1, 2).meets(Interval(2, 3))
    assert not Interval(1, 2).meets(Interval(2.001, 3))
    assert Interval(-2, 1).magnitude() == Interval(0, 2)
    assert Interval(-2, -1).magnitude() == Interval(1, 2)
    assert Interval(1, 2).distance(Interval(5, 6)) == 3
    with pytest.raises(ValueError, match="no interval"):
        Interval(2, 1)


@pytest.mark.parametrize(
    ("value", "shown"), [(17.3361, "17.34"), (0.00001, "1.0e-05"), (0.0, "0"), (0.14269, "0.1427")]
)
def test_numbers_are_shown_to_about_four_digits(value: float, shown: str) -> None:
    assert legible(value) == shown


def test_pooled_sd_t_and_d_by_hand() -> None:
    # Population SDs 3 and 4 over 5 runs: sample variances 9 × 5/4 = 11.25 and 16 × 5/4 = 20, pooled 15.625.
    # t = (12 − 2) / √(15.625 (1/5 + 1/5)) = 10 / √6.25 = 10 / 2.5 = 4; d = 10 / √15.625 = 2.5298...
    first, second = exact(12, 3, 5, SdConvention.POPULATION), exact(2, 4, 5, SdConvention.POPULATION)
    assert pooled_sd(first, second).low == pytest.approx(math.sqrt(15.625))
    assert t_statistic(first, second).low == pytest.approx(4.0)
    assert cohens_d(first, second).high == pytest.approx(2.529822)
    # Sample SDs: pooled (9 + 16) / 2 = 12.5, t = 10 / √(12.5 × 0.4) = 10 / √5 = 4.4721...
    assert t_statistic(exact(12, 3, 5), exact(2, 4, 5)).low == pytest.approx(4.472136)


@pytest.mark.parametrize("runs", [(20, 20), (5, 12)])
def test_t_and_p_agree_with_scipy(runs: tuple[int, int]) -> None:
    for reading in SdConvention:
        first, second = exact(94.1, 0.7, runs[0], reading), exact(93.2, 1.9, runs[1], reading)
        sds = [
            sd * (math.sqrt(n / (n - 1)) if reading is SdConvention.POPULATION else 1)
            for sd, n in zip((0.7, 1.9), runs, strict=True)
        ]
        expected = stats.ttest_ind_from_stats(94.1, sds[0], runs[0], 93.2, sds[1], runs[1])
        t = t_statistic(first, second)
        assert t.low == t.high == pytest.approx(expected.statistic)
        assert p_value(t, sum(runs) - 2).low == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("means", [("47.20", "94.93"), ("95.35", "95.35"), ("0.5", "0.4")])
def test_the_corners_bound_every_t_that_rounding_allows_and_are_reached(means: tuple[str, str]) -> None:
    samples = [
        Sample(rounding(Decimal(mean)), rounding(Decimal(sd)), 20)
        for mean, sd in zip(means, ("12.00", "0.2"), strict=True)
    ]
    bound = t_statistic(samples[0], samples[1])
    grids = [np.linspace(part.low, part.high, 7) for sample in samples for part in (sample.mean, sample.sd)]
    mean1, sd1, mean2, sd2 = np.meshgrid(*grids)
    t = (mean1 - mean2) / np.sqrt((sd1**2 + sd2**2) / 20)
    assert t.min() == pytest.approx(bound.low)
    assert t.max() == pytest.approx(bound.high)


def test_p_is_bounded_by_the_ends_of_the_magnitude_of_t() -> None:
    assert p_value(Interval(-1, 2), 38).high == pytest.approx(1.0)
    assert p_value(Interval(-1, 2), 38).low == pytest.approx(2 * stats.t.sf(2, 38))
    assert p_value(Interval(2, 2), 38, sides=1).low == pytest.approx(stats.t.sf(2, 38))


def test_d_from_t_by_hand() -> None:
    # √(2/20) = 0.3162278; 17.33 × 0.3162278 = 5.480227
    assert Design.TWO_SAMPLE.d_from_t(Interval(-17.33, -17.33), 20).low == pytest.approx(5.480227)
    # 17.33 / √20 = 3.875106
    assert Design.PAIRED.d_from_t(Interval(-17.33, -17.33), 20).low == pytest.approx(3.875106)


def test_possible_percentages_and_the_power_of_the_check_by_hand() -> None:
    # Of 200 nodes every half percent: 33.00 = 66/200, 53.50 = 107/200, but not 33.10 nor 53.49.
    assert [grim.possible(Decimal(value), 200) for value in ("33.00", "53.50", "33.10", "53.49")] == [
        True,
        True,
        False,
        False,
    ]
    # Two decimals: 201 of the 10,001 values from 0.00 to 100.00 are possible.
    assert grim.power(2, 200) == pytest.approx(1 - 201 / 10001)
    # One decimal: 201 of 1,001. No decimal: 0.5 rounds to 0 or 1, all of 0..100 are possible.
    assert grim.power(1, 200) == pytest.approx(1 - 201 / 1001)
    assert grim.power(0, 200) == 0
    # Thirds: 0.0, 33.3, 66.7, 100.0.
    assert grim.power(1, 3) == pytest.approx(1 - 4 / 1001)
    assert grim.possible(Decimal("33.3"), 3)
    assert not grim.possible(Decimal("33.4"), 3)
    # 10,000 images × 20 runs: steps of 0.0005 points are finer than 0.01.
    assert grim.power(2, 200_000) == 0


def test_the_chance_of_equal_means_by_hand_and_by_simulation() -> None:
    record = load_published(REPOSITORY / "config" / "published.yaml")
    abs_row = record.tables["table2"].row("abs", "unconstrained")
    assert abs_row is not None
    # SD of a difference of two means 0.215 √(2/20) = 0.067989; P(|N| ≤ 0.01 / 0.067989 = 0.147083) = 0.116933
    bound = chance_of_equal_means(abs_row, 20, 20, 0.01)
    assert bound == pytest.approx(0.116933, abs=1e-5)
    means = np.random.default_rng(1).normal(95.87, 0.215 / math.sqrt(20), (2, 200_000)).round(2)
    assert (means[0] == means[1]).mean() < bound
    # 10 other runs: 0.215 √(1/20 + 1/10) = 0.083269; P(|N| ≤ 0.120093) = 0.095591
    assert chance_of_equal_means(abs_row, 20, 10, 0.01) == pytest.approx(0.095591, abs=1e-5)
    assert chance_of_equal_means(abs_row.replaced(sd=Decimal("0.00")), 20, 20, 0.01) == 1


def test_the_chance_of_the_same_t_by_hand_and_by_simulation() -> None:
    # 6 others × a unit of 0.01 × φ(0) = 0.398942
    assert chance_of_the_same_t(Decimal("-17.33"), 6) == pytest.approx(0.0239365, abs=1e-7)
    assert chance_of_the_same_t(Decimal("17.3"), 6) == pytest.approx(0.239365, abs=1e-6)
    assert chance_of_the_same_t(Decimal(17), 6) == 1
    # Near 0 both signs print the same |t|: 1 × 0.1 × 0.398942 × (1 + exp(−0.125))
    bound = chance_of_the_same_t(Decimal("0.5"), 1)
    assert bound == pytest.approx(0.0750999, abs=1e-6)
    for centre, df in ((0.0, 38), (0.5, 38), (1.0, 4)):
        drawn = stats.nct.rvs(df, centre, size=100_000, random_state=1)
        assert (np.abs(drawn).round(1) == 0.5).mean() < bound


@pytest.mark.parametrize(("one", "other", "same"), [("95.87", "95.9", True), ("95.87", "95.88", False)])
def test_numbers_of_other_decimals_may_be_one_number(one: str, other: str, same: bool) -> None:
    assert may_be_equal(Decimal(one), Decimal(other)) is same
    assert may_be_equal(Decimal(other), Decimal(one)) is same


def test_a_paired_t_is_bounded_over_every_correlation() -> None:
    first, second = exact(95.64, 0.3), exact(95.26, 0.1)
    # SD of the differences from 0.2 to 0.4: 0.38 √20 / 0.4 = 4.2485 and 0.38 √20 / 0.2 = 8.4971
    assert paired_t(first, second).low == pytest.approx(4.248529)
    assert paired_t(first, second).high == pytest.approx(8.497058)
    assert paired_d(first, second).low == pytest.approx(0.95)
    runs = np.random.default_rng(1).normal(0, 1, (500, 2, 20))
    runs = (runs - runs.mean(-1, keepdims=True)) / runs.std(-1, ddof=1, keepdims=True)
    t = stats.ttest_rel(95.64 + 0.3 * runs[:, 0], 95.26 + 0.1 * runs[:, 1], axis=-1).statistic
    assert paired_t(first, second).low < t.min() and t.max() < paired_t(first, second).high
    assert designs_with(38, 20) == [Design.TWO_SAMPLE] and designs_with(38, 39) == [Design.PAIRED]
    assert designs_with(38, 10) == []


def test_a_printed_sd_of_zero_leaves_t_without_an_upper_bound() -> None:
    assert spread(Decimal("0.00")) == Interval(0.0, 0.005)
    first = Sample(rounding(Decimal("95.64")), spread(Decimal("0.00")), 20)
    second = Sample(rounding(Decimal("95.26")), spread(Decimal("0.00")), 20)
    t = t_statistic(first, second)
    # (95.635 − 95.265) / (0.005 √(2/20)) = 234.0
    assert t.low == pytest.approx(234.0, abs=0.1)
    assert t.high == math.inf and str(t) == "at least 234.0"
    assert p_value(t, 38).low == 0
    assert t_statistic(first, first) == Interval(-math.inf, math.inf)


def test_an_sd_is_read_as_its_table_says() -> None:
    table = load_published(REPOSITORY / "config" / "published.yaml").tables["table2"]
    factor = math.sqrt(20 / 19)
    assert sample(table.rows[0], table).sd.low == pytest.approx(0.215 * factor)
    assert sample(table.rows[0], table.replaced(deviation="sample")).sd.low == pytest.approx(0.215)
    assert sample(table.rows[0], table, SdConvention.SAMPLE).sd.low == pytest.approx(0.215)


def test_grimmer_by_hand() -> None:
    # 20 counts with the mean 2.20 have the sum 44, and the sum of squares 20 (2.2² + SD²) with a population SD:
    # 159.1 to 159.8 for 1.765 to 1.775, no whole number. With a sample SD it is 20 · 2.2² + 19 SD²: 155.99 to 156.66.
    able = [counts.possible(Decimal("2.20"), Decimal("1.77"), 20, 10, reading) for reading in SdConvention]
    assert able == [False, True]
    witness = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6])
    assert f"{witness.mean():.2f} {witness.std(ddof=1):.2f}" == "2.20 1.77"
    # Sums of 20 whole numbers end in .00, .05, .10 …
    assert not any(counts.possible(Decimal("2.21"), Decimal("1.77"), 20, 10, reading) for reading in SdConvention)
    # Sum 107 and sum of squares 619: odd both.
    assert counts.possible(Decimal("5.35"), Decimal("1.53"), 20, 10, SdConvention.POPULATION)
    # Sum 2 of 2 numbers, sum of squares 2 or 4; the SD of the second is 1, and 3 would be odd.
    spreads = ("0.00", "1.00", "0.71")
    assert [counts.possible(Decimal(1), Decimal(sd), 2, 2, SdConvention.POPULATION) for sd in spreads] == [
        True,
        True,
        False,
    ]
    # Beyond 5.00 no population SD of numbers from 0 to 10 goes.
    assert not counts.possible(Decimal(5), Decimal("5.10"), 20, 10, SdConvention.POPULATION)


@pytest.mark.parametrize(("runs", "most"), [(2, 6), (3, 4), (5, 3)])
@pytest.mark.parametrize("places", [1, 2])
@pytest.mark.parametrize("reading", list(SdConvention))
def test_grimmer_calls_nothing_impossible_that_whole_numbers_have(
    runs: int, most: int, places: int, reading: SdConvention
) -> None:
    every = np.array(list(itertools.combinations_with_replacement(range(most + 1), runs)))
    sds = every.std(axis=1, ddof=reading is SdConvention.SAMPLE)
    had = {(f"{mean:.{places}f}", f"{sd:.{places}f}") for mean, sd in zip(every.mean(axis=1), sds, strict=True)}
    assert all(counts.possible(Decimal(mean), Decimal(sd), runs, most, reading) for mean, sd in had)
    assert 0 < counts.power(Decimal(1), places, runs, most, reading) < 1
