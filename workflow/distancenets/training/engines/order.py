"""The order of a split's images in which neighbours have ink in nearly the same pixels."""

import math

import torch
from torch import Tensor

# Blocks a side of the coarse picture that tells images of the same edges apart.
BLOCKS = 4


def ink_order(images: Tensor) -> Tensor:
    """Return the order of `images`, N × D, uint8, by the edges of their ink and, among equal ones, by coarse shape.

    Integers decide alone, and equal images keep their order, so that it is the same on every machine.
    """
    side = math.isqrt(images.shape[1])
    ink = images.view(-1, side, side) > 0
    return torch.argsort(_edges(ink) << BLOCKS * BLOCKS | _shape(ink), stable=True)


def _edges(ink: Tensor) -> Tensor:
    """Return the left edge of the ink, N × rows × columns, and then the right one, as one number an image.

    The right edge runs up and down in turn: images across two left edges stay of one width.
    """
    last = ink.shape[2] - 1
    columns = ink.any(1).to(torch.uint8)
    left, right = columns.argmax(1), last - columns.flip(1).argmax(1)
    return left * (last + 1) + torch.where(left % 2 == 0, right, last - right)


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
