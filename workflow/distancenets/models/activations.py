"""Activations: they turn a linear layer's output into features. Add a new one as one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """An element-wise function and its name in the paper.

    `value` and `slope` are the function and its derivative for the compiled engine, as C expressions of a float `z`.
    They may use floats (`1.0f`), + − * /, comparisons, `?:`, and `exp1` and `log1` of
    `training/engines/native/vectors.h`. Without them, the dense engine trains the model.
    """

    name: str
    paper_name: str
    formula: str
    function: Callable[[Tensor], Tensor]
    value: str | None = None
    slope: str | None = None


def _absolute(z: Tensor) -> Tensor:
    """Return |z| as a ReLU with slope -1 below 0: its derivative takes one pass over memory instead of two.

    At 0 its derivative is -1, whereas the derivative of `abs` is 0.
    """
    from torch.nn.functional import leaky_relu  # noqa: PLC0415 (torch is slow to import, and tables need none)

    return leaky_relu(z, -1.0)


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("relu", "ReLU", "max(z, 0)", lambda z: z.relu(), "z < 0 ? 0 : z", "z > 0 ? 1 : 0"),
    "abs": Activation("abs", "Abs", "|z|", _absolute, "z > 0 ? z : -z", "z > 0 ? 1 : -1"),
}
