"""The sparse engine: only the pixels that hold ink are multiplied, by one compiled function, on the CPU.

Both products gather rows: pre-activations of an image are the sum of its inked pixels' rows of W, the gradient of a
pixel's weights the sum of the rows of dz of the images that have ink there. Rows that need nearly the same ones are
neighbours and share what they read: pixels by themselves, images by `ink_order`.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad

from distancenets.training.engines.compiler import Library, compiled
from distancenets.training.engines.threads import share
from distancenets.training.pixels import add_matrix, matrix

SOURCE = Path(__file__).with_name("gather.c")
# Rows that share what they read; fewer mean more reading, more mean more zeros.
TILE = 6
REALS = {torch.float32: "float", torch.float64: "double"}


@dataclass(frozen=True)
class Gather:
    """The compiled function for one floating-point type; its matrices have a multiple of `columns` columns."""

    function: Callable[..., int]
    columns: int


def built(dtype: torch.dtype) -> Library:
    """Return the library of `gather.c` for `dtype`; `NoCompiler` says in one line why there is none."""
    return compiled(SOURCE, f"-DREAL={REALS[dtype]}", f"-DTILE={TILE}")


def gather(dtype: torch.dtype) -> Gather:
    """Return the function for `dtype`."""
    functions = built(dtype).functions
    functions.gather.restype = ctypes.c_int
    return Gather(functions.gather, ctypes.c_int64.in_dll(functions, "columns").value)


@dataclass(frozen=True)
class _Lists:
    """The non-zero columns of a matrix of `rows` rows, tile by tile, with the values of the tile's rows there."""

    rows: int
    start: Tensor
    index: Tensor
    value: Tensor

    @classmethod
    def of(cls, values: Tensor) -> "_Lists":
        """Return the lists of `values`, rows × columns, uint8."""
        rows = len(values)
        tiles = pad(values, (0, 0, 0, -rows % TILE)).view(-1, TILE, values.shape[1])
        inked = tiles.any(1)
        start = pad(inked.sum(1).cumsum(0), (1, 0)).to(torch.int32)
        tile, index = inked.nonzero(as_tuple=True)
        return cls(rows, start, index.to(torch.int32), tiles[tile, :, index].contiguous())

    def product(self, function: Gather, source: Tensor, bias: Tensor) -> Tensor:
        """Return this matrix times `source`, transposed, plus `bias`, one number a column of `source`."""
        target = source.new_empty(source.shape[1], self.rows)
        self._multiply(function, source, bias.contiguous(), target)
        return target

    def add_product(self, function: Gather, source: Tensor, target: Tensor) -> None:
        """Add this matrix times `source` to `target`, which is contiguous."""
        self._multiply(function, source, None, target)

    def _multiply(self, function: Gather, source: Tensor, bias: Tensor | None, target: Tensor) -> None:
        """Call the function, tiles shared out among the threads."""
        height, width = source.shape
        blocks = source.reshape(height, -1, function.columns).transpose(0, 1).contiguous()
        tensors = (self.start, self.index, self.value, blocks, bias, target)
        pointers = [None if tensor is None else tensor.data_ptr() for tensor in tensors]

        def work(first: int, last: int) -> None:
            numbers = map(ctypes.c_int64, (first, last, self.rows, width, height))
            if function.function(*numbers, *map(ctypes.c_void_p, pointers)):
                raise MemoryError(f"no memory for a product of {width} columns")

        share(len(self.start) - 1, work)


class SparsePixels:
    """Images as lists of their inked pixels, and of the images that have ink at each pixel."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        self._gather = gather(dtype)
        self._images, self._pixels = _Lists.of(images), _Lists.of(images.T.contiguous())

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations; images last, as the layers behind want them."""
        source, shift = self._padded(matrix(weight)), self._padded(bias.reshape(1, -1))
        product = self._images.product(self._gather, source, shift)
        return product[: bias.numel()].view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients, in place where the gradient of the weights is `pixel_major`."""
        source = self._padded(gradient.flatten(0, 1).T)
        target = matrix(weight_gradient)
        shared = target.data_ptr() == weight_gradient.data_ptr() and target.is_contiguous()
        in_place = shared and target.shape[1] == source.shape[1]
        product = target if in_place else source.new_zeros(len(target), source.shape[1])
        self._pixels.add_product(self._gather, source, product)
        if not in_place:
            add_matrix(weight_gradient, product[:, : target.shape[1]].contiguous())
        bias_gradient += gradient.sum(-1)

    def _padded(self, rows: Tensor) -> Tensor:
        missing = -rows.shape[1] % self._gather.columns
        return pad(rows, (0, missing)) if missing else rows
