"""The order of a split's images, in which neighbours have nearly the same nonzero pixels."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Blocks per side of the coarse picture that distinguishes images with the same frame.
BLOCKS = 4


def frame_order(images: NDArray[np.uint8]) -> Places:
    """Return the order of `images`, N × D, by left and right edge, then upper and lower edge, then coarse shape.

    The edges are the bounds of the nonzero pixels. Only integers are compared, and equal images keep their order. So
    the order is the same on every machine.
    """
    side = math.isqrt(images.shape[1])
    nonzero: Mask = images.reshape(-1, side, side) > 0
    columns, rows = (np.any(nonzero, axis=axis) for axis in (1, 2))
    frame = _edges(columns) * images.shape[1] + _edges(rows)
    order: Places = np.argsort(frame << BLOCKS * BLOCKS | _shape(nonzero), kind="stable")
    return order


def _edges(lines: Mask) -> Places:
    """Return the first and the last of the `lines`, N × rows or columns, as one number per image.

    Last edges alternately ascend and descend, so that neighbours with different first edges have similar widths.
    """
    end = lines.shape[1] - 1
    first, last = lines.argmax(1), end - lines[:, ::-1].argmax(1)
    edges: Places = first * (end + 1) + np.where(first % 2 == 0, last, end - last)
    return edges


def _shape(nonzero: Mask) -> Places:
    """Return which of 4 × 4 blocks are full, as one number per image.

    A block is full if its count of nonzero pixels exceeds the median over all images. The numbers are a Gray code:
    consecutive ones differ in one block. The blocks that divide the images most evenly come first.
    """
    block = nonzero.shape[1] // BLOCKS
    covered = nonzero[:, : BLOCKS * block, : BLOCKS * block]
    counts: NDArray[Any] = covered.reshape(-1, BLOCKS * block, BLOCKS, block).sum(3, dtype=np.uint8)
    counts = counts.reshape(-1, BLOCKS, block, BLOCKS).sum(2, dtype=np.int64).reshape(len(nonzero), -1)
    full = counts > np.median(counts, axis=0)
    imbalance = np.abs(2 * full.sum(0) - len(full))
    number = np.zeros(len(full), np.int64)
    bit = np.zeros(len(full), np.int64)
    for which in np.argsort(imbalance, kind="stable"):
        bit ^= full[:, which]
        number = 2 * number + bit
    return number
