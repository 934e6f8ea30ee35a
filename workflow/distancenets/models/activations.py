"""Activations: what turns a linear layer's output into features. A new one is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """An element-wise function with the name the paper gives it."""

    name: str
    paper_name: str
    formula: str
    function: Callable[[Tensor], Tensor]


def _absolute(z: Tensor) -> Tensor:
    """Return |z|, made as a ReLU with a slope of -1 below 0: its derivative is one pass over memory, not two.

    At 0 the derivative is -1, where that of `abs` is 0.
    """
    from torch.nn.functional import leaky_relu  # noqa: PLC0415 (torch is slow to import, and tables need none)

    return leaky_relu(z, -1.0)


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("relu", "ReLU", "max(z, 0)", lambda z: z.relu()),
    "abs": Activation("abs", "Abs", "|z|", _absolute),
}
