"""Engines: the one operator that carries the cost, integer pixels times packed weights, forward and backward.

Shapes: S seeds, H hidden nodes, D pixels, N images. Weights are S × H × D as in `torch.nn.Linear`, so that the seeds
of a pack are one matrix of S·H rows; pre-activations are S × H × N, images last.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor


class Pixels(Protocol):
    """A chunk of images that can be multiplied with the first layer of a pack."""

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations W x + b, S × H × N."""
        ...

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients of weight, S × H × D, and bias, S × H, from that of the pre-activations."""
        ...


class DensePixels:
    """The reference: plain PyTorch on any device and in any floating-point type."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        self._images = images.to(dtype)

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations as one matrix product of all seeds."""
        product = torch.addmm(bias.reshape(-1, 1), weight.flatten(0, 1), self._images.T)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients; `weight_gradient` must be contiguous."""
        weight_gradient.view(-1, self._images.shape[1]).addmm_(gradient.flatten(0, 1), self._images)
        bias_gradient += gradient.sum(-1)


ENGINES: dict[str, Callable[[Tensor, torch.dtype], Pixels]] = {"dense": DensePixels}
