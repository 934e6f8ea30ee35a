"""The closed form of the loss, against PyTorch's, where scores tie or lie far apart."""

import itertools
import time
from statistics import median

import pytest
import torch
from torch import Tensor, nn

from distancenets.training.losses import cross_entropy


def scores(spread: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(10, (2000,), generator=generator)
    return spread * torch.randn(3, 10, 2000, generator=generator), labels


@pytest.mark.parametrize("spread", [1.0, 30.0, 1e4, 1e12])
def test_loss_and_gradient_are_pytorchs(spread: float) -> None:
    outputs, labels = scores(spread)
    found = cross_entropy(outputs, labels)
    leaf = outputs.double().requires_grad_()
    expected = nn.functional.cross_entropy(leaf, labels.expand(3, -1), reduction="none").sum(1)
    expected.sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(found.loss, expected.detach(), rtol=1e-6, atol=0)
    torch.testing.assert_close(found.gradient.double(), leaf.grad, rtol=2e-5, atol=2e-7)
    assert torch.equal(found.hits, (outputs.argmax(1) == labels).sum(1))


def test_ties_count_for_the_lowest_class() -> None:
    outputs = torch.tensor([[[0.0, 1.0, 2.0, 0.0], [0.0, 1.0, 2.0, -1.0], [0.0, 0.0, 3.0, 0.0]]])
    for labels in itertools.product(range(3), repeat=4):
        wanted = torch.tensor(labels)
        assert cross_entropy(outputs, wanted).hits.item() == (outputs.argmax(1) == wanted).sum().item()


def test_scores_far_apart_take_no_longer() -> None:
    """Where exp underflows, MKL's takes forty times as long."""
    near, far = scores(1.0), scores(1000.0)
    ratios = []
    for _ in range(25):
        start = time.process_time()
        cross_entropy(*near)
        middle = time.process_time()
        cross_entropy(*far)
        ratios.append((time.process_time() - middle) / (middle - start))
    assert median(ratios) < 1.7
