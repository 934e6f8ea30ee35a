"""Activations: what turns a linear layer's output into features. A new one is one entry here."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """An element-wise function with the name the paper gives it."""

    name: str
    paper_name: str
    formula: str
    function: Callable[[Tensor], Tensor]


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("relu", "ReLU", "max(z, 0)", torch.relu),
    "abs": Activation("abs", "Abs", "|z|", torch.abs),
}
