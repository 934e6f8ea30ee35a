"""Mini-batches in the compiled engine: any rows of a split, listed anew for every pass."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distancenets.training.engines.native.bindings import (
    ListsStructure,
    PicturesStructure,
    WorkshopStructure,
    address,
    aligned,
    call,
    constant,
)
from distancenets.training.engines.native.images import BLOCKS_IN_CHUNK, Places, Split

# Bits of a word.
WORD = 64


class Pictures:
    """A split's images as bytes and bits, from which lists of any rows are made."""

    def __init__(self, split: Split) -> None:
        self.split = split
        words = -(-split.inputs // WORD)
        # One more image, of zeros, fills up a batch's last group.
        self._images = np.concatenate([split.images, np.zeros((1, split.inputs), np.uint8)])
        self._nonzero = np.empty((split.count + 1, words), np.uint64)
        call("find_nonzero", split.count + 1, split.inputs, words, self._images, self._nonzero)
        self._rank = np.empty(split.count, np.int64)
        self._rank[split.order] = np.arange(split.count)
        pointers = address(self._images), address(self._nonzero)
        self.structure = PicturesStructure(split.count, split.inputs, words, *pointers)

    def batches(self, order: Places, size: int) -> Places:
        """Return the places of the images `order` in the engine's order, sorted per batch: neighbours are alike."""
        places = self._rank[order]
        whole = len(places) // size * size
        return np.concatenate([np.sort(places[:whole].reshape(-1, size), axis=1).ravel(), np.sort(places[whole:])])


class Workshop:
    """The memory of one thread for mini-batches of `size` images. It keeps the arrays that `structure` points to.

    Parameters
    ----------
    width
        Columns of the hidden layer, padded.
    row
        The length of a row of block sums.
    scratch
        The address of the thread's scratch.
    """

    def __init__(self, split: Split, size: int, width: int, row: int, scratch: int) -> None:
        tile, group, block = constant("tile"), constant("group"), constant("block")
        padded = -(-size // group) * group
        rows = -(-min(padded, BLOCKS_IN_CHUNK * block) // WORD) * WORD
        blocks, tiles = math.ceil(size / block), len(split.pixels) // tile
        self._arrays: list[NDArray[Any]] = [
            *_room(padded // tile, split.inputs),
            *_room(tiles, rows),
            split.pixels,
            np.empty((-(-split.inputs // WORD) * WORD, rows // WORD), np.uint64),
        ]
        self._places: list[NDArray[Any]] = [np.empty(padded, np.uint8), np.empty(padded, np.uint8), np.empty(blocks)]
        self._floats = [aligned(width), aligned(blocks, row), aligned(rows, width)]
        by_image, by_pixel = (
            ListsStructure(*(address(array) for array in self._arrays[first : first + 3])) for first in (0, 3)
        )
        self.structure = WorkshopStructure(
            by_image,
            by_pixel,
            *(address(array) for array in self._arrays[6:]),
            rows,
            *(address(array) for array in (*self._places, *self._floats)),
            scratch,
            tiles,
            BLOCKS_IN_CHUNK,
        )


def _room(tiles: int, columns: int) -> list[NDArray[Any]]:
    """Return arrays for the lists of the most entries that `tiles` can have."""
    entries = tiles * columns + 1
    return [
        np.empty(tiles + 1, np.int32),
        np.empty(entries, np.uint16),
        np.empty(constant("tile") * entries, np.uint8),
    ]
