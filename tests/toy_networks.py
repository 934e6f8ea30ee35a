"""Networks and images whose geometry is known beforehand."""

import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.networks import Networks
from distancenets.models.registry import find_model
from distancenets.training.batches import Network
from distancenets.training.pixel_scaling import Scaling

CLASSES = 10


def one_pixel_a_class(images: int = 20) -> Dataset:
    """Return images of ten pixels: pixel c of an image of class c is 100 to 120, all others are 0 to 9."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(CLASSES).repeat(images)
    pixels = torch.randint(0, 10, (len(labels), CLASSES), generator=generator)
    pixels[torch.arange(len(labels)), labels] = torch.randint(100, 121, labels.shape, generator=generator)
    parts = pixels.to(torch.uint8), labels.to(torch.uint8)
    return Dataset("pixels", "", *parts, *parts)


def hand_built(model: tuple[str, str], head: dict[str, Tensor], hidden: Tensor | None = None) -> Networks:
    """Return one network whose hidden features are the ten pixels, or `hidden` @ pixels, with this `head`."""
    weight = torch.eye(CLASSES) if hidden is None else hidden
    parameters = {"hidden.weight": weight.unsqueeze(0), "hidden.bias": torch.zeros(1, len(weight))}
    parameters |= {f"head.{name}": value.unsqueeze(0) for name, value in head.items()}
    network = Network(find_model(*model), "code", Scaling(1.0, 0.0))
    return Networks("hand", 7, (0,), network, parameters, rows=37)


def distance_head() -> dict[str, Tensor]:
    """Return a head whose unit c sums all pixels but c: small for class c alone."""
    return {"weight": 1 - torch.eye(CLASSES)}


def offset_head(at: Tensor) -> dict[str, Tensor]:
    return {"prototypes": at.contiguous(), "scales": torch.ones(CLASSES, CLASSES)}
