"""The most expensive operator: integer pixels times packed weights, forward and backward.

Shapes: S seeds, H hidden nodes, D pixels, N images. Weights are S × H × D as in `torch.nn.Linear`. Pre-activations
are S × H × N, images last. In memory, a pass stores weights and their gradients pixel by pixel (`pixel_major`), as
one D × S·H matrix for all seeds. So an engine that leaves out empty pixels reads whole rows.
"""

from typing import Protocol

import torch
from torch import Tensor


class Pixels(Protocol):
    """A chunk of images that can be multiplied with the first layer of a pack.

    Any memory layout is accepted. `pixel_major` weights and gradients are fastest.
    """

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations W x + b, S × H × N."""
        ...

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients of weight, S × H × D, and bias, S × H, given the pre-activations' `gradient`."""
        ...


class DensePixels:
    """The reference: plain PyTorch on any device and in any floating-point type."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        self._images = images.to(dtype)

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations as one matrix product of all seeds."""
        product = torch.addmm(bias.reshape(-1, 1), matrix(weight).T, self._images.T)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients as one matrix product of all seeds."""
        add_matrix(weight_gradient, self._images.T @ gradient.flatten(0, 1).T)
        bias_gradient += gradient.sum(-1)


def pixel_major(weight: Tensor) -> Tensor:
    """Return `weight`, S × H × D, laid out in memory as D × S × H."""
    return weight.permute(2, 0, 1).contiguous().permute(1, 2, 0)


def matrix(weight: Tensor) -> Tensor:
    """Return `weight`, S × H × D, as a D × S·H matrix, a view if `weight` is `pixel_major`."""
    return weight.permute(2, 0, 1).flatten(1)


def add_matrix(weight: Tensor, change: Tensor) -> None:
    """Add `change`, D × S·H, to `weight`, S × H × D, in place."""
    weight += change.view(-1, *weight.shape[:2]).permute(1, 2, 0)
