"""Fusion: functions of element-wise steps are compiled into few passes over memory.

On a GPU, the steps between the matrix products cost as much as the products. torch.compile merges several into one
pass. Fusion is off until `fuse` switches it on for the process.
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
    global _on  # noqa: PLW0603 (a switch of the process, like torch's own)
    _on = on


def fusible(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return a version of `function` that runs compiled while fusion is on."""

    @cache
    def compiled() -> Callable[Arguments, Result]:
        # Without `deterministic`, torch chooses kernels by their timing, and the order of a sum varies.
        return torch.compile(function, dynamic=True, options={"deterministic": True})

    @wraps(function)
    def chosen(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        return (compiled() if _on else function)(*arguments, **named)

    return chosen
