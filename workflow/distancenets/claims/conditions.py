"""The conditions of a claim, and how each is judged: it holds, fails or is open."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from distancenets.claims.estimates import Estimate
from distancenets.claims.evidence import Sample
from distancenets.claims.prospects import AHEAD, Prospect, alike, prospect
from distancenets.claims.thresholds import Outcome, Region, Threshold
from distancenets.statistics.looks import Look, complete_seeds, look, next_looks
from distancenets.words import listed

# Smaller shares of a level are not distinguished.
LEAST_SHARE = 1e-9
# An interval of two values is too wide to plan with.
LEAST_TO_PLAN = 3


@dataclass(frozen=True)
class ConditionResult:
    """One judged condition.

    `text` states the outcome with its numbers, `measured` the numbers alone, without the threshold. `look` is the look
    that was judged, None before the first. `outcome_at` returns the outcome for another value of `threshold`; the
    outcome changes at `turns`. `share` is the smallest share of the level with the same outcome, NaN if it is open.
    `prospects` are the prospects of the next looks at an open condition, empty if too little is known.
    """

    outcome: Outcome
    text: str
    measured: str = ""
    look: Look | None = None
    threshold: Threshold | None = None
    turns: Sequence[float] = ()
    outcome_at: Callable[[float], Outcome] | None = field(default=None, compare=False)
    share: float = math.nan
    prospects: Sequence[Prospect] = ()


class Judged(Protocol):
    """Anything that can be judged at a level."""

    @property
    def samples(self) -> Sequence[Sample]:
        """The samples that decide it, one value per seed."""
        ...

    def judge(self, level: float) -> ConditionResult:
        """Return the outcome; each wrong outcome has at most the probability `level` over all looks."""
        ...


@dataclass(frozen=True)
class Quantity:
    """A quantity over seeds: its `name` in texts, and its `estimate` from one value per seed and a one-sided level."""

    name: str
    samples: Sequence[Sample]
    estimate: Callable[..., Estimate]
    signed: bool = False
    decimals: int = 2

    def at(self, seeds: int, level: float) -> Estimate:
        """Return the estimate from seeds 0 … `seeds` − 1, each end at the one-sided `level`."""
        values = (sample.values.loc[: seeds - 1].to_numpy(np.float64) for sample in self.samples)
        return self.estimate(*values, level)

    def so_far(self, seeds: int) -> str:
        """Return the value before the first look in words; empty if it is unknown."""
        value = self.at(seeds, 0.5).value if seeds else math.nan
        return "" if math.isnan(value) else f"{self.name} {self._written(value)} ({seeds} seed{'s' * (seeds > 1)})"

    def words(self, estimate: Estimate) -> str:
        """Return the estimate and its interval in words."""
        if math.isnan(estimate.low):
            value = "unknown" if math.isnan(estimate.value) else self._written(estimate.value)
            return f"{self.name} {value} (no interval: too little spread)"
        # More decimals for a narrow interval, which would look like a point.
        numbers = (estimate.value, estimate.low, estimate.high)
        texts = [[self._written(number, more) for number in numbers] for more in range(3)]
        value, low, high = next((each for each in texts if each[1] != each[2]), texts[0])
        return f"{self.name} {value} ({low} to {high})"

    def _written(self, value: float, more: int = 0) -> str:
        """Return `value` with its decimals and some `more`, such as +0.38 or −12.70."""
        return f"{value:{'+' * self.signed}z.{self.decimals + more}f}".replace("-", "−")


@dataclass(frozen=True)
class Condition:
    """A quantity that must be in the region of a threshold."""

    quantities: tuple[Quantity, ...]
    threshold: Threshold

    @property
    def samples(self) -> list[Sample]:
        """The samples that decide it, one value per seed."""
        return [sample for quantity in self.quantities for sample in quantity.samples]

    def judge(self, level: float) -> ConditionResult:
        """Return the outcome at the last look that all samples have passed.

        The one-sided `level` covers all looks; several quantities share it equally.
        """
        seeds = complete_seeds([sample.values.index for sample in self.samples])
        passed = look(seeds)
        if passed is None:
            names = " and ".join(quantity.name.removesuffix(" =") for quantity in self.quantities)
            text = f"{names} {self.threshold.asked}: {_lacks(self.samples)}"
            measured = "; ".join(filter(None, (quantity.so_far(seeds) for quantity in self.quantities)))
            return ConditionResult(
                Outcome.OPEN, text, measured, threshold=self.threshold, prospects=self.prospects(seeds, level)
            )
        value = self.threshold.value
        now = self._estimates(passed.seeds, level * passed.share)
        outcome = self.outcome(now, value)
        measured = " and ".join(quantity.words(each) for quantity, each in zip(self.quantities, now, strict=True))
        part = ConditionResult(
            outcome,
            self.words(outcome, measured),
            measured,
            passed,
            self.threshold,
            sorted({self.threshold.edge(end) for each in now for end in (each.low, each.high) if math.isfinite(end)}),
            lambda other: self.outcome(now, other),
        )
        if outcome is Outcome.OPEN:
            return replace(part, prospects=self.prospects(seeds, level))

        def same(share: float) -> bool:
            return self.outcome(self._estimates(passed.seeds, level * passed.share * share), value) is outcome

        return replace(part, share=_least_share(same))

    def outcome(self, estimates: Sequence[Estimate], value: float) -> Outcome:
        """Return the outcome for a `value` of the threshold."""
        return self.threshold.region(value).classify(estimates[0])

    def words(self, outcome: Outcome, measured: str) -> str:
        """Return the measured numbers and the outcome in words."""
        return f"{measured}, {_LINKS[outcome]}{self.threshold.asked}"

    def prospects(self, seeds: int, level: float) -> list[Prospect]:
        """Return the prospects of the looks after `seeds` complete seeds; none if too little is known."""
        found = [self._prospects(seeds, level, planned) for planned in next_looks(seeds, AHEAD)]
        return [self.joint(each) for each in found if each]

    def joint(self, prospects: Sequence[Prospect]) -> Prospect:
        """Return the prospect of a look from the prospects of its quantities."""
        return prospects[0]

    def _estimates(self, seeds: int, level: float) -> list[Estimate]:
        return [quantity.at(seeds, level / len(self.quantities)) for quantity in self.quantities]

    def _prospects(self, seeds: int, level: float, planned: Look) -> list[Prospect]:
        """Return the prospect of each quantity; none if one of them is unknown."""
        if seeds < LEAST_TO_PLAN:
            return []
        region, share = self.threshold.region(self.threshold.value), level * planned.share
        found = [
            prospect(each, seeds, region, share / len(self.quantities), planned.seeds)
            for each in self._estimates(seeds, share)
        ]
        known = [each for each in found if each is not None]
        return known if len(known) == len(found) else []


@dataclass(frozen=True)
class SameSide(Condition):
    """Two quantities that must be on the same side of a margin: both within, both below or both above it."""

    def outcome(self, estimates: Sequence[Estimate], value: float) -> Outcome:
        """Return the outcome for a `value` of the margin."""
        sides = [_side(estimate, value) for estimate in estimates]
        if None in sides:
            return Outcome.OPEN
        return Outcome.HOLDS if sides[0] == sides[1] else Outcome.FAILS

    def words(self, outcome: Outcome, measured: str) -> str:
        """Return the measured numbers and whether both are on the same side, in words."""
        sides = {Outcome.HOLDS: "on the same side", Outcome.FAILS: "on different sides"}
        return f"{measured}, {sides.get(outcome, 'inconclusive: a side is unknown')}"

    def joint(self, prospects: Sequence[Prospect]) -> Prospect:
        """Return the prospect of a look, with independent quantities; it decides if both sides are known."""
        return alike(*prospects)


@dataclass(frozen=True)
class Given:
    """A condition that follows from a model's definition; `measured` counts the runs that contradict it."""

    text: str
    sample: Sample

    @property
    def samples(self) -> Sequence[Sample]:
        """None: it needs no seeds."""
        return ()

    def judge(self, level: float) -> ConditionResult:
        """Return that it is given, or that it fails if a run contradicts it."""
        seen = self.sample.values
        if seen.empty:
            return ConditionResult(Outcome.GIVEN, self.text)
        found = int((seen > 0).sum())
        measured = f"seen in {found} of {seen.size} runs"
        return ConditionResult(Outcome.FAILS if found else Outcome.GIVEN, f"{self.text}; {measured}", measured)


def lacking(samples: Iterable[Sample]) -> list[Sample]:
    """Return the `samples` with fewer complete seeds than the first look needs."""
    return [sample for sample in samples if look(sample.seeds) is None]


def _lacks(samples: Iterable[Sample]) -> str:
    """Return in words what `samples` lack for the first look."""
    names: dict[str, dict[str, None]] = {}
    for sample in lacking(samples):
        names.setdefault(sample.lack, {})[sample.model if not sample.trained else sample.name] = None
    return "; ".join(f"{listed([*found])}: {lack}" for lack, found in names.items())


def _least_share(same: Callable[[float], bool]) -> float:
    """Return the smallest share of the level with the `same` outcome, to 1 % of its value."""
    low, high = math.log(LEAST_SHARE), 0.0
    if same(LEAST_SHARE):
        return LEAST_SHARE
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if same(math.exp(middle)) else (middle, high)
    return math.exp(high)


def _side(estimate: Estimate, margin: float) -> int | None:
    regions = ((-1, Region(-math.inf, -margin)), (0, Region(-margin, margin)), (1, Region(margin, math.inf)))
    return next((side for side, region in regions if region.classify(estimate) is Outcome.HOLDS), None)


_LINKS = {Outcome.HOLDS: "", Outcome.FAILS: "not ", Outcome.OPEN: "inconclusive: may or may not be "}
