"""The demands that claims make on measurements of models, such as the share of dead output nodes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from distancenets.claims.conditions import Condition, Given, Judged, Quantity
from distancenets.claims.estimates import (
    Estimate,
    correlation,
    difference,
    mean_estimate,
    share,
)
from distancenets.claims.evidence import Evidence, Sample
from distancenets.claims.rules import OneModel
from distancenets.claims.thresholds import (
    DEAD_CORRELATION,
    DEAD_SHARE,
    Setting,
    Threshold,
    above,
    below,
)


@dataclass(frozen=True)
class DeadOutputs(OneModel):
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
        dead = Quantity(name, [sample], share, decimals=3)
        return Condition((dead,), DEAD_SHARE.threshold(self.kind, evidence))


@dataclass(frozen=True)
class FallsWithDeadOutputs(OneModel):
    """Accuracy over seeds falls with the share of dead output nodes."""

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        asked = DEAD_CORRELATION.threshold(below, evidence).asked
        return f"has a lower accuracy in seeds with a larger share of these nodes (rank correlation {asked})"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition on the rank correlation."""
        name = f"rank correlation of accuracy and dead output nodes of {self.model}"
        samples = [evidence.accuracy(self.model), evidence.dead_outputs(self.model)]
        return Condition(
            (Quantity(name, samples, correlation, signed=True),), DEAD_CORRELATION.threshold(below, evidence)
        )


@dataclass(frozen=True)
class CannotDie(OneModel):
    """No output node can be dead, by algebra."""

    why: str

    def asks(self, evidence: Evidence) -> str:
        """Return the demand in words."""
        return f"cannot have a dead output node: {self.why}"

    def condition(self, evidence: Evidence) -> Judged:
        """Return the condition that follows from algebra."""
        return Given(f"{self.model} {self.asks(evidence)}", evidence.dead_outputs(self.model))


@dataclass(frozen=True)
class Measured(OneModel):
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
        return Condition((Quantity(name, samples, estimate, signed=True),), self._threshold(evidence))

    def _sample(self, evidence: Evidence, rows: Mapping[str, str]) -> Sample:
        return evidence.measured(*self.source, self.model, **rows)

    def _threshold(self, evidence: Evidence) -> Threshold:
        return self.setting.threshold(self.kind, evidence)
