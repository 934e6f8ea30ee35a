"""What the decision rules estimate, against independent computations, and how verdicts follow from it."""

import math

import numpy as np
import pytest
from scipy import stats

from distancenets.claims.conditions import Outcome, Part, Region, SameSide
from distancenets.claims.estimates import Estimate, centre, correlation, difference, excess_spread, runs_needed, spread
from distancenets.claims.verdicts import Verdict, reason, seeds_needed, verdict
from distancenets.statistics.spread import brown_forsythe
from worlds import series


def test_estimates_against_scipy() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(95, 2, 15), rng.normal(94, 1, 15)
    ends = stats.ttest_rel(a, b).confidence_interval(0.9)
    found = difference(series(a), series(b), 0.05)
    assert [found.value, found.low, found.high] == pytest.approx([np.mean(a - b), ends.low, ends.high])
    ends = stats.ttest_1samp(a, 0).confidence_interval(0.98)
    assert centre(series(a), 0.01)[1:3] == pytest.approx([ends.low, ends.high])
    ratio = np.var(a, ddof=1) * 14 / stats.chi2.ppf([0.975, 0.025], 14)
    assert spread(series(a), 0.025)[1:3] == pytest.approx(np.sqrt(ratio))
    assert correlation(series(a), series(b), 0.05).value == pytest.approx(stats.spearmanr(a, b).statistic)
    assert correlation(series(a), series(a), 0.05).low > 0.99
    assert math.isnan(correlation(series(a), series(np.ones(15)), 0.05).low)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_excess_spread_decides_as_brown_and_forsythe_do(factor: float) -> None:
    rng = np.random.default_rng(9)
    seen = set()
    for _ in range(60):
        a, b = rng.normal(0, factor * rng.uniform(0.4, 2.5), 12), rng.normal(0, 1, 12)
        p = brown_forsythe(a, factor * b).p
        found = excess_spread(series(a), series(b), factor, 0.05)
        outside = found.low > 0 or found.high < 0
        assert outside == (p < 0.10)
        seen.add(outside)
    assert seen == {True, False}


def test_runs_needed_are_enough_when_they_are_there() -> None:
    needed = runs_needed(gap=0.1, scale=0.25, level=0.05, power=0.8)
    assert needed == math.ceil(((1.6448536 + 0.8416212) * 2.5) ** 2)
    rng = np.random.default_rng(6)
    means = rng.normal(0.1, 0.25, (2000, needed)).mean(axis=1)
    told = np.mean(means - 1.6448536 * 0.25 / math.sqrt(needed) > 0)
    assert told == pytest.approx(0.8, abs=0.03)
    assert runs_needed(0.0, 0.25, 0.05, 0.8) is None and runs_needed(math.nan, 1.0, 0.05, 0.8) is None


@pytest.mark.parametrize(("rho", "edge"), [(-0.84, -0.5), (0.3, 0.5), (0.1, 0.5), (1.0, 0.9)])
def test_an_undecided_correlation_needs_more_runs_than_there_are(rho: float, edge: float) -> None:
    runs = np.arange(20.0)
    # Noise of many sizes: one gives ranks that correlate about as wanted.
    rng = np.random.default_rng(2)
    orders = [runs, *(runs + rng.normal(0, spread, 20) for spread in np.geomspace(1, 200, 400))]
    orders += [-order for order in orders]
    nearest = min(orders, key=lambda order: abs(stats.spearmanr(runs, order).statistic - rho))
    found = correlation(series(runs), series(nearest), 0.0067)
    region = Region(-math.inf, edge) if edge < 0 else Region(edge, math.inf)
    needed = runs_needed(region.gap(found), found.scale, 0.0067, 0.8)
    assert found.value == pytest.approx(rho, abs=0.02) and needed is not None
    assert needed > 20 or region.place(found) is not Outcome.OPEN


def test_regions_place_intervals() -> None:
    region = Region(-0.2, 0.2)
    for ends, expected in (
        ((-0.1, 0.1), Outcome.HOLDS),
        ((0.1, 0.3), Outcome.OPEN),
        ((-0.3, 0.3), Outcome.OPEN),
        ((0.21, 0.3), Outcome.FAILS),
        ((-0.4, -0.3), Outcome.FAILS),
        ((math.nan, math.nan), Outcome.OPEN),
    ):
        assert region.place(Estimate(0, *ends, 1)) is expected


def test_sides_are_the_same_only_if_both_are_known() -> None:
    def side(first: float, second: float) -> Outcome:
        fixed = [lambda level, at=at: Estimate(at, at - 0.1, at + 0.1, 1.0) for at in (first, second)]
        return SameSide(fixed[0], fixed[1], lambda a, b: "", 0.2).judge(0.05, 0.8).outcome

    assert side(-1, -5) is side(0, 0.05) is side(1, 9) is Outcome.HOLDS
    assert side(-1, 1) is side(0, 1) is Outcome.FAILS
    assert side(0.2, 1) is Outcome.OPEN


def test_verdicts_of_parts() -> None:
    holds, fails = Part(Outcome.HOLDS, "a"), Part(Outcome.FAILS, "b")
    open_ones = [Part(Outcome.OPEN, "c", 30), Part(Outcome.OPEN, "d", 50)]
    assert verdict([holds, holds]) is Verdict.SUPPORTED
    assert verdict([fails]) is Verdict.CONTRADICTED
    assert verdict([holds, fails, *open_ones]) is Verdict.MIXED
    assert verdict([holds, *open_ones]) is verdict([fails, *open_ones]) is Verdict.UNDETERMINED
    assert seeds_needed([holds, *open_ones]) == 50
    assert seeds_needed([Part(Outcome.OPEN, "e"), *open_ones]) is None
    assert reason([holds, holds, *open_ones, fails]) == "b; c; d; 2 more hold"
