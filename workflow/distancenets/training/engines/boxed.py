"""The boxed engine: images of like width and place together, in boxes that drop the pixels which are empty in them.

Plain PyTorch on any device. Dropping a pixel is exact, standardised pixels included: their scaling is folded into
weight and bias, so every engine sees the integers 0..255, of which 0 contributes nothing to either product.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from distancenets.training.pixels import matrix

# Images in a box: fewer leave out more pixels, more make the products better.
BOX = 1000


class _Box(NamedTuple):
    """Some images, N × kept columns, their transpose, and which columns are kept; the others hold no ink."""

    columns: Tensor
    images: Tensor
    pixels: Tensor

    @classmethod
    def of(cls, images: Tensor, dtype: torch.dtype) -> "_Box":
        inked = (images > 0).any(0)
        # A product needs a column, inked or not.
        inked[0] |= ~inked.any()
        columns = inked.nonzero().flatten()
        values = images[:, columns].to(dtype)
        return cls(columns, _factor(values), _factor(values.T))


class BoxedPixels:
    """A chunk as boxes."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        parts = torch.split(images, BOX)
        self._boxes = [_Box.of(some, dtype) for some in parts]
        self._sizes = [len(some) for some in parts]

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations, box by box one matrix product over the columns that are kept."""
        rows, shift = matrix(weight), bias.reshape(-1, 1)
        product = rows.new_empty(len(shift), sum(self._sizes))
        for box, part in zip(self._boxes, torch.split(product, self._sizes, 1), strict=True):
            torch.add(linear(_factor(rows[box.columns].T), box.images).to_dense(), shift, out=part)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients; a box adds nothing to that of a column it dropped."""
        rows = weight_gradient.permute(2, 0, 1)
        for box, part in zip(self._boxes, torch.split(gradient.flatten(0, 1), self._sizes, 1), strict=True):
            product = linear(box.pixels, _factor(part)).to_dense()
            rows.index_add_(0, box.columns, product.view(-1, *bias_gradient.shape))
        bias_gradient += gradient.sum(-1)


def _factor(values: Tensor) -> Tensor:
    """Return a factor of a product in the layout of oneDNN where that takes it: on some processors it is twice as fast.

    So it is on AMD's, for which PyTorch's BLAS, Intel's MKL, leaves out the widest instructions.
    """
    available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    taken = available and values.device.type == "cpu" and values.dtype == torch.float32
    return values.contiguous().to_mkldnn() if taken else values.contiguous()
