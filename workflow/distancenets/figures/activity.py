"""Accuracy against the number of dead output nodes (claim 7)."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distancenets.figures.model_rows import of_model, present_models
from distancenets.figures.style import colour
from distancenets.models.registry import Model

RUN = ["experiment", "architecture", "representation", "seed", "epoch"]
WIDTH = 4.6  # inches


def dead_nodes_figure(activity: pd.DataFrame, runs: pd.DataFrame, title: str) -> Figure:
    """Test accuracy against output nodes that no training image activates, one point per run.

    Intensity models with a ReLU after a linear head are coloured, all others are grey.

    Parameters
    ----------
    activity, runs
        Rows of one experiment and epoch of `measurements/activity.csv` and `runs.csv`.
    """
    chosen = activity[(activity["layer"] == "output") & (activity["split"] == "train")]
    table = chosen.merge(runs[[*RUN, "test_accuracy"]], on=RUN, validate="one_to_one")
    table = table.assign(dead=(table["never_active"] * table["nodes"]).round())
    figure, panel = plt.subplots(figsize=(WIDTH, 3.0))
    nodes = int(table["nodes"].max())
    panel.plot(
        [0, nodes], [100, 0], ":", color="#555555", linewidth=0.9, label="one class in ten lost for every dead node"
    )
    models = present_models(table)
    others = [model for model in models if not _can_die(model)]
    if others:
        rest = pd.concat([of_model(table, model) for model in others])
        _draw(panel, rest, "#999999", "x", f"the {len(others)} other models")
    for model, shape in zip([model for model in models if _can_die(model)], "os^D", strict=False):
        _draw(panel, of_model(table, model), colour(model), shape, model.paper_name)
    panel.set(xlabel="output nodes that no training image activates", ylabel="test accuracy (%)", ylim=(0, 103))
    panel.set_xticks(range(nodes + 1))
    panel.legend(loc="lower left", bbox_to_anchor=(0.0, 1.08), ncols=2, borderaxespad=0)
    panel.set_title(title, loc="left")
    return figure


def _can_die(model: Model) -> bool:
    return model.activation.name == "relu" and model.representation.name == "intensity" and not model.head.non_negative


def _draw(panel: Axes, table: pd.DataFrame, ink: str, shape: str, label: str) -> None:
    # Runs with equally many dead nodes are set apart by their rank.
    ordered = table.sort_values("test_accuracy")
    groups = ordered.groupby("dead")
    place, count = groups.cumcount().to_numpy(), groups["seed"].transform("size").to_numpy()
    offset = 0.25 * (place - (count - 1) / 2) / np.maximum(count, 2)
    panel.plot(ordered["dead"] + offset, ordered["test_accuracy"], shape, color=ink, markersize=4, label=label)
