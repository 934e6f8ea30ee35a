"""The registry: every model by its axes. No other module lists models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from distancenets.errors import UserError
from distancenets.models.activations import ACTIVATIONS, Activation
from distancenets.models.heads import HEADS, Head
from distancenets.models.representations import REPRESENTATIONS, Representation

if TYPE_CHECKING:
    from torch import Tensor

    from distancenets.models.heads import OffsetL2Form, Parameters


@dataclass(frozen=True)
class Model:
    """One model: an activation, a head and a representation."""

    activation: Activation
    head: Head
    representation: Representation

    @property
    def architecture(self) -> str:
        """The name of activation and head together, such as `relu_l2`."""
        return self.activation.name + self.head.suffix

    @property
    def paper_name(self) -> str:
        """The name the paper prints, such as ReLU2-Neg."""
        return self.head.paper_names[self.representation.name].format(self.activation.paper_name)

    @property
    def formula(self) -> str:
        """The outputs as a formula of the hidden features h."""
        if self.head.non_negative:
            return ("−" if self.representation.sign < 0 else "") + self.head.formula
        return self.representation.formula.format(self.head.formula)

    def outputs(self, pre_activations: Tensor, head: Parameters, form: OffsetL2Form) -> Tensor:
        """Return the network's outputs, S × C × N, from the first layer's pre-activations, S × H × N."""
        return self.constrained(self.scores(pre_activations, head, form))

    def constrained(self, scores: Tensor) -> Tensor:
        """Return the head's scores under the representation's output constraint."""
        if not self.representation.constrained:
            return scores
        return self.representation.sign * (scores if self.head.non_negative else self.activation.function(scores))

    def scores(self, pre_activations: Tensor, head: Parameters, form: OffsetL2Form) -> Tensor:
        """Return the head's scores before the output constraint, S × C × N."""
        return self.head.scores(self.activation.function(pre_activations), head, form)


def models() -> list[Model]:
    """Return every model: all activations × heads × the head's allowed representations."""
    return [
        Model(activation, head, REPRESENTATIONS[representation])
        for head, activation in product(HEADS.values(), ACTIVATIONS.values())
        for representation in head.paper_names
    ]


def architectures() -> list[str]:
    """Return the names of all architectures, in the registry's order."""
    return list(dict.fromkeys(model.architecture for model in models()))


def find_model(architecture: str, representation: str) -> Model:
    """Return the model with these axes. If there is none, a `UserError` lists the known ones."""
    if architecture not in architectures():
        raise UserError(f"unknown architecture '{architecture}' (known: {', '.join(architectures())})")
    found = {model.representation.name: model for model in models() if model.architecture == architecture}
    if representation not in found:
        raise UserError(
            f"architecture '{architecture}' has no representation '{representation}' (it has: {', '.join(found)})"
        )
    return found[representation]
