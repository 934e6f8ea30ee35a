"""Training against an independent reading of the paper, in double precision."""

import pytest
import torch
from torch import Tensor, nn

from distancenets.configuration.datasets import DatasetSettings
from distancenets.datasets.store import Dataset
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Chunk, Network, chunks, differentiate, evaluate
from distancenets.training.pixel_scaling import scaling
from reference import reference_network

CASES = [
    pytest.param(model, pixels, form, id=f"{model.paper_name}-{pixels}-{form}")
    for model in models()
    for pixels in ("raw", "standardised")
    for form in (("code", "paper") if model.head.name == "offset_l2" else ("code",))
]


def perturbed(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return parameters off their start, so that no scale is exactly one."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: value.double() + 0.03 * torch.randn(value.shape, generator=generator, dtype=torch.float64)
        for name, value in parameters.items()
    }


def of_seed(parameters: dict[str, Tensor], index: int) -> dict[str, Tensor]:
    return {name: value[index] for name, value in parameters.items()}


def split(dataset: Dataset, count: int, rows: int, dtype: torch.dtype = torch.float64) -> list[Chunk]:
    return chunks(dataset.train_images[:count], dataset.train_labels[:count], "dense", rows, dtype)


@pytest.mark.parametrize(("model", "pixels", "form"), CASES)
def test_loss_accuracy_and_gradients_equal_the_reference(
    model: Model, pixels: str, form: str, mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    parameters = perturbed(initialise(model, [4, 9], 32))
    network = Network(model, form, scaling(pixels, mnist_settings))  # type: ignore[arg-type]
    score, gradients = differentiate(network, parameters, split(mnist, 500, 130))
    images = mnist.train_images[:500].double()
    if pixels == "standardised":
        images = (images / 255 - 0.1307) / 0.3081
    labels = mnist.train_labels[:500].long()
    for index in range(2):
        reference = reference_network(
            of_seed(parameters, index), model.architecture, model.representation.name, squared=form == "paper"
        )
        outputs = reference(images)
        loss = nn.functional.cross_entropy(outputs, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.testing.assert_close(score.loss[index], loss.detach(), rtol=1e-9, atol=0)
        assert score.accuracy[index].item() == pytest.approx(
            100 * (outputs.argmax(1) == labels).double().mean().item(), rel=1e-12
        )
        for name, value in reference.named().items():
            assert value.grad is not None
            scale = value.grad.abs().max().item()
            torch.testing.assert_close(gradients[name][index], value.grad, rtol=1e-9, atol=1e-9 * scale)


def test_the_size_of_chunks_changes_nothing_but_rounding(mnist: Dataset, mnist_settings: DatasetSettings) -> None:
    model = models()[0]
    network = Network(model, "code", scaling("raw", mnist_settings))
    parameters = {name: value.double() for name, value in initialise(model, [0], 32).items()}
    whole, pieces = (evaluate(network, parameters, split(mnist, 1000, rows)) for rows in (1000, 7))
    torch.testing.assert_close(whole.loss, pieces.loss, rtol=1e-12, atol=0)
    assert torch.equal(whole.accuracy, pieces.accuracy)


def descend(
    model: Model, seeds: list[int], steps: int, dtype: torch.dtype, mnist: Dataset, settings: DatasetSettings
) -> dict[str, Tensor]:
    network = Network(model, "code", scaling("raw", settings))
    parameters = {name: value.to(dtype) for name, value in initialise(model, seeds, 128).items()}
    images = split(mnist, 2000, 500, dtype)
    for _ in range(steps):
        _, gradients = differentiate(network, parameters, images)
        for name, gradient in gradients.items():
            parameters[name] -= 0.001 * gradient
    return parameters


@pytest.mark.slow
@pytest.mark.parametrize("model", models(), ids=lambda model: model.paper_name)
def test_a_seed_alone_equals_the_seed_within_a_pack(
    model: Model, mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    alone = descend(model, [2], 5, torch.float64, mnist, mnist_settings)
    packed = descend(model, [0, 2, 5], 5, torch.float64, mnist, mnist_settings)
    for name, value in alone.items():
        torch.testing.assert_close(packed[name][1], value[0], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_a_seed_alone_stays_near_the_seed_within_a_pack_in_single_precision(
    mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    model = models()[0]
    alone = descend(model, [2], 50, torch.float32, mnist, mnist_settings)
    packed = descend(model, [0, 2, 5], 50, torch.float32, mnist, mnist_settings)
    for name, value in alone.items():
        # Stated in the README: rounding moves single weights, by less than 1 % of the layer's spread.
        assert (packed[name][1] - value[0]).abs().max() < 0.01 * value.std()
