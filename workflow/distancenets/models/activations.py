"""Activations: what turns a linear layer's output into features. A new one is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """An element-wise function with the name the paper gives it.

    `value` and `slope` are the function and its derivative as C expressions of a float `z`, for the compiled engine:
    floats (`1.0f`), + − * /, comparisons, `?:`, and `exp1` and `log1` of `training/engines/native/vectors.h`. Without
    them a model is trained by the dense engine.
    """

    name: str
    paper_name: str
    formula: str
    function: Callable[[Tensor], Tensor]
    value: str | None = None
    slope: str | None = None


def _absolute(z: Tensor) -> Tensor:
    """Return |z|, made as a ReLU with a slope of -1 below 0: its derivative is one pass over memory, not two.

    At 0 the derivative is -1, where that of `abs` is 0.
    """
    from torch.nn.functional import leaky_relu  # noqa: PLC0415 (torch is slow to import, and tables need none)

    return leaky_relu(z, -1.0)


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("relu", "ReLU", "max(z, 0)", lambda z: z.relu(), "z < 0 ? 0 : z", "z > 0 ? 1 : 0"),
    "abs": Activation("abs", "Abs", "|z|", _absolute, "z > 0 ? z : -z", "z > 0 ? 1 : -1"),
}
