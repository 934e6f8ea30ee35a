"""The parameters of a pack: one network per seed, every tensor with a leading seed axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distancenets.models.heads import linear_layer
from distancenets.models.initialisation import Floats, RandomStream
from distancenets.models.registry import Model

if TYPE_CHECKING:
    from torch import Tensor

INPUTS = 784
CLASSES = 10


def initialise(model: Model, seeds: Sequence[int], hidden: int) -> dict[str, Tensor]:
    """Return the initial parameters of one network per seed, float32 on the CPU.

    A seed's random stream depends on the seed alone. It draws the first layer, then the head. So all models of a seed
    have the same initial first layer, and a seed has the same start in every pack.

    Returns
    -------
    dict
        `hidden.weight` S × H × 784, `hidden.bias` S × H, and the head's parameters as `head.…`, S × ….
    """
    import torch  # noqa: PLC0415 (slow to import, and one network needs none of it)

    networks = [initial_network(model, seed, hidden) for seed in seeds]
    return {name: torch.stack([torch.from_numpy(network[name]) for network in networks]) for name in networks[0]}


def initial_network(model: Model, seed: int, hidden: int) -> dict[str, Floats]:
    """Return the initial parameters of the network of one `seed`, by name."""
    stream = RandomStream(seed)
    layers = {
        "hidden": linear_layer(INPUTS, hidden, stream),
        "head": model.head.initialise(hidden, CLASSES, stream),
    }
    return {f"{layer}.{name}": value for layer, arrays in layers.items() for name, value in arrays.items()}


def head_parameters(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the head's parameters, without the prefix `head.`."""
    return {name.removeprefix("head."): value for name, value in parameters.items() if name.startswith("head.")}
