"""The orders of a split's images, and of an image's pixels, in which neighbours have ink in nearly the same places."""

import math

import torch
from torch import Tensor

# Blocks a side of the coarse picture that tells images of the same edges apart.
BLOCKS = 4
# Rows and columns of the pixels that follow one another: six, as many as share a tile of the sparse engine.
PATCH = 3, 2


def ink_order(images: Tensor) -> Tensor:
    """Return the order of `images`, N × D, uint8, by left and right edge of their ink and, of equal ones, coarse shape.

    Integers decide alone, and equal images keep their order, so that it is the same on every machine.
    """
    ink = _ink(images)
    return torch.argsort(_edges(ink.any(1)) << BLOCKS * BLOCKS | _shape(ink), stable=True)


def frame_order(images: Tensor) -> Tensor:
    """Return the order of `images`, N × D, uint8, by left and right edge of their ink, then by upper and lower one.

    So tens of neighbours leave the same rows empty. Where frames are equal, it is as `ink_order`.
    """
    ink = _ink(images)
    frame = _edges(ink.any(1)) * images.shape[1] + _edges(ink.any(2))
    return torch.argsort(frame << BLOCKS * BLOCKS | _shape(ink), stable=True)


def patch_order(pixels: int) -> Tensor:
    """Return the order of the `pixels` of a square image in which those of a patch follow one another."""
    side = math.isqrt(pixels)
    row, column = torch.arange(pixels) // side, torch.arange(pixels) % side
    patch = row // PATCH[0] * side + column // PATCH[1]
    return torch.argsort(patch, stable=True)


def _ink(images: Tensor) -> Tensor:
    side = math.isqrt(images.shape[1])
    return images.view(-1, side, side) > 0


def _edges(lines: Tensor) -> Tensor:
    """Return the first edge of the ink, N × rows or columns that have some, and then the last, as one number an image.

    The last edge runs up and down in turn: images across two first edges stay of one width.
    """
    end, lines = lines.shape[1] - 1, lines.to(torch.uint8)
    first, last = lines.argmax(1), end - lines.flip(1).argmax(1)
    return first * (end + 1) + torch.where(first % 2 == 0, last, end - last)


def _shape(ink: Tensor) -> Tensor:
    """Return which of 4 × 4 blocks are full of ink, as one number an image.

    A block is full above its median over all images. From one number to the next a single block changes (a Gray
    code); the blocks that divide the images most evenly come first.
    """
    block = ink.shape[1] // BLOCKS
    covered = ink[:, : BLOCKS * block, : BLOCKS * block]
    inked = covered.reshape(-1, BLOCKS, block, BLOCKS, block).sum((2, 4)).flatten(1)
    full = inked > inked.median(0).values
    imbalance = (2 * full.sum(0) - len(ink)).abs()
    number = torch.zeros(len(ink), dtype=torch.int64, device=ink.device)
    bit = torch.zeros_like(number)
    for which in torch.argsort(imbalance, stable=True):
        bit = bit ^ full[:, which]
        number = 2 * number + bit
    return number
