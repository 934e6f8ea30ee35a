"""The split engine: two half-precision parts stand for each float32 factor, so that tensor cores carry both products.

A pixel, 0..255, is exact in half precision; only weights and gradients are split. Each is first scaled by a power of
two, one a unit, that brings the unit's largest value below 2^15; then the parts hold 22 bits of it, and of smaller
values all bits down to 2^-40 of the largest. Products of parts and pixels are exact in float32, in which they are
summed. Pixels that are zero in the whole chunk are left out.
"""

import torch
from torch import Tensor

from distancenets.training.compilation import fusible
from distancenets.training.first_layer import DensePixels, Pixels, matrix

# Exponent bits of a float32: 127 stands for 2^0.
EXPONENT = 23
# Bits of a float32's fraction that half precision has no room for.
DROPPED = 13
# The exponent that scaled values stay below, so that none is infinite in half precision (65504 at most).
LARGEST = 15
# Half a unit in the last place of float32: no error below it can be told from none.
ROUNDOFF = 2.0**-24
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


@fusible
def halves(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Return `values`, float32, as two parts, 2 × … float16, and what their sum is multiplied with to give them back.

    The scale is a power of two for each slice along `dim`, made of exponent bits: no rounding, no library's `pow`.
    """
    largest = values.abs().amax(dim, keepdim=True)
    biased = (largest.view(torch.int32) >> EXPONENT).clamp(SMALLEST_BIASED, LARGEST_BIASED)
    scale = ((LARGEST + 2 * 127 - 1 - biased) << EXPONENT).view(torch.float32)
    inverse = ((biased - (LARGEST - 1)) << EXPONENT).view(torch.float32)
    scaled = values * scale
    # Rounded to 11 bits by its own bits: a compiler may drop a conversion to half precision and back, and all is lost.
    high = ((scaled.view(torch.int32) + (1 << DROPPED - 1)) >> DROPPED << DROPPED).view(torch.float32)
    return torch.stack([high, scaled - high]).half(), inverse


def tensor_product(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two half-precision matrices in float32.

    Off the GPU it is made of float32 factors: there, too, each product of a part and a pixel is exact (19 bits) and
    the sum is float32's, so only the order of the sum differs from a tensor core's.
    """
    if left.device.type == "cuda":
        return torch.mm(left, right, out_dtype=torch.float32)
    return left.float() @ right.float()


def fault(device: torch.device) -> str | None:
    """Return in one line why the engine cannot be trusted on `device`, or None.

    Both products of some images are made by it and in float32; against float64, its errors may be three times those
    of float32.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (256, 784), generator=generator).to(torch.uint8)
    weight, gradient = (torch.randn(1, 64, size, generator=generator) for size in images.shape[::-1])

    def products(pixels: Pixels, dtype: torch.dtype, where: torch.device) -> list[Tensor]:
        w, dz = weight.to(where, dtype), gradient.to(where, dtype)
        dw, bias = torch.zeros_like(w), w.new_zeros(1, 64)
        z = pixels.forward(w, bias)
        pixels.backward(dz, dw, bias)
        return [z.double().cpu(), dw.double().cpu()]

    here, cpu = images.to(device), torch.device("cpu")
    try:
        found = products(SplitPixels(here, torch.float32), torch.float32, device)
    except (RuntimeError, TypeError) as error:
        return f"its products fail ({(str(error).splitlines() or [type(error).__name__])[0]})"
    plain = products(DensePixels(here, torch.float32), torch.float32, device)
    exact = products(DensePixels(images, torch.float64), torch.float64, cpu)
    for name, split, single, double in zip(("forward", "backward"), found, plain, exact, strict=True):
        ours, theirs = (((each - double).norm() / double.norm()).item() for each in (split, single))
        if not ours <= 3 * max(theirs, ROUNDOFF):
            return f"its {name} product has a relative error of {ours:.1e}, float32 of {theirs:.1e}"
    return None
