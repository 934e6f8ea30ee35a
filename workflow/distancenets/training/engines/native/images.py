"""Images as the compiled engine reads them: lists of nonzero pixels, in an order that makes neighbours alike."""

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from distancenets.training.engines.image_order import frame_order
from distancenets.training.engines.native.bindings import ListsStructure, address, call, constant

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
# Blocks of images per chunk. The first layer sums chunk by chunk, so the bits depend on this number.
BLOCKS_IN_CHUNK = 2
# Rows and columns of a patch of pixels, which share what they read.
PATCH = 3, 1


class Lists:
    """The nonzero entries of the rows `places` of `matrix`, rows × columns. A negative place is a row of zeros."""

    def __init__(self, matrix: Bytes, places: Places) -> None:
        tile, columns = constant("tile"), matrix.shape[1]
        tiles = len(places) // tile
        most = tiles * columns + 1
        self._start = np.empty(tiles + 1, np.int32)
        index, value = np.empty(most, np.uint16), np.empty(tile * most, np.uint8)
        zeros = np.zeros(columns, np.uint8)
        call("list_entries", tiles, columns, matrix, places, zeros, self._start, index, value)
        self.entries = int(self._start[-1])
        self._index, self._value = index[: self.entries].copy(), value[: tile * self.entries].copy()
        self.tiles = tiles
        self.structure = ListsStructure(*map(address, (self._start, self._index, self._value)))


class Split:
    """A split's images, N × D uint8, and labels, N, in the engine's order."""

    def __init__(self, images: Bytes, labels: Bytes) -> None:
        self.order = frame_order(images)
        self.images, self.labels = images[self.order], labels[self.order].astype(np.uint8)
        self.count, self.inputs = images.shape
        self.by_image = Lists(self.images, _padded(np.arange(self.count), constant("group")))
        self.pixels = _padded(patch_order(self.inputs), constant("tile"))

    @property
    def blocks(self) -> int:
        """The number of blocks, the last one perhaps smaller."""
        return math.ceil(int(self.count) / constant("block"))

    @cached_property
    def chunks(self) -> list[Lists]:
        """The images of each chunk by pixel, which gradients need."""
        rows = BLOCKS_IN_CHUNK * constant("block")
        parts = (self.images[first : first + rows] for first in range(0, self.count, rows))
        return [Lists(np.ascontiguousarray(part.T), self.pixels) for part in parts]

    def in_order_given(self, values: Bytes) -> Bytes:
        """Return `values`, one per image in the engine's order, in the images' original order."""
        given = np.empty_like(values)
        given[self.order] = values
        return given


def patch_order(pixels: int) -> Places:
    """Return the order of the `pixels` of a square image in which the pixels of a patch are consecutive."""
    side = math.isqrt(pixels)
    row, column = np.divmod(np.arange(pixels), side)
    return np.argsort(row // PATCH[0] * side + column // PATCH[1], kind="stable")


def _padded(places: Places, multiple: int) -> Places:
    return np.concatenate([places, np.full(-len(places) % multiple, -1)]).astype(np.int64)
