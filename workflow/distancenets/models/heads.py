"""Heads: what turns hidden features into class scores. A new one is one entry here.

Shapes: S seeds, H hidden nodes, C classes, N images. Features are S × H × N and scores S × C × N: the images
come last, so that a reduction over the classes runs along contiguous memory.

The registry is read wherever a table is built or a figure drawn, so torch, slow to import, is not imported here.
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
    """A head: how it starts, what it computes, and under which names the paper prints it.

    `suffix` is appended to the activation's name to give the architecture's. `paper_names` maps each representation
    that the head admits to the printed name, with the activation's name in place of `{}`. `non_negative`: the scores
    have a sign by themselves, so that an output constraint needs no further activation. `compiled` names the head's
    form in `training/engines/native/heads.h`; a head without one is trained by the dense engine.
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
    """Return a linear layer with PyTorch's default start: weight and bias uniform in ±1/√inputs.

    The draws equal those of `torch.nn.Linear(inputs, outputs)` under the same seed.
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

    The square is multiplied out, Σ α h² − 2 Σ α μ h + Σ α μ², so that matrix products carry it and no
    S × C × H × N tensor is ever held.
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
