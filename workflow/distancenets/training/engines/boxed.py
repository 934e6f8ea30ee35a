"""The boxed engine: images of like width and place together, in boxes that drop the pixels which are empty in them.

Plain PyTorch on any device. Dropping a pixel is exact, standardised pixels included: their scaling is folded into
weight and bias, so every engine sees the integers 0..255, of which 0 contributes nothing to either product.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from distancenets.training.pixels import matrix

# Images in a box: fewer leave out more pixels, more make the products better.
BOX = 500


class _Box(NamedTuple):
    """Some images, N × kept columns, and the columns that are kept; the others are zero in all of them."""

    columns: Tensor
    images: Tensor

    @classmethod
    def of(cls, images: Tensor, dtype: torch.dtype) -> "_Box":
        columns = images.any(0).nonzero().flatten()
        return cls(columns, images[:, columns].to(dtype))


class BoxedPixels:
    """A chunk as boxes."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        self._boxes = [_Box.of(some, dtype) for some in torch.split(images, BOX)]
        self._sizes = [len(box.images) for box in self._boxes]

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations, box by box one matrix product over the columns that are kept."""
        rows, shift = matrix(weight), bias.reshape(-1, 1)
        product = rows.new_empty(len(shift), sum(self._sizes))
        for box, part in zip(self._boxes, torch.split(product, self._sizes, 1), strict=True):
            torch.addmm(shift, rows[box.columns].T, box.images.T, out=part)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients; a box adds nothing to that of a column it dropped."""
        rows = weight_gradient.permute(2, 0, 1)
        for box, part in zip(self._boxes, torch.split(gradient.flatten(0, 1), self._sizes, 1), strict=True):
            rows.index_add_(0, box.columns, (box.images.T @ part.T).view(-1, *bias_gradient.shape))
        bias_gradient += gradient.sum(-1)
