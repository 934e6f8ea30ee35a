"""The usual way to train one of the networks: plain `torch.nn` modules, autograd and `torch.optim`.

A stand-in for what one writes first: one model at a time, images as floats in memory, loss and accuracy read with
`.item()` and the test set evaluated every epoch. By the protocol of the paper a step is a full batch of raw pixels;
otherwise Adam takes shuffled batches of standardised ones. It shares no code with the package.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Images(NamedTuple):
    """A split as floats 0..255 (images × pixels) and its labels."""

    pixels: Tensor
    labels: Tensor


class Abs(nn.Module):
    """|z|, element by element."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the magnitudes."""
        return torch.abs(inputs)


class Negation(nn.Module):
    """−z, element by element."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the negated inputs."""
        return -inputs


class OffsetL2(nn.Module):
    """√max(Σ α (h − μ)², 1e−12), as the formula reads: an images × classes × nodes tensor of differences."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.mu = nn.Parameter(torch.randn(classes, inputs) * 0.1)
        self.alpha = nn.Parameter(torch.ones(classes, inputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return one distance a class."""
        differences = inputs.unsqueeze(1) - self.mu
        return torch.sqrt(torch.clamp((self.alpha * differences**2).sum(-1), min=1e-12))


def network(architecture: str, representation: str, hidden: int = 128) -> nn.Sequential:
    """Return a fresh network of the named architecture and representation."""
    activation, _, head = architecture.partition("_")
    sigma = {"relu": nn.ReLU, "abs": Abs}[activation]
    layers: list[nn.Module] = [nn.Linear(784, hidden), sigma()]
    layers.append(OffsetL2(hidden, 10) if head == "l2" else nn.Linear(hidden, 10, bias=head == "bias"))
    if representation != "unconstrained" and head != "l2":
        layers.append(sigma())
    if representation == "distance":
        layers.append(Negation())
    return nn.Sequential(*layers)


class Yardstick:
    """One network in training."""

    def __init__(self, model: nn.Sequential, train: Images, test: Images) -> None:
        self._model, self._train, self._test = model, train, test
        self._loss = nn.CrossEntropyLoss()
        self._optimiser = torch.optim.SGD(model.parameters(), lr=0.001)

    def epoch(self) -> tuple[float, float, float]:
        """Make one step; return train loss, train and test accuracy in percent."""
        self._optimiser.zero_grad()
        outputs = self._model(self._train.pixels)
        loss = self._loss(outputs, self._train.labels)
        loss.backward()
        self._optimiser.step()
        accuracy = _accuracy(outputs, self._train.labels)
        with torch.no_grad():
            test_accuracy = _accuracy(self._model(self._test.pixels), self._test.labels)
        return loss.item(), accuracy, test_accuracy


class ShuffledBatches:
    """One network in training by Adam on shuffled batches of `size` images."""

    def __init__(self, model: nn.Sequential, train: Images, test: Images, size: int) -> None:
        self._model, self._train, self._test, self._size = model, train, test, size
        self._loss = nn.CrossEntropyLoss()
        self._optimiser = torch.optim.Adam(model.parameters(), lr=0.001)

    def epoch(self) -> tuple[float, float, float]:
        """Make one pass; return its running train loss and accuracy, and the test accuracy in percent."""
        loss, correct = 0.0, 0
        for some in torch.split(torch.randperm(len(self._train.labels)), self._size):
            pixels, labels = self._train.pixels[some], self._train.labels[some]
            self._optimiser.zero_grad()
            outputs = self._model(pixels)
            of_batch = self._loss(outputs, labels)
            of_batch.backward()
            self._optimiser.step()
            loss += of_batch.item() * len(some)
            correct += int((outputs.argmax(1) == labels).sum().item())
        images = len(self._train.labels)
        with torch.no_grad():
            test_accuracy = _accuracy(self._model(self._test.pixels), self._test.labels)
        return loss / images, 100 * correct / images, test_accuracy


def _accuracy(outputs: Tensor, labels: Tensor) -> float:
    return 100 * (outputs.argmax(1) == labels).float().mean().item()
