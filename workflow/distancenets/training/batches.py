"""One pass over all images of a split: loss, accuracy and, if wanted, gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from distancenets.models.heads import OffsetL2Form
from distancenets.models.networks import head_parameters
from distancenets.models.registry import Model
from distancenets.training.compilation import fusible
from distancenets.training.engines.registry import PIXEL_ENGINES
from distancenets.training.first_layer import Pixels, pixel_major
from distancenets.training.losses import cross_entropy
from distancenets.training.pixel_scaling import Scaling


@dataclass(frozen=True)
class Network:
    """What a pack computes from integer pixels, without its parameters."""

    model: Model
    offset_l2: OffsetL2Form
    scaling: Scaling


class Chunk(NamedTuple):
    """Some images of a split, with their labels."""

    pixels: Pixels
    labels: Tensor


class Score(NamedTuple):
    """Mean loss in nats and accuracy in percent over a split, one entry per seed, float64."""

    loss: Tensor
    accuracy: Tensor


def no_stop() -> None:
    """Never stop: the default of `check_stop`."""


def chunks(images: Tensor, labels: Tensor, engine: str, rows: int, dtype: torch.dtype) -> list[Chunk]:
    """Split images, N × D uint8, and labels, N, into chunks of `rows` images, in the order that `engine` wants."""
    kind, labels = PIXEL_ENGINES[engine], labels.long()
    if kind.order is not None:
        order = kind.order(images)
        images, labels = images[order], labels[order]
    pairs = zip(torch.split(images, rows), torch.split(labels, rows), strict=True)
    return [Chunk(kind.pixels(some, dtype), their_labels) for some, their_labels in pairs]


def evaluate(
    network: Network, parameters: dict[str, Tensor], split: Sequence[Chunk], check_stop: Callable[[], None] = no_stop
) -> Score:
    """Return the score of `parameters` on `split`. `check_stop` is called before each chunk."""
    return _pass(network, parameters, split, None, check_stop)


def differentiate(
    network: Network, parameters: dict[str, Tensor], split: Sequence[Chunk], check_stop: Callable[[], None] = no_stop
) -> tuple[Score, dict[str, Tensor]]:
    """Return the score of `parameters` on `split`, and the gradient of the mean loss by each parameter."""
    gradients = {name: torch.zeros_like(value) for name, value in parameters.items()}
    gradients["hidden.weight"] = pixel_major(gradients["hidden.weight"])
    score = _pass(network, parameters, split, gradients, check_stop)
    weight, bias = network.scaling.unfold(gradients["hidden.weight"], gradients["hidden.bias"])
    return score, gradients | {"hidden.weight": weight, "hidden.bias": bias}


@fusible
def _outputs(network: Network, pre_activations: Tensor, head: dict[str, Tensor]) -> Tensor:
    return network.model.outputs(pre_activations, head, network.offset_l2)


def _pass(
    network: Network,
    parameters: dict[str, Tensor],
    split: Sequence[Chunk],
    gradients: dict[str, Tensor] | None,
    check_stop: Callable[[], None],
) -> Score:
    weight, bias = network.scaling.fold(parameters["hidden.weight"], parameters["hidden.bias"])
    weight = pixel_major(weight)
    head = {name: value.detach().requires_grad_() for name, value in head_parameters(parameters).items()}
    images = sum(len(chunk.labels) for chunk in split)
    loss = torch.zeros(len(bias), dtype=torch.float64, device=bias.device)
    hits = torch.zeros(len(bias), dtype=torch.int64, device=bias.device)
    for pixels, labels in split:
        check_stop()
        with torch.set_grad_enabled(gradients is not None):
            pre_activations = pixels.forward(weight, bias).requires_grad_(gradients is not None)
            outputs = _outputs(network, pre_activations, head)
        entropy = cross_entropy(outputs.detach(), labels)
        loss += entropy.loss
        hits += entropy.hits
        if gradients is not None:
            wanted = [pre_activations, *head.values()]
            first, *others = torch.autograd.grad(outputs, wanted, entropy.gradient.div_(images))
            pixels.backward(first, gradients["hidden.weight"], gradients["hidden.bias"])
            for name, gradient in zip(head, others, strict=True):
                gradients[f"head.{name}"] += gradient
    return Score(loss / images, 100 * hits.double() / images)
