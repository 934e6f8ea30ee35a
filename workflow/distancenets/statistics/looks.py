"""Looks: the numbers of seeds at which a growing study is judged, and the share of the level that each look spends.

A study is judged at 10, 20, 40, 80, 160 … complete seeds, at 1/4, 1/2, 1/8, 1/16, 1/32 … of its level. The shares add
up to one. By the union bound, errors with a probability of share × level at each look have at most the probability
level over all looks. This is true for any length of the study and any kind of interval.
"""

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

FIRST = 10


class Look(NamedTuple):
    """A number of complete seeds, and the share of the level that this look spends."""

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
    """Return the largest n for which each of `samples`, given by its seeds, contains all seeds 0 … n − 1."""
    common = set.intersection(*map(set, samples))
    return next(seed for seed in count() if seed not in common)


def _look(turn: int) -> Look:
    # The second look gets the largest share: the paper's study has 20 seeds.
    share = (1 / 4, 1 / 2)[turn] if turn < 2 else 2.0 ** -(turn + 1)
    return Look(FIRST << turn, share)
