"""Conditions that a claim is made of, and how each is judged: it holds, it fails, or it stays open."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from distancenets.claims.estimates import Estimate, runs_needed


class Outcome(StrEnum):
    """What the runs say about one condition."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


class Region(NamedTuple):
    """Where an estimate must lie for its condition to hold; ends may be infinite."""

    low: float
    high: float

    def place(self, estimate: Estimate) -> Outcome:
        """Return holds for an interval inside the region, fails for one outside, open for one across an edge."""
        if math.isnan(estimate.low) or math.isnan(estimate.high):
            return Outcome.OPEN
        if self.low < estimate.low and estimate.high < self.high:
            return Outcome.HOLDS
        return Outcome.FAILS if estimate.high < self.low or estimate.low > self.high else Outcome.OPEN

    def gap(self, estimate: Estimate) -> float:
        """Return the distance from the estimate's value to the nearest edge, on the axis of its scale."""
        value = estimate.axis(estimate.value)
        return min(abs(value - estimate.axis(edge)) for edge in self if math.isfinite(edge))


@dataclass(frozen=True)
class Part:
    """One judged condition: its outcome, the numbers in words, and the runs at which an open one would be told.

    `measured` is the part of `text` that does not depend on what is asked.
    """

    outcome: Outcome
    text: str
    runs_needed: int | None = None
    measured: str = ""


class Judged(Protocol):
    """Anything that can be judged at a level."""

    def judge(self, level: float, power: float) -> Part:
        """Return the outcome when each wrong answer may come with probability `level`."""
        ...


@dataclass(frozen=True)
class Condition:
    """An estimate that has to lie in a region.

    `estimate` takes the one-sided level, `measured` puts the estimate into words, `asked` the region.
    """

    estimate: Callable[[float], Estimate]
    measured: Callable[[Estimate], str]
    region: Region
    asked: str

    def judge(self, level: float, power: float) -> Part:
        """Return the outcome at the one-sided `level`."""
        estimate = self.estimate(level)
        outcome = self.region.place(estimate)
        measured = self.measured(estimate)
        text = f"{measured}, {_LINKS[outcome]}{self.asked}"
        if outcome is not Outcome.OPEN:
            return Part(outcome, text, measured=measured)
        needed = runs_needed(self.region.gap(estimate), estimate.scale, level, power)
        return Part(outcome, text, needed, measured)


@dataclass(frozen=True)
class SameSide:
    """Two estimates that have to lie on the same side of a margin: both within, both below or both above it."""

    first: Callable[[float], Estimate]
    second: Callable[[float], Estimate]
    measured: Callable[[Estimate, Estimate], str]
    margin: float

    def judge(self, level: float, power: float) -> Part:
        """Return the outcome; each of the two is judged at half the `level`."""
        estimates = self.first(level / 2), self.second(level / 2)
        sides = [self._side(estimate) for estimate in estimates]
        text = self.measured(*estimates)
        if None not in sides:
            same = sides[0] == sides[1]
            outcome = Outcome.HOLDS if same else Outcome.FAILS
            return Part(outcome, f"{text}, {'alike' if same else 'not alike'}", measured=text)
        edges = Region(-self.margin, self.margin)
        needed = [
            runs_needed(edges.gap(estimate), estimate.scale, level / 2, power)
            for estimate, side in zip(estimates, sides, strict=True)
            if side is None
        ]
        known = [count for count in needed if count is not None]
        most = max(known) if len(known) == len(needed) else None
        return Part(Outcome.OPEN, f"{text}, undecided", most, text)

    def _side(self, estimate: Estimate) -> int | None:
        regions = (
            (-1, Region(-math.inf, -self.margin)),
            (0, Region(-self.margin, self.margin)),
            (1, Region(self.margin, math.inf)),
        )
        return next((side for side, region in regions if region.place(estimate) is Outcome.HOLDS), None)


def signed(value: float) -> str:
    """Return `value` with its sign and two decimals, such as +0.38 or −12.70."""
    return f"{value:+z.2f}".replace("-", "−")


def with_interval(estimate: Estimate) -> str:
    """Return an estimate and its interval in words, two decimals and signs."""
    if math.isnan(estimate.low):
        return signed(estimate.value)
    return f"{signed(estimate.value)} ({signed(estimate.low)} to {signed(estimate.high)})"


_LINKS = {Outcome.HOLDS: "", Outcome.FAILS: "not ", Outcome.OPEN: "undecided whether "}
