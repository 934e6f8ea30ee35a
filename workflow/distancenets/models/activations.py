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


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("relu", "ReLU", "max(z, 0)", lambda z: z.relu()),
    "abs": Activation("abs", "Abs", "|z|", lambda z: z.abs()),
}
