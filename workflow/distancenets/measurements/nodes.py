"""What single hidden nodes give: the outputs of the first linear layer, class by class."""

from pathlib import Path

import pandas
import torch

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run
from distancenets.datasets.store import Dataset
from distancenets.training.paths import run_path
from distancenets.training.pixels import DensePixels
from distancenets.training.runs import RunFolder
from distancenets.training.scaling import scaling


def node_outputs(root: Path, run: Run, recipe: Recipe, epoch: int, node: int, dataset: Dataset) -> pandas.DataFrame:
    """Return the first linear layer's output at one hidden node over the test images (Figure 1).

    Returns
    -------
    pandas.DataFrame
        A row a test image: label (class index) and output (before the activation).
    """
    weights = RunFolder(root / run_path(run)).read_weights(recipe.run_digest(run.seed), epoch)
    weight, bias = weights["hidden.weight"][node], weights["hidden.bias"][node]
    folded = scaling(recipe.experiment.pixels, recipe.dataset).fold(weight.view(1, 1, -1), bias.view(1, 1))
    outputs = DensePixels(dataset.test_images, torch.float32).forward(*folded).flatten()
    return pandas.DataFrame({"label": dataset.test_labels.numpy(), "output": outputs.numpy()})
