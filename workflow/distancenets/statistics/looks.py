"""Looks: the numbers of seeds at which a growing study is judged, and the share of the level that each look spends.

A study is judged at 10, 20, 40, 80, 160 … complete seeds, at 1/4, 1/2, 1/8, 1/16, 1/32 … of its level. The shares add
up to one. By the union bound, an error whose chance is at most share × level at each look has a chance of at most the
level over all looks, however long the study goes on, and whatever kind of interval decides.
"""

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

FIRST = 10


class Look(NamedTuple):
    """A number of seeds, and the share of the level that is spent when so many are complete."""

    seeds: int
    share: float


def look(seeds: int) -> Look | None:
    """Return the last look that `seeds` complete seeds have passed; None before the first."""
    return _look((seeds // FIRST).bit_length() - 1) if seeds >= FIRST else None


def next_looks(seeds: int, number: int) -> list[Look]:
    """Return the next looks after `seeds` complete seeds, in order."""
    turn = (seeds // FIRST).bit_length()
    return [_look(turn + further) for further in range(number)]


def complete_seeds(samples: Iterable[Iterable[int]]) -> int:
    """Return the n for which each of `samples`, its seeds, holds all of 0 … n − 1, and one of them lacks seed n."""
    common = set.intersection(*map(set, samples))
    return next(seed for seed in count() if seed not in common)


def _look(turn: int) -> Look:
    # The second look gets most: 20 seeds is the size of the paper's study.
    share = (1 / 4, 1 / 2)[turn] if turn < 2 else 2.0 ** -(turn + 1)
    return Look(FIRST << turn, share)
