"""Pixel scalings, folded into the first layer so that every engine multiplies the same integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distancenets.configuration.datasets import DatasetSettings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Scaling:
    """The affine map x' = a·x + c of integer pixels x in 0..255.

    With W x' + b = (aW) x + (b + c ΣW) the map moves into weight and bias. The gradients move back by the chain rule.
    Shapes: weight S × H × D, bias S × H.
    """

    a: float
    c: float

    def fold(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return weight and bias that give the same pre-activations from integer pixels."""
        return self.a * weight, bias + self.c * weight.sum(-1)

    def unfold(self, weight_gradient: Tensor, bias_gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of weight and bias, given the gradients of their folded forms."""
        return self.a * weight_gradient + self.c * bias_gradient.unsqueeze(-1), bias_gradient


def scaling(pixels: str, dataset: DatasetSettings) -> Scaling:
    """Return the scaling `raw` (0..255 as they are) or `standardised` ((x/255 − mean)/sd)."""
    if pixels == "raw":
        return Scaling(1.0, 0.0)
    return Scaling(1 / (255 * dataset.pixel_sd), -dataset.pixel_mean / dataset.pixel_sd)
