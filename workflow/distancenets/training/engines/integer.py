"""The integer engine: 31-bit integers stand for each float32 factor, and sums are exact, on the CPU.

A pixel, 0..255, is a byte; weights and gradients become four signed bytes each, under a power-of-two scale a unit. So
both products are products of bytes, which AMX, the matrix unit of newer Intel processors, makes 32 times as fast as
products of floats. As in the boxed engine, pixels without ink in the whole chunk are left out.
"""

import ctypes
from functools import cache
from pathlib import Path

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
        left, units = _split(rows.T, self._columns * rows.shape[1])
        product = rows.new_empty(len(units), self._count)
        _multiply(left, units, self._images, self._count, bias.flatten(), None, product)
        return product.view(*bias.shape, -1)

    def backward(self, gradient: Tensor, weight_gradient: Tensor, bias_gradient: Tensor) -> None:
        """Add the gradients, in place where that of the weights is `pixel_major`."""
        left, units = _split(gradient.flatten(0, 1), None)
        target = matrix(weight_gradient)
        in_place = target.data_ptr() == weight_gradient.data_ptr() and target.is_contiguous()
        product = target if in_place else torch.zeros_like(target, memory_format=torch.contiguous_format)
        _multiply(left, units, self._pixels, len(self._columns), None, self._columns, product)
        if not in_place:
            add_matrix(weight_gradient, product)
        bias_gradient += gradient.sum(-1)


def _blocks(factor: Tensor) -> Tensor:
    """Return a right factor, terms × columns, uint8, as the source's `right_block`s, those of a column side by side."""
    padded = pad(factor, (0, -factor.shape[1] % SIDE, 0, -len(factor) % DEPTH))
    quads = padded.view(len(padded) // DEPTH, DEPTH // 4, 4, padded.shape[1] // SIDE, SIDE)
    return quads.permute(3, 0, 1, 4, 2).contiguous()


def _split(rows: Tensor, offsets: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return `rows` as the source's `left_block`s and the unit of each row; with `offsets`, of these elements alone."""
    count, columns = len(rows), rows.shape[1] if offsets is None else len(offsets)
    if offsets is None:
        rows = rows.contiguous()
    left = torch.empty(-(-count // SIDE), -(-columns // DEPTH), PARTS, SIDE, DEPTH, dtype=torch.int8)
    units = rows.new_empty(count)

    def work(first: int, last: int) -> None:
        numbers = map(ctypes.c_int64, (first, last, columns, rows.stride(0)))
        if products().functions.split(*numbers, *map(_pointer, (rows, offsets, left, units))):
            raise MemoryError(f"no memory for a row of {columns} numbers")

    share(count, work)
    return left, units


def _multiply(
    left: Tensor, units: Tensor, right: Tensor, columns: int, bias: Tensor | None, index: Tensor | None, out: Tensor
) -> None:
    tensors = (left, right, units, bias, index, out)

    def work(first: int, last: int) -> None:
        numbers = map(ctypes.c_int64, (first, last, len(units), columns, right.shape[1]))
        products().functions.multiply(*numbers, *map(_pointer, tensors))

    share(len(left), work)


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())
