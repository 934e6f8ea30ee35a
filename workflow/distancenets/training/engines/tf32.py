"""The TF32 engine: tensor cores round each float32 factor to 11 bits. Fast, and not float32's accuracy.

Pixels are exact in TF32; weights and gradients are not, which leaves relative errors near 2e-4 in both products. What
follows the first layer stays in float32.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from distancenets.training.pixels import DensePixels


class Tf32Pixels(DensePixels):
    """The dense products, made in TF32."""

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations, of rounded weights."""
        with _tf32():
            return super().forward(weight, bias)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients, that of the weights from a rounded `gradient`."""
        with _tf32():
            super().backward(gradient, weight_gradient, bias_gradient)


@contextmanager
def _tf32() -> Iterator[None]:
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
