"""The demands that claims make on models: each has its rule in words, and a condition on the evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from distancenets.claims.conditions import Condition, Given, Judged, Quantity, SameSide, signed
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
from distancenets.claims.evidence import Evidence, Sample
from distancenets.claims.thresholds import (
    DEAD_CORRELATION,
    DEAD_SHARE,
    EQUIVALENCE,
    SPREAD_RATIO,
    Setting,
    Threshold,
    above,
    above_minus,
    below,
    below_minus,
    number,
    within,
)


class Demand(Protocol):
    """One demand of a claim: its models, its subject, its rule in words, and its condition."""

    @property
    def models(self) -> tuple[str, ...]:
        """The paper's names of the models that it needs."""
        ...

    @property
    def subject(self) -> str:
        """Its subject in words; the rule names all subjects of equal demands in one clause."""
        ...

    def asks(self, evidence: Evidence) -> str:
        """Return the demand on the subject in words, beginning with a verb."""
        ...

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition, with samples and threshold from `evidence`."""
        ...


@dataclass(frozen=True)
class _Pair:
    model: str
    other: str

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model, self.other)

    @property
    def subject(self) -> str:
        return self.model


@dataclass(frozen=True)
class MeanDifference(_Pair):
    """The difference of two models' mean accuracies over paired seeds, against a margin; `words` is the rule."""

    words: str
    kind: Callable[[str, float], Threshold]
    by: Setting

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        return self.words.format(margin=self.by.of(evidence), other=self.other)

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the paired difference."""
        return Condition((_difference(evidence, *self.models),), self.by.threshold(self.kind, evidence))


# Each takes a model and another; all but the first take the margin, `by`.
Equivalent = partial(
    MeanDifference, words="differs from {other} by less than {margin:g} points", kind=within, by=EQUIVALENCE
)
Below = partial(MeanDifference, words="is more than {margin:g} points below {other}", kind=below_minus)
NotBelow = partial(MeanDifference, words="is not {margin:g} points or more below {other}", kind=above_minus)
Above = partial(MeanDifference, words="is more than {margin:g} points above {other}", kind=above)


@dataclass(frozen=True)
class SpreadsMore(_Pair):
    """The accuracies of one model vary far more over seeds than the accuracies of another."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        times = f"more than {SPREAD_RATIO.of(evidence):g} times as far"
        return f"spreads over seeds (mean distance from the median) {times} as {self.other}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the ratio of spreads."""
        name = f"{self.model} / {self.other} ratio of mean distances from the median"
        ratio = _points(evidence, name, self.models, spread_ratio, number)
        return Condition((ratio,), SPREAD_RATIO.threshold(above, evidence))


@dataclass(frozen=True)
class SameDifferenceWithBias(_Pair):
    """A bias changes the difference of two models, within seeds, by less than the equivalence margin."""

    @property
    def models(self) -> tuple[str, ...]:
        """The two models without a bias, then with one."""
        return (self.model, self.other, f"{self.model}_Bias", f"{self.other}_Bias")

    @property
    def subject(self) -> str:
        """The difference of the two models."""
        return f"{self.model} − {self.other}"

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        return f"changes with a bias, within seeds, by less than {EQUIVALENCE.of(evidence):g} points"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the contrast."""
        first, second, *biased = self.models
        name = f"({' − '.join(biased)}) − ({first} − {second}) ="
        change = _points(evidence, name, (*biased, first, second), contrast, signed)
        return Condition((change,), EQUIVALENCE.threshold(within, evidence))


@dataclass(frozen=True)
class SameSideWithBias(SameDifferenceWithBias):
    """The difference of two models is on the same side of the equivalence margin without and with a bias."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        margin = EQUIVALENCE.of(evidence)
        return f"is on the same side (lower, higher, or within ±{margin:g} points) without and with a bias"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on both differences."""
        plain, biased = self.models[:2], self.models[2:]
        both = _difference(evidence, *plain), _difference(evidence, *biased)
        return SameSide(both, EQUIVALENCE.threshold(within, evidence))


@dataclass(frozen=True)
class _One:
    model: str

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    @property
    def subject(self) -> str:
        return self.model


@dataclass(frozen=True)
class HasStatedMean(_One):
    """The mean accuracy is within the equivalence margin of the mean that the claim states."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        return f"is within {EQUIVALENCE.of(evidence):g} points of the stated mean, {evidence.stated('mean'):g}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the mean."""
        mean = _points(evidence, f"mean of {self.model}", self.models, mean_estimate)
        return Condition((mean,), within(EQUIVALENCE.name, EQUIVALENCE.of(evidence), evidence.stated("mean")))


@dataclass(frozen=True)
class HasStatedSd(_One):
    """The true SD over seeds is below the SD that the claim states, times a tolerance."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        times = f"{evidence.claims.spread_tolerance:g} times the stated {evidence.stated('sd'):g}"
        return f"has a true SD over seeds of less than {self._most(evidence):g} points, {times}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the SD."""
        sd = _points(evidence, f"sample SD of {self.model}", self.models, sd_estimate)
        return Condition((sd,), below("largest SD", self._most(evidence)))

    def _most(self, evidence: Evidence) -> float:
        return evidence.stated("sd") * evidence.claims.spread_tolerance


@dataclass(frozen=True)
class DeadOutputs(_One):
    """The share of output nodes that are never active, over nodes and seeds, is above or below the setting."""

    kind: Callable[[str, float], Threshold]

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        than = "more" if self.kind is above else "less"
        images = f"{evidence.claims.activity_split} images"
        return f"has {than} than {100 * DEAD_SHARE.of(evidence):g} % of its output nodes never active on {images}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the share."""
        sample, name = evidence.dead_outputs(self.model), f"share of dead output nodes of {self.model}"
        dead = Quantity(name, [sample], share, "{:.3f}".format)
        return Condition((dead,), DEAD_SHARE.threshold(self.kind, evidence))


@dataclass(frozen=True)
class FallsWithDeadOutputs(_One):
    """Accuracy over seeds falls with the share of dead output nodes."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        asked = DEAD_CORRELATION.threshold(below, evidence).asked
        return f"has a lower accuracy in seeds with a larger share of these nodes (rank correlation {asked})"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the rank correlation."""
        name = f"rank correlation of accuracy and dead output nodes of {self.model}"
        samples = [evidence.accuracy(self.model), evidence.dead_outputs(self.model)]
        return Condition((Quantity(name, samples, correlation, signed),), DEAD_CORRELATION.threshold(below, evidence))


@dataclass(frozen=True)
class CannotDie(_One):
    """No output node can be dead, by algebra."""

    why: str

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        return f"cannot have a dead output node: {self.why}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition that follows from algebra."""
        return Given(f"{self.model} {self.asks(evidence)}", evidence.dead_outputs(self.model))


@dataclass(frozen=True)
class Measured(_One):
    """A measurement of a model is above or below a setting on average over seeds.

    `name` is the quantity, `words` the rule, beginning with a verb. `source` is a table and its column; `rows` maps
    columns to the values of the chosen rows. With a `control`, the gain over the rows with its values is judged.
    """

    name: str
    words: str
    source: tuple[str, str]
    kind: Callable[[str, float], Threshold]
    setting: Setting
    estimate: Callable[..., Estimate] = mean_estimate
    rows: Mapping[str, str] = field(default_factory=dict)
    control: Mapping[str, str] | None = None

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        without = self.control or not self.setting.of(evidence)
        return self.words if without else f"{self.words} {self._threshold(evidence).asked}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the mean, or on the gain."""
        samples, estimate = [self._sample(evidence, self.rows)], self.estimate
        if self.control is not None:
            samples, estimate = [*samples, self._sample(evidence, {**self.rows, **self.control})], difference
        name = self.name.format(self.model)
        return Condition((Quantity(name, samples, estimate, signed),), self._threshold(evidence))

    def _sample(self, evidence: Evidence, rows: Mapping[str, str]) -> Sample:
        return evidence.measured(*self.source, self.model, **rows)

    def _threshold(self, evidence: Evidence) -> Threshold:
        return self.setting.threshold(self.kind, evidence)


def _difference(evidence: Evidence, first: str, second: str) -> Quantity:
    return _points(evidence, f"{first} − {second} =", (first, second), difference, signed)


def _points(
    evidence: Evidence,
    name: str,
    models: Sequence[str],
    estimate: Callable[..., Estimate],
    form: Callable[[float], str] = "{:.2f}".format,
) -> Quantity:
    """Return an estimate from accuracies, whose smallest SD is one test image."""
    samples = [evidence.accuracy(model) for model in models]
    return Quantity(name, samples, partial(estimate, least_sd=evidence.image), form)
