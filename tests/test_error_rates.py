"""How often the verdicts are wrong, over simulated studies with a known truth."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from distancenets.claims.evidence import Evidence
from distancenets.claims.judgement import judged_parts
from distancenets.claims.register import REGISTER
from distancenets.claims.verdicts import Verdict, verdict
from distancenets.configuration.claims import ClaimsSettings
from worlds import AS_CLAIMED, RECORD, Truth, series, study


def simulated(
    number: int, truth: Truth, studies: int, seed: int, draw: Callable[..., np.ndarray] | None = None, seeds: int = 20
) -> dict[str, float]:
    """Return how often each verdict comes out; the models of one seed share a part of their luck."""
    rng = np.random.default_rng(seed)
    claim, of = next(claim for claim in REGISTER if claim.number == number), study()
    about = next(entry for entry in RECORD.claims if entry.id == number)
    found = dict.fromkeys(map(str, Verdict), 0.0)
    for _ in range(studies):
        shared = rng.normal(0, 0.1, seeds)
        accuracies = {}
        for name in claim.models:
            mean, sd = truth[name]
            deviations = rng.normal(0, 1, seeds) if draw is None else draw(rng, seeds)
            own = math.sqrt(sd**2 - 0.01) * deviations + shared if sd > 0.1 else sd * deviations
            accuracies[name] = series(mean + own)
        evidence = Evidence(accuracies, about, of.claims, of.statistics)
        found[verdict(judged_parts(claim, evidence))] += 1 / studies
    return found


def at_most(share: float, allowed: float, studies: int) -> bool:
    """Whether a share is no larger than chance makes of `allowed` in all but one of 10,000 cases."""
    return share <= stats.binom(studies, allowed).ppf(1 - 1e-4) / studies


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    return (rng.gamma(2.0, 1.0, n) - 2) / math.sqrt(2)


ALPHA = 0.05


@pytest.mark.parametrize("draw", [None, skewed])
def test_no_difference_is_hardly_ever_contradicted(draw: Callable[..., np.ndarray] | None) -> None:
    found = simulated(1, {"ReLU": (95.5, 0.17), "Abs": (95.5, 0.17)}, 1000, 1, draw)
    assert found["contradicted"] == 0.0, found
    assert found["supported"] >= 0.9, found


@pytest.mark.parametrize("edge", [-0.2, 0.2])
def test_a_difference_at_the_margin_is_misjudged_no_more_often_than_alpha(edge: float) -> None:
    found = simulated(1, {"ReLU": (95.5 + edge, 0.17), "Abs": (95.5, 0.17)}, 1000, 2)
    assert at_most(found["contradicted"], ALPHA, 1000), found
    assert at_most(found["supported"], ALPHA, 1000), found
    # The level is used up, not only kept: either error comes out at about alpha.
    assert found["contradicted"] >= 0.02 and found["supported"] >= 0.02, found


def test_a_real_difference_is_contradicted_with_power() -> None:
    found = simulated(1, {"ReLU": (95.64, 0.19), "Abs": (95.26, 0.19)}, 500, 3)
    assert found["contradicted"] >= 0.8 and found["supported"] == 0, found


def test_a_failure_at_the_margin_and_a_real_one() -> None:
    at_margin = {"ReLU": (95.5, 0.17), "ReLU2": (85.5, 12.0)}
    found = simulated(2, at_margin, 500, 4)
    # The spread is far larger in truth and the mean at the edge: neither verdict more often than alpha.
    assert at_most(found["supported"], ALPHA, 500) and at_most(found["mixed"], ALPHA, 500), found
    as_printed = {"ReLU": (95.64, 0.19), "ReLU2": (47.2, 12.0)}
    assert simulated(2, as_printed, 200, 5)["supported"] >= 0.95


def test_equal_spreads_are_hardly_ever_called_far_larger() -> None:
    found = simulated(2, {"ReLU": (95.5, 0.5), "ReLU2": (40.0, 1.5)}, 500, 6)
    assert at_most(found["supported"] + found["mixed"], ALPHA, 500), found
    assert simulated(2, {"ReLU": (95.5, 0.5), "ReLU2": (40.0, 0.5)}, 200, 7)["supported"] == 0


def test_a_true_sd_at_the_bound_is_misjudged_no_more_often_than_alpha() -> None:
    bound = 0.14 * ClaimsSettings().spread_tolerance
    truth = dict.fromkeys(("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg"), (97.5, bound))
    found = simulated(12, truth, 500, 8)
    wrong = found["supported"] + found["contradicted"] + found["mixed"]
    # Four conditions, each in either direction at alpha / 4.
    assert at_most(wrong, 2 * ALPHA, 500), found
    printed = {name: (97.5, sd) for name, sd in zip(truth, (0.13, 0.14, 0.07, 0.09), strict=True)}
    assert simulated(12, printed, 200, 9)["supported"] >= 0.8


def test_a_bias_without_effect_is_not_contradicted_nor_mixed() -> None:
    found = simulated(6, AS_CLAIMED, 150, 10)
    assert at_most(found["contradicted"] + found["mixed"], ALPHA, 150), found
    assert found["supported"] >= 0.5, found
