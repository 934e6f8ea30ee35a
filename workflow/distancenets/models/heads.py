"""Heads: they turn hidden features into class scores. Add a new one as one entry here.

Shapes: S seeds, H hidden nodes, C classes, N images. Features are S × H × N and scores S × C × N: the images
come last, so that a reduction over the classes runs along contiguous memory.

Every table and figure reads the registry. So this module does not import torch, which is slow to import.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from distancenets.models.initialisation import Floats, RandomStream

if TYPE_CHECKING:
    from torch import Tensor

    Parameters = Mapping[str, Tensor]
OffsetL2Form = Literal["code", "paper"]


@dataclass(frozen=True)
class Head:
    """A head: its initial parameters, its scores and its names in the paper.

    The architecture's name is the activation's name plus `suffix`. `paper_names` maps each allowed representation to
    its name in the paper, with the activation's name in place of `{}`. If `non_negative`, scores are never negative, so
    an output constraint needs no further activation. `compiled` names the head's form in
    `training/engines/native/heads.h`. The dense engine trains a head without one.
    """

    name: str
    suffix: str
    formula: str
    paper_names: Mapping[str, str]
    non_negative: bool
    initialise: Callable[[int, int, RandomStream], dict[str, Floats]]
    scores: Callable[[Tensor, Parameters, OffsetL2Form], Tensor]
    compiled: Literal["linear", "offset_l2"] | None = None


def linear_layer(inputs: int, outputs: int, stream: RandomStream) -> dict[str, Floats]:
    """Return a linear layer with PyTorch's default initialisation: weight and bias uniform in ±1/√inputs.

    `torch.nn.Linear(inputs, outputs)` draws the same values with the same seed.
    """
    bound = 1 / math.sqrt(inputs)
    return {"weight": stream.uniform((outputs, inputs), bound), "bias": stream.uniform((outputs,), bound)}


def _linear_start(hidden: int, classes: int, stream: RandomStream) -> dict[str, Floats]:
    return {"weight": linear_layer(hidden, classes, stream)["weight"]}


def _linear_scores(features: Tensor, parameters: Parameters, _: OffsetL2Form) -> Tensor:
    return parameters["weight"] @ features


def _linear_bias_scores(features: Tensor, parameters: Parameters, _: OffsetL2Form) -> Tensor:
    return parameters["bias"].unsqueeze(-1).baddbmm(parameters["weight"], features)


def _offset_l2_start(hidden: int, classes: int, stream: RandomStream) -> dict[str, Floats]:
    prototypes = stream.normal((classes, hidden), 0.1)
    return {"prototypes": prototypes, "scales": np.ones((classes, hidden), np.float32)}


def _offset_l2_scores(features: Tensor, parameters: Parameters, form: OffsetL2Form) -> Tensor:
    """√max(Σ α (h − μ)², 1e−12) (form `code`) or ‖α ⊙ (h − μ)‖₂ (form `paper`, Eq. 4).

    The square is expanded to Σ α h² − 2 Σ α μ h + Σ α μ². So matrix products compute it without an
    S × C × H × N tensor.
    """
    prototypes, scales = parameters["prototypes"], parameters["scales"]
    if form == "paper":
        scales = scales.square()
    weighted = scales * prototypes
    constant = (weighted * prototypes).sum(-1, keepdim=True)
    square = constant.baddbmm(scales, features.square())
    return square.baddbmm(weighted, features, alpha=-2).clamp(min=1e-12).sqrt()


_LINEAR_NAMES = {"unconstrained": "{}", "intensity": "{}2", "distance": "{}2-Neg"}

HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        Head("linear", "", "W h", _LINEAR_NAMES, False, _linear_start, _linear_scores, "linear"),
        Head(
            "linear_bias",
            "_bias",
            "W h + b",
            {representation: f"{name}_Bias" for representation, name in _LINEAR_NAMES.items()},
            False,
            linear_layer,
            _linear_bias_scores,
            "linear",
        ),
        Head(
            "offset_l2",
            "_l2",
            "‖α ⊙ (h − μ)‖₂",
            {"intensity": "{}-L2", "distance": "{}-L2-Neg"},
            True,
            _offset_l2_start,
            _offset_l2_scores,
            "offset_l2",
        ),
    )
}
