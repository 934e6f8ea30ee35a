"""The library's functions and structures, as Python calls them."""

import ctypes
from collections.abc import Callable
from ctypes import c_double, c_float, c_int64, c_void_p
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distancenets.training.engines.native.build import build

# Bytes per cache line: rows that begin at one are read fastest.
LINE = 64


class Tensors(ctypes.Structure):
    """Pointers to a network's parameters, or to their gradients."""

    _fields_ = [(name, c_void_p) for name in ("weight", "bias", "head", "scales", "offset")]


class NetworkStructure(ctypes.Structure):
    """`network` of heads.h."""

    _fields_ = [
        *((name, c_int64) for name in ("inputs", "hidden", "width", "columns", "activation", "head", "constrained")),
        ("scale", c_double),
        ("shift", c_double),
        ("sign", c_float),
        ("parameters", Tensors),
    ]


class ListsStructure(ctypes.Structure):
    """`lists` of lists.h."""

    _fields_ = [(name, c_void_p) for name in ("start", "index", "value")]


class ScratchStructure(ctypes.Structure):
    """`scratch` of step.c."""

    _fields_ = [(name, c_void_p) for name in ("values", "z", "h", "d")]


class PicturesStructure(ctypes.Structure):
    """`pictures` of batches.h."""

    _fields_ = [(name, c_int64) for name in ("count", "inputs", "words")]
    _fields_ += [(name, c_void_p) for name in ("bytes", "nonzero")]


class WorkshopStructure(ctypes.Structure):
    """`workshop` of step.c, with the `listing` of batches.h that it begins with."""

    _fields_ = [
        ("by_image", ListsStructure),
        ("by_pixel", ListsStructure),
        *((name, c_void_p) for name in ("place", "turned")),
        ("rows", c_int64),
        *((name, c_void_p) for name in ("labels", "right", "losses", "folded", "sums", "dz", "mine")),
        *((name, c_int64) for name in ("tiles", "blocks_in_chunk")),
    ]


class OptimiserStructure(ctypes.Structure):
    """`optimiser` of optimisers.h."""

    _fields_ = [("kind", c_int64), *((name, c_double) for name in ("rate", "first", "second", "eps"))]


class MovingStructure(ctypes.Structure):
    """`moving` of optimisers.h."""

    _fields_ = [("count", c_int64), *((name, c_void_p) for name in ("value", "gradient", "mean", "square"))]


@cache
def constant(name: str) -> int:
    """Return one of the constants that the library exports, such as `block`."""
    return c_int64.in_dll(build().functions, name).value


@cache
def _function(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(build().functions, name)
    function.restype = c_int64 if name == "row_length" else None  # type: ignore[attr-defined]
    return function


def call(name: str, *arguments: object) -> Any:
    """Call a function. An int is passed as int64, a float as float, an array or a structure by its address."""
    return _function(name)(*map(_passed, arguments))


def aligned(*shape: int) -> NDArray[np.float32]:
    """Return float32 zeros that begin at a cache line."""
    count = int(np.prod(shape))
    block = np.zeros(4 * count + LINE, np.uint8)
    start = -block.ctypes.data % LINE
    return block[start : start + 4 * count].view(np.float32).reshape(shape)


def address(array: NDArray[Any] | None) -> int | None:
    """Return the address of a contiguous array."""
    if array is None:
        return None
    if not array.flags.c_contiguous:
        raise ValueError("an array that is passed by its address must be contiguous")
    return array.ctypes.data


def _passed(argument: object) -> object:
    if isinstance(argument, ctypes.Structure | ctypes.Array):
        return ctypes.byref(argument)
    if isinstance(argument, np.ndarray):
        return c_void_p(address(argument))
    if isinstance(argument, float):
        return c_float(argument)
    return c_int64(argument) if isinstance(argument, int) else argument
