"""The sparse engine: only the pixels that hold ink are multiplied, by one compiled function, on the CPU.

Both products gather rows: pre-activations of an image are the sum of its inked pixels' rows of W, the gradient of a
pixel's weights the sum of the rows of dz of the images that have ink there. Rows that need nearly the same ones are
neighbours and share what they read: pixels by `patch_order`, images by `ink_order`.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad

from distancenets.training.engines.compiler import Library, compiled
from distancenets.training.engines.order import patch_order
from distancenets.training.engines.threads import share
from distancenets.training.pixels import add_matrix, matrix

SOURCE = Path(__file__).with_name("gather.c")
# Rows that share what they read; fewer mean more reading, more mean more zeros.
TILE = 6
REALS = {torch.float32: "float", torch.float64: "double"}


@dataclass(frozen=True)
class Gather:
    """The compiled functions for one floating-point type; their matrices have a multiple of `columns` columns."""

    product: Callable[..., int]
    lay_out: Callable[..., None]
    columns: int


def built(dtype: torch.dtype) -> Library:
    """Return the library of `gather.c` for `dtype`; `NoCompiler` says in one line why there is none."""
    return compiled(SOURCE, f"-DREAL={REALS[dtype]}", f"-DTILE={TILE}")


def gather(dtype: torch.dtype) -> Gather:
    """Return the functions for `dtype`."""
    functions = built(dtype).functions
    functions.gather.restype, functions.lay_out.restype = ctypes.c_int, None
    return Gather(functions.gather, functions.lay_out, ctypes.c_int64.in_dll(functions, "columns").value)


@dataclass(frozen=True)
class _Blocks:
    """A matrix of `height` × `width` in blocks of columns, as the function reads it."""

    values: Tensor
    height: int
    width: int

    @classmethod
    def of(cls, gather: Gather, matrix: Tensor) -> "_Blocks":
        """Return the blocks of `matrix`."""
        values = matrix.reshape(len(matrix), -1, gather.columns).transpose(0, 1).contiguous()
        return cls(values, *matrix.shape)

    @classmethod
    def of_transposed(cls, gather: Gather, matrix: Tensor) -> "_Blocks":
        """Return the blocks of `matrix`.T: faster than to transpose it."""
        width, height = matrix.shape
        # Held by its name: a pointer does not keep its tensor.
        rows = matrix.contiguous()
        values = torch.empty_like(rows)
        pointers = _pointers(rows, values)

        def work(first: int, last: int) -> None:
            gather.lay_out(*map(ctypes.c_int64, (first, last, height)), *pointers)

        share(width // gather.columns, work)
        return cls(values, height, width)


@dataclass(frozen=True)
class _Lists:
    """The non-zero columns of a matrix of `rows` rows, tile by tile, with the values of the tile's rows there.

    The rows come in an order of their own; `place` tells which is which.
    """

    rows: int
    start: Tensor
    index: Tensor
    value: Tensor
    place: Tensor

    @classmethod
    def of(cls, values: Tensor, order: Tensor) -> "_Lists":
        """Return the lists of `values`, rows × columns, uint8, in the `order` of rows that makes neighbours alike."""
        rows = len(values)
        tiles = pad(values[order], (0, 0, 0, -rows % TILE)).view(-1, TILE, values.shape[1])
        inked = tiles.any(1)
        start = pad(inked.sum(1).cumsum(0), (1, 0)).to(torch.int32)
        tile, index = inked.nonzero(as_tuple=True)
        return cls(rows, start, index.to(torch.int32), tiles[tile, :, index].contiguous(), order.to(torch.int32))

    def product(self, gather: Gather, source: _Blocks, bias: Tensor) -> Tensor:
        """Return this matrix times `source`, transposed, plus `bias`, one number a column of `source`.

        The rows have to be in order.
        """
        target = source.values.new_empty(source.width, self.rows)
        self._multiply(gather, source, bias.contiguous(), target)
        return target

    def add_product(self, gather: Gather, source: _Blocks, target: Tensor) -> None:
        """Add this matrix times `source` to `target`, which is contiguous."""
        self._multiply(gather, source, None, target)

    def _multiply(self, gather: Gather, source: _Blocks, bias: Tensor | None, target: Tensor) -> None:
        """Call the function, tiles shared out among the threads."""
        pointers = _pointers(self.start, self.index, self.value, self.place, source.values, bias, target)

        def work(first: int, last: int) -> None:
            numbers = map(ctypes.c_int64, (first, last, self.rows, source.width, source.height))
            if gather.product(*numbers, *pointers):
                raise MemoryError(f"no memory for a product of {source.width} columns")

        share(len(self.start) - 1, work)


class SparsePixels:
    """Images as lists of their inked pixels, and of the images that have ink at each pixel."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        self._gather = gather(dtype)
        self._images = _Lists.of(images, torch.arange(len(images)))
        self._pixels = _Lists.of(images.T.contiguous(), patch_order(images.shape[1]))

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations; images last, as the layers behind want them."""
        source, shift = self._padded(matrix(weight), 1), self._padded(bias.flatten(), 0)
        product = self._images.product(self._gather, _Blocks.of(self._gather, source), shift)
        return product[: bias.numel()].view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients, in place where the gradient of the weights is `pixel_major`."""
        source = _Blocks.of_transposed(self._gather, self._padded(gradient.flatten(0, 1), 0))
        target = matrix(weight_gradient)
        shared = target.data_ptr() == weight_gradient.data_ptr() and target.is_contiguous()
        in_place = shared and target.shape[1] == source.width
        product = target if in_place else source.values.new_zeros(len(target), source.width)
        self._pixels.add_product(self._gather, source, product)
        if not in_place:
            add_matrix(weight_gradient, product[:, : target.shape[1]].contiguous())
        bias_gradient += gradient.sum(-1)

    def _padded(self, values: Tensor, axis: int) -> Tensor:
        """Return `values` with as many zeros at the end of `axis` as make it a multiple of the columns of a block."""
        missing = -values.shape[axis] % self._gather.columns
        return pad(values, (0, 0) * (values.dim() - 1 - axis) + (0, missing)) if missing else values


def _pointers(*tensors: Tensor | None) -> list[ctypes.c_void_p]:
    return [ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in tensors]
