"""The registry of measurements from saved weights: a description of each, and the files that it writes.

To add one, add an entry here and a module of the same name with the function `measure_<name>`. The registry imports
nothing heavy, so that the workflow and `--help` can read it.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

# Which rows a study keeps: per node and class, or only per run.
Rows = Literal["by_node", "by_run"]

# The first columns of every measurement.
AXES = ("experiment", "architecture", "representation", "model", "seed", "epoch")


class Measurement(NamedTuple):
    """One measurement: its description in one line, and its files below measurements/, each named after its table.

    `of_nodes` are the files with rows per node or class, which are large.
    """

    text: str
    files: tuple[str, ...]
    of_nodes: tuple[str, ...] = ()

    def kept(self, rows: Rows) -> tuple[str, ...]:
        """The files that a study with these `rows` keeps."""
        return tuple(file for file in self.files if rows == "by_node" or file not in self.of_nodes)


MEASUREMENTS = {
    "activity": Measurement("Count the nodes of each layer that are never, or hardly ever, active.", ("activity.csv",)),
    "projections": Measurement(
        "Describe how the classes lie along each hidden node, and how far they overlap.",
        ("projections.csv", "projections_by_run.csv", "projections_by_class.parquet"),
        of_nodes=("projections.csv", "projections_by_class.parquet"),
    ),
    "orientation": Measurement(
        "Score each network from intensity (−1) to distance (+1).",
        ("orientation.csv", "orientation_by_run.csv"),
        of_nodes=("orientation.csv",),
    ),
    "prototypes": Measurement(
        "Find where each output unit's prototype lies, and the training images nearest to it.",
        ("prototypes.csv", "prototypes_by_run.csv", "prototype_neighbours.csv"),
        of_nodes=("prototypes.csv", "prototype_neighbours.csv"),
    ),
    "mahalanobis": Measurement(
        "Correlate the learned output distance with the true Mahalanobis distance of each class.",
        ("mahalanobis.csv", "mahalanobis_by_run.csv"),
        of_nodes=("mahalanobis.csv",),
    ),
    "perturbation": Measurement(
        "Clamp the hidden features from below and from above, and record the accuracy.",
        ("perturbation.csv", "perturbation_by_run.csv"),
    ),
}

# Figures of the measurements → what each shows.
FIGURES = {
    "activity": "Accuracy against dead output nodes",
    "projections": "Classes along all hidden nodes",
    "orientation": "Intensity or distance: the scores of the models",
    "prototypes": "Prototypes between anti-centre and centre",
    "prototype_images": "Training images nearest to each prototype",
    "mahalanobis": "Learned output distance against Mahalanobis distance",
    "perturbation": "Accuracy with clamped hidden features",
}


def kept_files(rows: Rows) -> Mapping[str, tuple[str, ...]]:
    """Measurement → its files that a study with these `rows` keeps."""
    return {name: entry.kept(rows) for name, entry in MEASUREMENTS.items()}


def drawn_figures(rows: Rows) -> Mapping[str, str]:
    """Figure → what it shows, for a study with these `rows`; empty if they are by run."""
    return FIGURES if rows == "by_node" else {}
