"""What the decision rules estimate, against independent computations, and how verdicts follow from it."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from distancenets.claims.conditions import Condition, ConditionResult, Quantity, SameSide
from distancenets.claims.estimates import (
    Estimate,
    contrast,
    correlation,
    difference,
    mean_estimate,
    sd_estimate,
    share,
    spread_ratio,
)
from distancenets.claims.evidence import Sample
from distancenets.claims.thresholds import Outcome, Region, above, below, below_minus, within
from distancenets.claims.verdicts import Verdict, flips, least_alpha, reason, verdict
from distancenets.statistics.hypothesis_tests import brown_forsythe
from distancenets.statistics.looks import Look
from synthetic_data import series


def test_estimates_against_scipy() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(95, 2, 15), rng.normal(94, 1, 15)
    ends = stats.ttest_rel(a, b).confidence_interval(0.9)
    found = difference(a, b, 0.05)
    assert [found.value, found.low, found.high] == pytest.approx([np.mean(a - b), ends.low, ends.high])
    ends = stats.ttest_1samp(a, 0).confidence_interval(0.98)
    assert mean_estimate(a, 0.01)[1:3] == pytest.approx([ends.low, ends.high])
    assert contrast(a, b, b, a, 0.05)[:3] == pytest.approx([2 * end for end in found[:3]])
    ratio = np.var(a, ddof=1) * 14 / stats.chi2.ppf([0.975, 0.025], 14)
    assert sd_estimate(a, 0.025)[1:3] == pytest.approx(np.sqrt(ratio))
    assert correlation(a, b, 0.05).value == pytest.approx(stats.spearmanr(a, b).statistic)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_a_ratio_of_spreads_leaves_out_what_brown_and_forsythe_reject(factor: float) -> None:
    rng = np.random.default_rng(9)
    seen = set()
    for _ in range(60):
        a, b = rng.normal(0, factor * rng.uniform(0.4, 2.5), 12), rng.normal(0, 1, 12)
        found = spread_ratio(a, b, 0.05)
        outside = found.low > factor or found.high < factor
        assert outside == (brown_forsythe(a, factor * b).p < 0.10)
        seen.add(outside)
        at_the_low_end = brown_forsythe(a, found.low * b).p
        assert at_the_low_end == pytest.approx(0.10)
    assert seen == {True, False}
    # One far run says nothing of an upper bound.
    assert spread_ratio(np.array([1.0, 2, 3, 4, 5, 60]), np.array([0.0, 0, 0, 0, 0, 9]), 0.01).high == math.inf


# No spread, no width of zero


def test_shares_have_clopper_and_pearsons_bounds_with_runs_as_trials() -> None:
    for whole in (0, 3, 20):
        values = np.repeat([1.0, 0.0], [whole, 20 - whole])
        assert share(values, 0.01)[1:3] == pytest.approx(proportion_confint(whole, 20, 0.02, "beta"))
    none = share(np.zeros(20), 0.05 / 7)
    # No dead node among 200: were they independent, 2.4 % at this level; as they may die together, far more.
    assert none.low == 0 and none.high == pytest.approx(1 - (0.05 / 7) ** (1 / 20)) and none.high > 0.2
    assert share(np.ones(20), 0.05 / 7).low == pytest.approx((0.05 / 7) ** (1 / 20))


def test_equal_runs_are_known_to_an_image_or_not_at_all() -> None:
    equal = np.full(10, 95.0)
    image = 0.01
    for found in (
        mean_estimate(equal, 0.01, image),
        difference(equal, equal, 0.01, image),
        sd_estimate(equal, 0.01, image),
    ):
        assert found.high - found.low > image / 2
    # Accuracies in whole images, of normal runs so much alike that ten of them come out equal one time in a hundred.
    sd = image / 2 / stats.norm.ppf((1 + 0.01 ** (1 / 10)) / 2)
    assert sd_estimate(equal, 0.01, image).high >= sd
    assert spread_ratio(equal, equal, 0.01, image).low < 1 < spread_ratio(equal, equal, 0.01, image).high
    for unknown in (mean_estimate(equal, 0.01), sd_estimate(equal, 0.01), difference(equal, equal, 0.01)):
        assert math.isnan(unknown.low) and math.isnan(unknown.high)


def test_few_seeds_in_perfect_order_are_not_a_perfect_correlation() -> None:
    for n in (4, 9):
        assert math.isnan(correlation(np.arange(float(n)), np.arange(float(n)), 0.05).low)
    found = correlation(np.arange(10.0), np.arange(10.0), 0.0125)
    assert found.value == pytest.approx(1 - 12 / 990) and found.low < 0.95 and found.high > 0.99
    assert correlation(-np.arange(10.0), np.arange(10.0), 0.0125).low == pytest.approx(-found.high)
    assert math.isnan(correlation(np.arange(10.0), np.ones(10), 0.05).low)


# Conditions


def sample(*values: float) -> Sample:
    return Sample("M", "", series(np.array(values)))


def as_it_is(estimate: Estimate, values: np.ndarray, level: float) -> Estimate:
    return estimate


def fixed(*estimates: tuple[float, float, float], margin: float = 0.2) -> SameSide:
    """Return a condition on estimates that are what they are, whatever the seeds."""
    of = [
        Quantity("x", [sample(*range(10))], partial(as_it_is, Estimate(*ends, 1.0)), signed=True) for ends in estimates
    ]
    return SameSide(tuple(of), within("margin", margin))


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
        assert region.classify(Estimate(0, *ends, 1)) is expected


def test_sides_are_the_same_only_if_both_are_known() -> None:
    def side(first: float, second: float) -> Outcome:
        return fixed(*((at, at - 0.1, at + 0.1) for at in (first, second))).judge(0.05).outcome

    assert side(-1, -5) is side(0, 0.05) is side(1, 9) is Outcome.HOLDS
    assert side(-1, 1) is side(0, 1) is Outcome.FAILS
    assert side(0.2, 1) is Outcome.OPEN


def test_a_condition_is_judged_by_the_seeds_of_the_last_look() -> None:
    seen = []

    def record(values: np.ndarray, level: float) -> Estimate:
        seen.append((list(values), level))
        return mean_estimate(values, level)

    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, 50)
    of = Quantity("x", [sample(*values[:39])], record, signed=True)
    part = Condition((of,), above("least", -10)).judge(0.04)
    assert part.look == Look(20, 0.5) and seen[0] == (list(values[:20]), 0.02)
    # A seed that is missing ends what is complete, however many come after it.
    gap = Sample("M", "", series(values).drop(15))
    part = Condition((Quantity("x", [gap], record),), above("least", -10)).judge(0.04)
    assert part.look == Look(10, 0.25) and part.outcome is Outcome.HOLDS
    few = Condition((Quantity("x =", [sample(*values[:9])], mean_estimate, signed=True),), above("least", -10)).judge(
        0.04
    )
    assert (few.outcome, few.text, few.look) == (Outcome.OPEN, "x above −10: M: 9 of 10 seeds", None)


def test_between_looks_the_last_verdict_stands() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(1, 1, 20)
    at_ten = Condition((Quantity("x", [sample(*values[:10])], mean_estimate, signed=True),), above("least", 0)).judge(
        0.05
    )
    for seeds in range(10, 20):
        # What is not yet looked at may be anything.
        later = [*values[:10], *np.full(seeds - 10, -100.0)]
        part = Condition((Quantity("x", [sample(*later)], mean_estimate, signed=True),), above("least", 0)).judge(0.05)
        assert (part.outcome, part.text) == (at_ten.outcome, at_ten.text)


# Verdicts


def part(outcome: Outcome, text: str = "", share: float = 0.5) -> ConditionResult:
    return ConditionResult(outcome, text, share=share)


def test_each_verdict_means_one_thing() -> None:
    holds, fails, opened, given = (Outcome(name) for name in ("holds", "fails", "open", "given"))
    assert verdict([holds, holds, given]) is Verdict.SUPPORTED
    assert verdict([fails, fails]) is verdict([fails, given]) is Verdict.CONTRADICTED
    assert verdict([holds, fails]) is Verdict.MIXED
    assert verdict([holds, fails, opened]) is verdict([fails, opened]) is Verdict.REFUTED
    assert verdict([holds, opened]) is verdict([opened]) is verdict([]) is Verdict.UNDETERMINED
    parts = [part(holds, "a"), part(holds, "a"), part(opened, "c"), part(opened, "d"), part(given, "e")]
    assert reason([*parts, part(fails, "b")]) == "b; c; d; 2 more hold"


def test_the_least_level_is_that_of_the_weakest_condition_that_the_verdict_rests_on() -> None:
    strong, weak = part(Outcome.HOLDS, share=0.1), part(Outcome.HOLDS, share=0.8)
    assert least_alpha([strong, weak], 0.05) == pytest.approx(0.04)
    assert least_alpha([strong, part(Outcome.FAILS, share=0.9)], 0.05) == pytest.approx(0.045)
    refuted = [part(Outcome.FAILS, share=0.2), part(Outcome.FAILS, share=0.9), part(Outcome.OPEN)]
    assert least_alpha(refuted, 0.05) == pytest.approx(0.01)
    assert math.isnan(least_alpha([strong, part(Outcome.OPEN)], 0.05))
    # At the smallest share of its level a condition is judged as it was, and below it is open.
    values = np.random.default_rng(3).normal(1, 1, 20)
    judged = Condition((Quantity("x", [sample(*values)], mean_estimate, signed=True),), above("least", 0)).judge(0.05)
    assert judged.outcome is Outcome.HOLDS and 0 < judged.share < 1
    assert (
        mean_estimate(values, 0.05 * 0.5 * judged.share).low
        > 0
        > mean_estimate(values, 0.05 * 0.5 * judged.share / 1.02).low
    )


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.8612, 0.8604, 0.8619), "x +0.861 (+0.860 to +0.862)"),
        ((0.86, 0.5, 0.9), "x +0.86 (+0.50 to +0.90)"),
        ((-0.5, -0.5, -0.5), "x −0.50 (−0.50 to −0.50)"),
    ],
)
def test_an_interval_with_a_width_shows_it(ends: tuple[float, float, float], words: str) -> None:
    assert Quantity("x", [], mean_estimate, signed=True).words(Estimate(*ends, 1.0)) == words


def test_margins_at_which_a_verdict_flips() -> None:
    def alike(value: float, half: float, margin: float = 0.2) -> ConditionResult:
        ends = Estimate(value, value - half, value + half, 1.0)
        of = Quantity("x", [sample(*range(10))], lambda values, level: ends, signed=True)
        return Condition((of,), within("margin", margin)).judge(0.05)

    assert [flip.text for flip in flips([alike(0.42, 0.1)])] == ["undetermined with margin above 0.32"]
    assert [flip.text for flip in flips([alike(0.2, 0.1)])] == [
        "contradicted with margin below 0.1",
        "supported with margin above 0.3",
    ]
    # Of several conditions, the one that turns first; an interval across 0 never fails.
    found = flips([alike(0.0, 0.1), alike(0.05, 0.1)])
    assert [flip.text for flip in found] == ["undetermined with margin below 0.15"]
    # A margin below zero would be another question.
    ends = Estimate(0.1, -0.1, 0.3, 1.0)
    of = Quantity("x", [sample(*range(10))], lambda values, level: ends, signed=True)
    assert [flip.text for flip in flips([Condition((of,), below_minus("margin", 0.2)).judge(0.05)])] == [
        "undetermined with margin below 0.1"
    ]
    assert [flip.text for flip in flips([Condition((of,), below("most", -0.5)).judge(0.05)])] == [
        "undetermined with most above −0.1"
    ]
