"""The audit's formulas against values worked out by hand and against SciPy."""

import math
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from conftest import REPOSITORY
from distancenets.audit import granularity
from distancenets.audit.duplicates import chance_of_equal_means
from distancenets.audit.intervals import Interval, legible, rounding
from distancenets.audit.two_samples import (
    Reading,
    Sample,
    cohens_d,
    d_from_t,
    p_value,
    pooled_sd,
    t_statistic,
)
from distancenets.configuration.published import published


def exact(mean: float, sd: float, runs: int = 20) -> Sample:
    return Sample(Interval(mean, mean), Interval(sd, sd), runs)


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
    first, second = exact(12, 3, 5), exact(2, 4, 5)
    assert pooled_sd(first, second, Reading.POPULATION).low == pytest.approx(math.sqrt(15.625))
    assert t_statistic(first, second, Reading.POPULATION).low == pytest.approx(4.0)
    assert cohens_d(first, second, Reading.POPULATION).high == pytest.approx(2.529822)
    # Sample SDs: pooled (9 + 16) / 2 = 12.5, t = 10 / √(12.5 × 0.4) = 10 / √5 = 4.4721...
    assert t_statistic(first, second, Reading.SAMPLE).low == pytest.approx(4.472136)


@pytest.mark.parametrize("runs", [(20, 20), (5, 12)])
def test_t_and_p_agree_with_scipy(runs: tuple[int, int]) -> None:
    first, second = exact(94.1, 0.7, runs[0]), exact(93.2, 1.9, runs[1])
    for reading in Reading:
        sds = [
            sd * (math.sqrt(n / (n - 1)) if reading is Reading.POPULATION else 1)
            for sd, n in zip((0.7, 1.9), runs, strict=True)
        ]
        expected = stats.ttest_ind_from_stats(94.1, sds[0], runs[0], 93.2, sds[1], runs[1])
        t = t_statistic(first, second, reading)
        assert t.low == t.high == pytest.approx(expected.statistic)
        assert p_value(t, sum(runs) - 2).low == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("means", [("47.20", "94.93"), ("95.35", "95.35"), ("0.5", "0.4")])
def test_the_corners_bound_every_t_that_rounding_allows_and_are_reached(means: tuple[str, str]) -> None:
    samples = [
        Sample(rounding(Decimal(mean)), rounding(Decimal(sd)), 20)
        for mean, sd in zip(means, ("12.00", "0.2"), strict=True)
    ]
    bound = t_statistic(samples[0], samples[1], Reading.POPULATION)
    grids = [np.linspace(part.low, part.high, 7) for sample in samples for part in (sample.mean, sample.sd)]
    mean1, sd1, mean2, sd2 = np.meshgrid(*grids)
    t = (mean1 - mean2) / np.sqrt((sd1**2 + sd2**2) / 19)
    assert t.min() == pytest.approx(bound.low)
    assert t.max() == pytest.approx(bound.high)


def test_p_is_bounded_by_the_ends_of_the_magnitude_of_t() -> None:
    assert p_value(Interval(-1, 2), 38).high == pytest.approx(1.0)
    assert p_value(Interval(-1, 2), 38).low == pytest.approx(2 * stats.t.sf(2, 38))
    assert p_value(Interval(2, 2), 38, sides=1).low == pytest.approx(stats.t.sf(2, 38))


def test_d_from_t_by_hand() -> None:
    # √(2/20) = 0.3162278; 17.33 × 0.3162278 = 5.480227
    assert d_from_t(Interval(-17.33, -17.33), 20).low == pytest.approx(5.480227)


def test_possible_percentages_and_the_power_of_the_check_by_hand() -> None:
    # Of 200 nodes every half percent: 33.00 = 66/200, 53.50 = 107/200, but not 33.10 nor 53.49.
    assert [granularity.possible(Decimal(value), 200) for value in ("33.00", "53.50", "33.10", "53.49")] == [
        True,
        True,
        False,
        False,
    ]
    # Two decimals: 201 of the 10,001 values from 0.00 to 100.00 are possible.
    assert granularity.power(2, 200) == pytest.approx(1 - 201 / 10001)
    # One decimal: 201 of 1,001. No decimal: 0.5 rounds to 0 or 1, all of 0..100 are possible.
    assert granularity.power(1, 200) == pytest.approx(1 - 201 / 1001)
    assert granularity.power(0, 200) == 0
    # Thirds: 0.0, 33.3, 66.7, 100.0.
    assert granularity.power(1, 3) == pytest.approx(1 - 4 / 1001)
    assert granularity.possible(Decimal("33.3"), 3)
    assert not granularity.possible(Decimal("33.4"), 3)
    # 10,000 images × 20 runs: steps of 0.0005 points are finer than 0.01.
    assert granularity.power(2, 200_000) == 0


def test_the_chance_of_equal_means_by_hand_and_by_simulation() -> None:
    record = published(REPOSITORY / "config" / "published.yaml")
    abs_row = record.tables["table2"].row("abs", "unconstrained")
    assert abs_row is not None
    # SD of a difference of two means 0.22 √(2/20) = 0.069570; P(|N| ≤ 0.01 / 0.069570 = 0.143740) = 0.114295
    bound = chance_of_equal_means(abs_row, 20)
    assert bound == pytest.approx(0.114295, abs=1e-5)
    means = np.random.default_rng(1).normal(95.87, 0.22 / math.sqrt(20), (2, 200_000)).round(2)
    assert (means[0] == means[1]).mean() < bound
