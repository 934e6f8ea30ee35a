"""Figure 1: outputs of single nodes of the first linear layer, with the class of each image."""

from pathlib import Path

import pandas as pd
import torch

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, Study
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset, load_dataset
from distancenets.derived import deriving
from distancenets.errors import UserError
from distancenets.files import replacing
from distancenets.measurements.networks import Stored
from distancenets.runs.archive import FIGURE1, archived_table
from distancenets.runs.inventory import sources
from distancenets.training.first_layer import DensePixels
from distancenets.training.paths import run_path
from distancenets.training.pixel_scaling import scaling
from distancenets.training.run_files import RunFolder


def write_node_outputs(study: Study, root: Path, datasets: Path, data: Path) -> None:
    """Write measurements/figure1.csv below `root`, from the archive or from the weights of the run."""
    chosen, epoch = study.report.figure1, study.reported_epochs("figure1")
    run = Run(study.reported_experiment, chosen.architecture, chosen.representation, chosen.seed)
    fresh, archived = sources(study, root, datasets)
    if run in archived:
        outputs = archived_node_outputs(root, run, epoch, chosen.node)
    else:
        made_by = fresh[run]
        stored = Stored(RunFolder(root / run_path(run)), made_by.run_digest(run.seed))
        images = load_dataset(data / made_by.experiment.dataset, made_by.dataset)
        images = images_of(images, made_by.experiment.split, run.seed)
        outputs = node_outputs(stored, made_by, epoch, chosen.node, images)
    file = root / "measurements" / "figure1.csv"
    with deriving("node", file), replacing(file) as path:
        outputs.to_csv(path, index=False)


def node_outputs(stored: Stored, recipe: Recipe, epoch: int, node: int, dataset: Dataset) -> pd.DataFrame:
    """The first linear layer's output at one hidden node over the test images (Figure 1).

    Returns
    -------
    pandas.DataFrame
        One row per test image: label (class index) and output (before the activation).
    """
    weights = stored.folder.read_weights(stored.digest, epoch)
    weight, bias = weights["hidden.weight"][node], weights["hidden.bias"][node]
    folded = scaling(recipe.experiment.pixels, recipe.dataset).fold(weight.view(1, 1, -1), bias.view(1, 1))
    outputs = DensePixels(dataset.test_images, torch.float32).forward(*folded).flatten()
    return pd.DataFrame({"label": dataset.test_labels.numpy(), "output": outputs.numpy()})


def archived_node_outputs(root: Path, run: Run, epoch: int, node: int) -> pd.DataFrame:
    """Return the same from the archive below `root`; a `UserError` names a node or epoch that the archive lacks."""
    table = archived_table(FIGURE1, [run], root)
    chosen = table[(table["epoch"] == epoch) & (table["node"] == node)]
    if chosen.empty:
        held = ", ".join(
            f"node {node} at epoch {epoch}" for node, epoch in set(zip(table["node"], table["epoch"], strict=True))
        )
        raise UserError(
            f"report.figure1: node {node} at epoch {epoch} is not in the archive of {root} (it has: {held})"
        )
    return chosen[["label", "output"]]
