"""The split engine: two half-precision parts stand for each float32 factor, so that tensor cores carry both products.

A pixel, 0..255, is exact in half precision; only weights and gradients are split. Each is first scaled by a power of
two, one a unit, that brings the unit's largest value below 2^15; then the parts hold 22 bits of it, and of smaller
values all bits down to 2^-40 of the largest. Products of parts and pixels are exact in float32, in which they are
summed. As in the boxed engine, pixels without ink in the whole chunk are left out.
"""

import torch
from torch import Tensor

from distancenets.training.pixels import matrix

# Exponent bits of a float32: 127 stands for 2^0.
EXPONENT = 23
# The exponent that scaled values stay below, so that none is infinite in half precision (65504 at most).
LARGEST = 15
# A gradient so small that its scale or the scale's inverse would leave the normal numbers is scaled by less.
SMALLEST_BIASED, LARGEST_BIASED = LARGEST, 253


class SplitPixels:
    """A chunk as half-precision integers, twice side by side: once for each part of the weights."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        if dtype != torch.float32:
            raise ValueError(f"two half-precision parts stand for float32, not for {dtype}")
        inked = (images > 0).any(0)
        # A product needs a column, inked or not.
        inked[0] |= ~inked.any()
        self._columns = inked.nonzero().flatten()
        self._twice = images[:, self._columns].half().repeat(1, 2)

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations: one product over both parts of all kept pixels."""
        parts, inverse = halves(matrix(weight)[self._columns], 0)
        product = tensor_product(parts.flatten(0, 1).T, self._twice.T)
        return torch.addcmul(bias.reshape(-1, 1), product, inverse.T, out=product).view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients; the two parts' products are small and added last."""
        columns = len(self._columns)
        parts, inverse = halves(gradient.flatten(0, 1), 1)
        product = tensor_product(self._twice[:, :columns].T, parts.flatten(0, 1).T)
        change = product.view(columns, 2, -1).sum(1) * inverse.T
        weight_gradient.permute(2, 0, 1).index_add_(0, self._columns, change.view(columns, *bias_gradient.shape))
        bias_gradient += gradient.sum(-1)


def halves(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Return `values`, float32, as two parts, 2 × … float16, and what their sum is multiplied with to give them back.

    The scale is a power of two for each slice along `dim`, made of exponent bits: no rounding, no library's `pow`.
    """
    largest = values.abs().amax(dim, keepdim=True)
    biased = (largest.view(torch.int32) >> EXPONENT).clamp(SMALLEST_BIASED, LARGEST_BIASED)
    scale = (LARGEST + 2 * 127 - 1 - biased << EXPONENT).view(torch.float32)
    inverse = (biased - (LARGEST - 1) << EXPONENT).view(torch.float32)
    scaled = values * scale
    high = scaled.half()
    return torch.stack([high, (scaled - high.float()).half()]), inverse


def tensor_product(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two half-precision matrices in float32.

    Off the GPU it is made of float32 factors: there, too, each product of a part and a pixel is exact (19 bits) and
    the sum is float32's, so only the order of the sum differs from a tensor core's.
    """
    if left.device.type == "cuda":
        return torch.mm(left, right, out_dtype=torch.float32)
    return left.float() @ right.float()
