"""The regression anchor: the first losses of every model in double precision, made by the independent reference.

`python tests/reference_losses.py` writes tests/reference/losses.csv anew. Only a change of the paper's protocol, as
it is read here, is a reason to do so.
"""

from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.datasets.store import load_dataset
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, models
from reference import reference_network

LOSSES = Path(__file__).parent / "reference" / "losses.csv"
IMAGES, EPOCHS, SEED, HIDDEN, LEARNING_RATE = 500, 50, 0, 128, 0.001


def start(model: Model) -> dict[str, Tensor]:
    """Return the pack of one that `model` starts from, in double precision."""
    return {name: value.double() for name, value in initialise(model, [SEED], HIDDEN).items()}


def reference_losses(model: Model, images: Tensor, labels: Tensor) -> list[float]:
    """Return the loss before each of the first steps on raw pixels, OffsetL2 in the form of the author's code."""
    parameters = {name: value[0] for name, value in start(model).items()}
    network = reference_network(parameters, model.architecture, model.representation.name, squared=False)
    optimiser = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    found = []
    for _ in range(EPOCHS):
        loss = nn.functional.cross_entropy(network(images.double()), labels.long())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(loss.item())
    return found


def main() -> None:
    torch.set_num_threads(1)
    repository = Path(__file__).parent.parent
    settings = load_dataset_settings("mnist", repository / "config" / "datasets.yaml")
    mnist = load_dataset(repository / "data" / "mnist", settings)
    images, labels = mnist.train_images[:IMAGES], mnist.train_labels[:IMAGES]
    table = pd.DataFrame({model.paper_name: reference_losses(model, images, labels) for model in models()})
    LOSSES.parent.mkdir(exist_ok=True)
    table.rename_axis("epoch").to_csv(LOSSES, float_format="%.15g")


if __name__ == "__main__":
    main()
