"""How likely the next look decides, against studies that are extended to it."""

from collections.abc import Callable

import numpy as np
import pytest

from distancenets.claims.estimates import Estimate, mean_estimate, sd_estimate, share
from distancenets.claims.prospects import Chance, Prospect, alike, prospect, prospect_text, together
from distancenets.claims.thresholds import Outcome, Region

LEVEL = 0.0125
NORMAL = np.random.default_rng(5).normal(0, 1, 20)
NORMAL = (NORMAL - NORMAL.mean()) / NORMAL.std(ddof=1)


def extended(
    values: np.ndarray, truths: np.ndarray, sds: np.ndarray, region: Region, estimate: Callable[..., Estimate]
) -> float:
    """Return how often 40 seeds, 20 of them these values, decide; one study per truth and SD."""
    rng = np.random.default_rng(6)
    decided = [
        region.classify(estimate(np.concatenate([values, rng.normal(truth, sd, 20)]), LEVEL)) is not Outcome.OPEN
        for truth, sd in zip(truths, sds, strict=True)
    ]
    return float(np.mean(decided))


@pytest.mark.parametrize("region", [Region(-np.inf, 0.2), Region(-0.5, np.inf), Region(-0.8, 0.8), Region(0.5, np.inf)])
def test_the_chance_of_a_mean_is_that_of_extended_studies(region: Region) -> None:
    found = prospect(mean_estimate(NORMAL, LEVEL), 20, region, LEVEL, 40)
    assert found is not None and found.seeds == 40
    rng = np.random.default_rng(7)
    # What may be true, given these 20 runs: mean and SD as they follow from no other knowledge.
    sds = np.sqrt(19 / rng.chisquare(19, 1500))
    truths = rng.normal(0, sds / np.sqrt(20))
    assert extended(NORMAL, truths, sds, region, mean_estimate) == pytest.approx(found.expected.decides, abs=0.06)
    # The ends of the range: the truth at an end of an interval of 80 %.
    ends = [
        extended(NORMAL, np.full(800, truth), np.ones(800), region, mean_estimate)
        for truth in np.array([-1, 1]) * 1.328 / 20**0.5
    ]
    assert (min(ends), max(ends)) == pytest.approx((found.least.decides, found.most.decides), abs=0.06)


def test_the_chance_of_an_sd_is_that_of_extended_studies() -> None:
    region = Region(-np.inf, 1.5)
    found = prospect(sd_estimate(NORMAL, LEVEL), 20, region, LEVEL, 40)
    assert found is not None
    rng = np.random.default_rng(8)
    sds = np.sqrt(19 / rng.chisquare(19, 1500))
    assert extended(NORMAL, np.zeros(1500), sds, region, sd_estimate) == pytest.approx(found.expected.decides, abs=0.06)


def test_no_dead_node_so_far_is_decided_by_as_many_seeds_as_it_takes() -> None:
    found = {seeds: share(np.zeros(seeds), LEVEL).high for seeds in (20, 40)}
    for limit in np.linspace(0.05, 0.3, 26):
        ahead = prospect(share(np.zeros(20), LEVEL), 20, Region(-np.inf, limit), LEVEL, 40)
        assert ahead is not None
        if abs(limit - found[40]) > 0.01:
            assert ahead.expected.decides == float(found[40] < limit)


def test_an_estimate_on_the_edge_cannot_be_decided() -> None:
    on_edge = prospect(mean_estimate(NORMAL, LEVEL), 20, Region(-np.inf, 0.01), LEVEL, 40)
    beside = prospect(mean_estimate(NORMAL, LEVEL), 20, Region(-np.inf, 0.2), LEVEL, 40)
    assert on_edge is not None and beside is not None
    assert not on_edge.decidable and beside.decidable
    assert prospect_text(on_edge) == "cannot be decided at this margin: the estimate is on its edge"
    assert prospect_text(beside).startswith("the next look, at 40 seeds, decides with probability 0.")
    assert prospect(mean_estimate(np.ones(10), LEVEL), 10, Region(0, 1), LEVEL, 20) is None


def test_a_claim_is_decided_if_all_conditions_hold_or_one_fails() -> None:
    one = Prospect(20, Chance(0.5, 0.1), Chance(0.2, 0.0), Chance(0.6, 0.3), True)
    other = Prospect(40, Chance(0.8, 0.0), Chance(0.4, 0.0), Chance(1.0, 0.0), False)
    both = together([one, other])
    assert both.seeds == 40 and not both.decidable
    assert both.expected == pytest.approx((0.4, 0.1)) and both.most.decides == pytest.approx(0.9)
    # Of two that must lie on the same side of a margin: both within, or both beyond and of one sign.
    assert alike(one, other).expected == pytest.approx((0.5 * 0.8, 0.1 * 0.8))
    assert alike(one, one).expected == pytest.approx((0.26, 0.1))
    assert alike(one, one._replace(positive=False)).expected == pytest.approx((0.25, 0.11))
