"""Fusion: functions made of element-wise steps, compiled into few passes over memory where that is switched on.

On a GPU the steps between the matrix products cost as much as these; torch.compile makes one pass of several. It is
off until `fuse` switches it on for the process.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_on = False


def fuse(on: bool) -> None:
    """Switch fusion on or off for this process."""
    global _on  # noqa: PLW0603 (a switch of the process, as torch's own are)
    _on = on


def fusible(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return `function`, which runs compiled while fusion is on."""

    @cache
    def compiled() -> Callable[Arguments, Result]:
        # Without `deterministic`, kernels are chosen by timing them, and a sum's order would be another each time.
        return torch.compile(function, dynamic=True, options={"deterministic": True})

    @wraps(function)
    def chosen(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        return (compiled() if _on else function)(*arguments, **named)

    return chosen
