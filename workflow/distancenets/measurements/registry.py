"""The registry of what is measured from saved weights: what each measurement says, and the files that it writes.

A new one is a module and an entry here. It imports nothing heavy, so that the workflow and `--help` can read it: an
entry is measured by `measure_<name>` of the module named after it.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

# Which rows a study keeps: of every node and class, or of every run alone.
Rows = Literal["by_node", "by_run"]

# What the rows of every measurement begin with.
AXES = ("experiment", "architecture", "representation", "model", "seed", "epoch")


class Measurement(NamedTuple):
    """One measurement: a line for people, and its files below measurements/, each named after its table.

    `of_nodes` are those of the files that have rows of nodes or classes; they are large.
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
    """Figure → what it shows, of those that a study with these `rows` draws: by run, none."""
    return FIGURES if rows == "by_node" else {}
