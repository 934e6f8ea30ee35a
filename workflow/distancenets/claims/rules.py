"""The demands that claims make on models: each has its rule in words, and a condition on the evidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from distancenets.claims.conditions import Condition, Judged, Quantity, SameSide
from distancenets.claims.estimates import (
    Estimate,
    contrast,
    difference,
    mean_estimate,
    sd_estimate,
    spread_ratio,
)
from distancenets.claims.evidence import Evidence
from distancenets.claims.thresholds import (
    EQUIVALENCE,
    SPREAD_RATIO,
    Setting,
    Threshold,
    above,
    above_minus,
    below,
    below_minus,
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
        ratio = _points(evidence, name, self.models, spread_ratio, decimals=1)
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
        change = _points(evidence, name, (*biased, first, second), contrast, signed=True)
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
class OneModel:
    """A demand on one model, which is its subject."""

    model: str

    @property
    def models(self) -> tuple[str, ...]:
        """The paper's name of the model."""
        return (self.model,)

    @property
    def subject(self) -> str:
        """The paper's name of the model."""
        return self.model


@dataclass(frozen=True)
class HasStatedMean(OneModel):
    """The mean accuracy is within the equivalence margin of the mean that the claim states."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        return f"is within {EQUIVALENCE.of(evidence):g} points of the stated mean, {evidence.stated('mean'):g}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the mean."""
        mean = _points(evidence, f"mean of {self.model}", self.models, mean_estimate)
        return Condition((mean,), within(EQUIVALENCE.name, EQUIVALENCE.of(evidence), evidence.stated("mean")))


@dataclass(frozen=True)
class HasStatedSd(OneModel):
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


def _difference(evidence: Evidence, first: str, second: str) -> Quantity:
    return _points(evidence, f"{first} − {second} =", (first, second), difference, signed=True)


def _points(
    evidence: Evidence,
    name: str,
    models: Sequence[str],
    estimate: Callable[..., Estimate],
    signed: bool = False,
    decimals: int = 2,
) -> Quantity:
    """Return an estimate from accuracies, whose smallest SD is one test image."""
    samples = [evidence.accuracy(model) for model in models]
    return Quantity(name, samples, partial(estimate, least_sd=evidence.image), signed, decimals)
