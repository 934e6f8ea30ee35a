"""The optimisers in PyTorch: on any device, in any floating-point type, with or without a leading seed axis."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from distancenets.configuration.optimisers import Adam, GradientDescent, Momentum, Optimiser


def no_moments(optimiser: Optimiser, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the moments of `optimiser` before its first step, named `<moment>/<parameter>`."""
    names = ((moment, name) for moment in optimiser.moments for name in parameters)
    return {f"{moment}/{name}": torch.zeros_like(parameters[name]) for moment, name in names}


def descend(
    optimiser: Optimiser,
    parameters: Mapping[str, Tensor],
    gradients: Mapping[str, Tensor],
    moments: Mapping[str, Tensor],
    taken: int,
) -> None:
    """Make step number `taken` + 1 in place, as `torch.optim` does."""
    for name, gradient in gradients.items():
        kept = [moments[f"{moment}/{name}"] for moment in optimiser.moments]
        direction, rate = _step(optimiser, gradient, kept, taken + 1)
        parameters[name].sub_(direction, alpha=rate)


def _step(optimiser: Optimiser, gradient: Tensor, moments: list[Tensor], number: int) -> tuple[Tensor, float]:
    match optimiser:
        case GradientDescent():
            return gradient, optimiser.learning_rate
        case Momentum():
            return moments[0].mul_(optimiser.momentum).add_(gradient), optimiser.learning_rate
        case Adam():
            [mean, square], [first, second] = moments, optimiser.betas
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            root = square.sqrt().div_(math.sqrt(1 - second**number)).add_(optimiser.eps)
            return mean / root, optimiser.learning_rate / (1 - first**number)
