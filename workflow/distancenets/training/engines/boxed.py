"""The boxed engine: images of like width and place together, in boxes that drop the pixels which are empty in them.

Plain PyTorch on any device. Dropping a pixel is exact, standardised pixels included: their scaling is folded into
weight and bias, so every engine sees the integers 0..255, of which 0 contributes nothing to either product.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from distancenets.training.pixels import matrix
from distancenets.training.processor import processor

# Images in a box: fewer leave out more pixels, more make the products better.
BOX = 1000


class _Box(NamedTuple):
    """Some images as kept columns × N, and which columns are kept; the others hold no ink."""

    columns: Tensor
    pixels: Tensor

    @classmethod
    def of(cls, columns: Tensor, pixels: Tensor) -> "_Box":
        return cls(columns, pixels.contiguous())

    def forward(self, rows: Tensor, shift: Tensor, out: Tensor) -> None:
        torch.addmm(shift, rows[self.columns].T, self.pixels, out=out)

    def backward(self, gradient: Tensor) -> Tensor:
        return self.pixels @ gradient.T


class _OneDnnBox(NamedTuple):
    """The same box as each of oneDNN's two products wants it."""

    columns: Tensor
    images: Tensor
    pixels: Tensor

    @classmethod
    def of(cls, columns: Tensor, pixels: Tensor) -> "_OneDnnBox":
        return cls(columns, _reordered(pixels.T), _reordered(pixels))

    def forward(self, rows: Tensor, shift: Tensor, out: Tensor) -> None:
        torch.add(linear(_reordered(rows[self.columns].T), self.images).to_dense(), shift, out=out)

    def backward(self, gradient: Tensor) -> Tensor:
        return linear(self.pixels, _reordered(gradient)).to_dense()


class BoxedPixels:
    """A chunk as boxes."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        kind = _OneDnnBox if _takes_one_dnn(images.device, dtype) else _Box
        parts = torch.split(images, BOX)
        self._sizes = [len(some) for some in parts]
        self._boxes = [kind.of(kept, some[:, kept].T.to(dtype)) for some in parts for kept in [_inked(some)]]

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations, box by box one matrix product over the columns that are kept."""
        rows, shift = matrix(weight), bias.reshape(-1, 1)
        product = rows.new_empty(len(shift), sum(self._sizes))
        for box, part in zip(self._boxes, torch.split(product, self._sizes, 1), strict=True):
            box.forward(rows, shift, out=part)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients; a box adds nothing to that of a column it dropped."""
        rows = weight_gradient.permute(2, 0, 1)
        for box, part in zip(self._boxes, torch.split(gradient.flatten(0, 1), self._sizes, 1), strict=True):
            rows.index_add_(0, box.columns, box.backward(part).view(-1, *bias_gradient.shape))
        bias_gradient += gradient.sum(-1)


def _inked(images: Tensor) -> Tensor:
    inked = (images > 0).any(0)
    # A product needs a column, inked or not.
    inked[0] |= ~inked.any()
    return inked.nonzero().flatten()


def _takes_one_dnn(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether oneDNN's products are faster than those of PyTorch's BLAS, which is Intel's MKL.

    They are where MKL leaves out a processor's widest instructions, AVX-512 on AMD's: it takes twice as long then.
    Where it uses them, on Intel's and on AMD's without AVX-512, oneDNN takes 1.2 to 1.4 times as long.
    """
    available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    mkl_is_fast = processor("vendor_id") == "GenuineIntel" or torch.backends.cpu.get_cpu_capability() == "AVX2"
    return available and device.type == "cpu" and dtype == torch.float32 and not mkl_is_fast


def _reordered(factor: Tensor) -> Tensor:
    return factor.contiguous().to_mkldnn()
