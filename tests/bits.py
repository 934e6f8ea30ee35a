"""The bits of training, as the tests of several processors and targets compare them.

`python tests/bits.py` writes tests/reference/fingerprints.csv and losses_bits.csv anew. Only a change of what the
compiled engine computes is a reason to do so, and then every run is trained again.
"""

import csv
import io
from pathlib import Path

import numpy as np

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.datasets.store import Dataset, load_dataset
from distancenets.models.networks import initial_network
from distancenets.models.registry import Model, models
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.fingerprint import FIELDS, fingerprints
from distancenets.training.pixel_scaling import Scaling

REFERENCE = Path(__file__).parent / "reference"
FINGERPRINTS, LOSSES = REFERENCE / "fingerprints.csv", REFERENCE / "losses_bits.csv"
EPOCHS, SEED, HIDDEN, LEARNING_RATE = 20, 0, 128, 0.001


def train_split(data: Dataset) -> Split:
    """Return the training images as the compiled engine reads them."""
    return Split(data.train_images.numpy(), data.train_labels.numpy())


def losses(model: Model, split: Split) -> list[str]:
    """Return the train loss of the first epochs by the paper's protocol, as hexadecimal numbers."""
    space = Workspace(split.inputs, HIDDEN)
    network = CompiledNetwork(model, "code", Scaling(1.0, 0.0), initial_network(model, SEED, HIDDEN), space)
    found = []
    for _ in range(EPOCHS):
        found.append(float(np.float64(network.differentiate(split).loss)).hex())
        network.update(0)
    return found


def main() -> None:
    repository = Path(__file__).parent.parent
    settings = load_dataset_settings("mnist", repository / "config" / "datasets.yaml")
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(fingerprints(settings))
    FINGERPRINTS.write_text(text.getvalue())
    split = train_split(load_dataset(repository / "data" / "mnist", settings))
    columns = {model.paper_name: losses(model, split) for model in models()}
    lines = [",".join(["epoch", *columns])]
    lines += [",".join([str(epoch), *row]) for epoch, row in enumerate(zip(*columns.values(), strict=True))]
    LOSSES.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
