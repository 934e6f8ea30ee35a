"""Every engine on every device goes down the path that the independent reference went."""

import pandas
import pytest
import torch

import anchor
from distancenets.configuration.datasets import DatasetSettings
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.models.registry import Model, models
from distancenets.training.batches import Network, chunks, differentiate
from distancenets.training.engines.registry import ENGINES, choose
from distancenets.training.scaling import scaling

# Models whose steps amplify rounding about tenfold each: from 1e-15 to the size of the loss itself within 20 epochs,
# whatever computes them. Until these epochs they are held to 1e-7, all others to 1e-9 throughout.
AMPLIFYING = {"Abs2-Neg": 9, "Abs2-Neg_Bias": 9}
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def usable(engine: str, device: torch.device) -> str:
    """Return `engine`, or skip the test where the device or its compiler does not serve it."""
    try:
        return choose(engine, device).name
    except UserError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.paper_name)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("device", DEVICES)
def test_losses_are_those_of_the_anchor(
    model: Model, engine: str, device: str, mnist: Dataset, mnist_settings: DatasetSettings
) -> None:
    place = torch.device(device)
    network = Network(model, "code", scaling("raw", mnist_settings))
    parameters = {name: value.to(place) for name, value in anchor.start(model).items()}
    images, labels = mnist.train_images[: anchor.IMAGES].to(place), mnist.train_labels[: anchor.IMAGES].to(place)
    split = chunks(images, labels, usable(engine, place), 400, torch.float64)
    found = []
    epochs = AMPLIFYING.get(model.paper_name, anchor.EPOCHS)
    for _ in range(epochs):
        score, gradients = differentiate(network, parameters, split)
        found.append(score.loss.item())
        for name, gradient in gradients.items():
            parameters[name].sub_(gradient, alpha=anchor.LEARNING_RATE)
    expected = pandas.read_csv(anchor.LOSSES)[model.paper_name].tolist()[:epochs]
    assert found == pytest.approx(expected, rel=1e-7 if model.paper_name in AMPLIFYING else 1e-9)
