"""The integer engine: 31-bit integers stand for each float32 factor, and sums are exact, on the CPU.

A pixel, 0..255, is a byte; weights and gradients become four signed bytes each, under a power-of-two scale a unit. So
both products are products of bytes, which AMX, the matrix unit of newer Intel processors, makes 32 times as fast as
products of floats. As in the boxed engine, pixels without ink in the whole chunk are left out.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from distancenets.training.engines.compiler import Library, compiled, features
from distancenets.training.engines.threads import share
from distancenets.training.pixels import add_matrix, matrix

SOURCE = Path(__file__).with_name("integer.c")
# Additions in the order they stand in, so that all processors round alike; the others let loops use wide registers.
FLAGS = ("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
# As in the source: bytes a number, rows or columns of a block, terms of a sum in a block.
PARTS, SIDE, DEPTH = 4, 16, 64
# A term is below 2^15 and a sum is kept in 32 bits.
MOST_TERMS = 2**16


@cache
def products() -> Library:
    """Return the compiled functions; `NoCompiler` says in one line why there are none."""
    built = compiled(SOURCE, *FLAGS)
    built.functions.take_tiles.restype = built.functions.split.restype = ctypes.c_int
    built.functions.multiply.restype = None
    built.functions.take_tiles()
    return built


def has_tiles() -> bool:
    """Whether processor, compiler and kernel together give AMX; without it the engine is slow."""
    return "amx_int8" in features() and bool(products().functions.take_tiles())


class _Rows(NamedTuple):
    """A left factor as the source's `left_block`s, with the unit and the sum of each row."""

    blocks: Tensor
    units: Tensor
    sums: Tensor


class _Columns(NamedTuple):
    """A right factor as the source's `right_block`s, those of zeros left out.

    Those of block columns n are starts[n] to starts[n + 1]; `places` is where each one's terms stand in a sum.
    """

    filled: Tensor
    starts: Tensor
    places: Tensor


class IntegerPixels:
    """A chunk as bytes, in blocks for each of the two products."""

    def __init__(self, images: Tensor, dtype: torch.dtype) -> None:
        if dtype != torch.float32:
            raise ValueError(f"31-bit integers stand for float32, not for {dtype}")
        if len(images) > MOST_TERMS:
            raise ValueError(f"a chunk of the integer engine has at most {MOST_TERMS} images, not {len(images)}")
        inked = (images > 0).any(0)
        # A product needs a column, inked or not.
        inked[0] |= ~inked.any()
        kept = inked.nonzero().flatten()
        self._count, self._columns = len(images), kept.to(torch.int32)
        self._images, self._pixels = _blocks(images[:, kept].T), _blocks(images[:, kept])

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the pre-activations, W's kept columns as integers."""
        rows = matrix(weight).contiguous()
        left = _split(rows.T, self._columns * rows.shape[1])
        product = rows.new_empty(rows.shape[1], self._count)
        _multiply(left, self._images, self._count, bias.flatten(), None, product)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients, in place where that of the weights is `pixel_major`."""
        left = _split(gradient.flatten(0, 1), None)
        target = matrix(weight_gradient)
        in_place = target.data_ptr() == weight_gradient.data_ptr() and target.is_contiguous()
        product = target if in_place else torch.zeros_like(target, memory_format=torch.contiguous_format)
        _multiply(left, self._pixels, len(self._columns), None, self._columns, product)
        if not in_place:
            add_matrix(weight_gradient, product)
        bias_gradient += left.sums.view_as(bias_gradient)


def _blocks(factor: Tensor) -> _Columns:
    """Return a right factor, terms × columns, uint8, in blocks."""
    padded = pad(factor, (0, -factor.shape[1] % SIDE, 0, -len(factor) % DEPTH))
    quads = padded.view(len(padded) // DEPTH, DEPTH // 4, 4, padded.shape[1] // SIDE, SIDE)
    blocks = quads.permute(3, 0, 1, 4, 2)
    filled = (blocks != 0).flatten(2).any(-1)
    starts = pad(filled.sum(1).cumsum(0), (1, 0))
    return _Columns(blocks[filled].contiguous(), starts.to(torch.int32), filled.nonzero()[:, 1].to(torch.int32))


def _split(rows: Tensor, offsets: Tensor | None) -> _Rows:
    """Return `rows` as a left factor; with `offsets`, of these elements of each row alone."""
    count, columns = len(rows), rows.shape[1] if offsets is None else len(offsets)
    if offsets is None:
        rows = rows.contiguous()
    blocks = torch.empty(-(-count // SIDE), -(-columns // DEPTH), PARTS, SIDE, DEPTH, dtype=torch.int8)
    split = _Rows(blocks, *rows.new_empty(2, count))

    def work(first: int, last: int) -> None:
        numbers = map(ctypes.c_int64, (first, last, columns, rows.stride(0)))
        if products().functions.split(*numbers, *map(_pointer, (rows, offsets, *split))):
            raise MemoryError(f"no memory for a row of {columns} numbers")

    share(count, work)
    return split


def _multiply(
    left: _Rows, right: _Columns, columns: int, bias: Tensor | None, index: Tensor | None, out: Tensor
) -> None:
    tensors = (left.blocks, *right, left.units, bias, index, out)

    def work(first: int, last: int) -> None:
        numbers = map(ctypes.c_int64, (first, last, len(left.units), columns, left.blocks.shape[1]))
        products().functions.multiply(*numbers, *map(_pointer, tensors))

    share(len(left.blocks), work)


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())
