"""The parameters of a pack: one network a seed, every tensor with a leading seed axis."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from distancenets.models.heads import linear_layer
from distancenets.models.registry import Model

INPUTS = 784
CLASSES = 10


def initialise(model: Model, seeds: Sequence[int], hidden: int) -> dict[str, Tensor]:
    """Return the start of one network for each of `seeds`, float32 on the CPU.

    A seed's stream is PyTorch's generator seeded with that index and nothing else; it draws the first layer, then
    the head. So the models of one seed share their first layer, and a seed starts alike in every pack.

    Returns
    -------
    dict
        `hidden.weight` S × H × 784, `hidden.bias` S × H, and the head's parameters as `head.…`, S × ….
    """
    networks = [_network(model, seed, hidden) for seed in seeds]
    return {name: torch.stack([network[name] for network in networks]) for name in networks[0]}


def head_parameters(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the head's share of `parameters`, without the prefix."""
    return {name.removeprefix("head."): value for name, value in parameters.items() if name.startswith("head.")}


def _network(model: Model, seed: int, hidden: int) -> dict[str, Tensor]:
    generator = Generator().manual_seed(seed)
    layers = {
        "hidden": linear_layer(INPUTS, hidden, generator),
        "head": model.head.initialise(hidden, CLASSES, generator),
    }
    return {f"{layer}.{name}": value for layer, tensors in layers.items() for name, value in tensors.items()}
