"""Thresholds: settings, the regions that they define, and whether an estimate is inside."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from distancenets.claims.estimates import Estimate
from distancenets.claims.evidence import Evidence


class Outcome(StrEnum):
    """The outcome of one condition; a given condition needs no run."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"
    GIVEN = "given"


class Region(NamedTuple):
    """The region in which a condition holds; ends may be infinite."""

    low: float
    high: float

    def classify(self, estimate: Estimate) -> Outcome:
        """Return holds for an interval inside the region, fails for one outside, open across an edge or if unknown."""
        if math.isnan(estimate.low) or math.isnan(estimate.high):
            return Outcome.OPEN
        if self.low < estimate.low and estimate.high < self.high:
            return Outcome.HOLDS
        return Outcome.FAILS if estimate.high < self.low or estimate.low > self.high else Outcome.OPEN


@dataclass(frozen=True)
class Threshold:
    """A threshold and the region that it asks for.

    `setting` is its name and `asked` its region, both in words. `region` returns the region for any value of the
    threshold. `edge` returns the value that places the region's edge at an estimate.
    """

    setting: str
    value: float
    region: Callable[[float], Region]
    edge: Callable[[float], float]
    asked: str


class Setting(NamedTuple):
    """A setting of the study that defines a threshold: its name in words, and its value."""

    name: str
    of: Callable[[Evidence], float]

    def threshold(self, kind: Callable[[str, float], Threshold], evidence: Evidence) -> Threshold:
        """Return the threshold of this `kind`, such as `above`."""
        return kind(self.name, self.of(evidence))


EQUIVALENCE = Setting("equivalence margin", lambda evidence: evidence.statistics.equivalence_margin)
FAILURE = Setting("failure margin", lambda evidence: evidence.claims.failure_margin)
SPREAD_RATIO = Setting("spread ratio", lambda evidence: evidence.claims.spread_ratio)
DEAD_SHARE = Setting("share of dead nodes", lambda evidence: evidence.claims.dead_share)
DEAD_CORRELATION = Setting("rank correlation with dead nodes", lambda evidence: evidence.claims.dead_correlation)
OVERLAP = Setting("overlap", lambda evidence: evidence.claims.overlap)
DIFFERING_NODES = Setting("share of differing nodes", lambda evidence: evidence.claims.differing_nodes)
AGREEMENT = Setting("agreement", lambda evidence: evidence.claims.agreement)
GAIN = Setting("gain over a control", lambda _: 0.0)
PREFERENCE = Setting("preference", lambda _: 0.0)


def within(setting: str, margin: float, of: float = 0.0) -> Threshold:
    """Return the region within ± `margin` of the value `of`."""
    return Threshold(
        setting,
        margin,
        lambda value: Region(of - value, of + value),
        lambda estimate: abs(estimate - of),
        f"within {of:g} ± {margin:g}" if of else f"within ±{margin:g}",
    )


def above(setting: str, least: float) -> Threshold:
    """Return the region above `least`."""
    return Threshold(setting, least, lambda value: Region(value, math.inf), float, f"above {number(least)}")


def below(setting: str, most: float) -> Threshold:
    """Return the region below `most`."""
    return Threshold(setting, most, lambda value: Region(-math.inf, value), float, f"below {number(most)}")


def above_minus(setting: str, margin: float) -> Threshold:
    """Return the region above −`margin`."""
    return Threshold(
        setting, margin, lambda value: Region(-value, math.inf), lambda estimate: -estimate, f"above −{margin:g}"
    )


def below_minus(setting: str, margin: float) -> Threshold:
    """Return the region below −`margin`."""
    return Threshold(
        setting, margin, lambda value: Region(-math.inf, -value), lambda estimate: -estimate, f"below −{margin:g}"
    )


def number(value: float) -> str:
    """Return `value` in up to three significant digits, with a typographic minus."""
    return f"{value:.3g}".replace("-", "−")
