"""The split engine: it splits each float32 factor into two half-precision parts, so that tensor cores compute products.

A pixel, 0..255, is exact in half precision, so only weights and gradients are split. First, each is scaled by a power
of two per unit, so that the unit's largest value is below 2^15. Then the parts contain 22 bits of the largest value,
and all bits of smaller values down to 2^-40 of the largest. Products of parts and pixels are exact in float32 and are
summed in float32. Pixels that are zero in the whole chunk are left out.
"""

import torch
from torch import Tensor

from distancenets.training.compilation import fusible
from distancenets.training.first_layer import DensePixels, Pixels, matrix

# Position of the exponent bits in a float32. The exponent 127 means 2^0.
EXPONENT = 23
# Fraction bits of a float32 that half precision lacks.
DROPPED = 13
# Scaled values stay below 2 to this power, so that none is infinite in half precision (65504 at most).
LARGEST = 15
# Half a unit in the last place of float32: smaller errors cannot be distinguished from none.
ROUNDOFF = 2.0**-24
# A very small gradient is scaled by less, so that its scale and the scale's inverse remain normal numbers.
SMALLEST_BIASED, LARGEST_BIASED = LARGEST, 253


class SplitPixels:
    """A chunk as half-precision integers, twice side by side: once for each part of the weights."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        if dtype != torch.float32:
            raise ValueError(f"the split engine is for float32, not for {dtype}")
        inked = (images > 0).any(0)
        # A matrix product needs at least one column, even if all its pixels are zero.
        inked[0] |= ~inked.any()
        self._columns = inked.nonzero().flatten()
        self._twice = images[:, self._columns].half().repeat(1, 2)

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations: one product over both parts of all kept pixels."""
        parts, inverse = halves(matrix(weight)[self._columns], 0)
        product = tensor_product(parts.flatten(0, 1).T, self._twice.T)
        return torch.addcmul(bias.reshape(-1, 1), product, inverse.T, out=product).view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients. The two parts' products are small and added last."""
        columns = len(self._columns)
        parts, inverse = halves(gradient.flatten(0, 1), 1)
        product = tensor_product(self._twice[:, :columns].T, parts.flatten(0, 1).T)
        change = product.view(columns, 2, -1).sum(1) * inverse.T
        weight_gradient.permute(2, 0, 1).index_add_(0, self._columns, change.view(columns, *bias_gradient.shape))
        bias_gradient += gradient.sum(-1)


@fusible
def halves(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Return float32 `values` as two parts, 2 × … float16, and the factor that turns the parts' sum into `values`.

    The scale is a power of two per slice along `dim`, made of exponent bits without rounding or a library's `pow`.
    """
    largest = values.abs().amax(dim, keepdim=True)
    biased = (largest.view(torch.int32) >> EXPONENT).clamp(SMALLEST_BIASED, LARGEST_BIASED)
    scale = ((LARGEST + 2 * 127 - 1 - biased) << EXPONENT).view(torch.float32)
    inverse = ((biased - (LARGEST - 1)) << EXPONENT).view(torch.float32)
    scaled = values * scale
    # Round to 11 bits by integer operations: a compiler may remove a conversion to half precision and back.
    high = ((scaled.view(torch.int32) + (1 << DROPPED - 1)) >> DROPPED << DROPPED).view(torch.float32)
    return torch.stack([high, scaled - high]).half(), inverse


def tensor_product(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two half-precision matrices in float32.

    Off the GPU, the factors are converted to float32. Each product of a part and a pixel is exact there as well (19
    bits), and the sum is in float32. So only the order of the sum differs from a tensor core's.
    """
    if left.device.type == "cuda":
        return torch.mm(left, right, out_dtype=torch.float32)
    return left.float() @ right.float()


def fault(device: torch.device) -> str | None:
    """Return one line on why the engine's results on `device` are unreliable, or None.

    Both products of some images are computed by the engine, in float32 and in float64. Relative to float64, the
    engine's errors may be three times as large as float32's.
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
