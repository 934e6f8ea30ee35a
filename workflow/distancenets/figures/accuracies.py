"""Final test accuracies: one point per run, with the published mean and SD."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distancenets.figures.model_rows import label_rows, of_row, present_rows
from distancenets.figures.style import PAGE_WIDTH, colour, marker
from distancenets.models.registry import Model
from distancenets.statistics.moments import FloatArray

TICKS = (10, 50, 80, 90, 95, 97, 98, 99)


def final_accuracies_figure(
    runs: pd.DataFrame, published: Mapping[tuple[str, str, int], tuple[float, float]], title: str
) -> Figure:
    """The distribution of test accuracies, one row per model and milestone.

    Parameters
    ----------
    runs
        One row per run and milestone of one experiment: architecture, representation, epoch, test_accuracy (percent).
    published
        (architecture, representation, epoch) → published mean and population SD, percent.
    """
    drawn = present_rows(runs)
    figure, panel = plt.subplots(figsize=(PAGE_WIDTH, 0.24 * len(drawn) + 1.1))
    for height, row in enumerate(drawn):
        model = row.model
        _draw_model(panel, height, model, of_row(runs, row)["test_accuracy"].to_numpy())
        reference = published.get((model.architecture, model.representation.name, row.epoch))
        if reference is not None:
            mean, spread = reference
            _draw_published(panel, height, mean, spread)
    # Accuracies crowd towards 100: the axis is logarithmic in the error.
    panel.set_xscale("function", functions=(_towards_100, _from_100))
    panel.set_xlim(0, 99.2)
    panel.set_xticks(TICKS, [str(tick) for tick in TICKS])
    panel.minorticks_off()
    label_rows(panel, drawn)
    panel.set_xlabel("test accuracy (%), axis logarithmic in the error")
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2)
    panel.set_title(title, loc="left", pad=20)
    return figure


def _towards_100(accuracies: FloatArray) -> FloatArray:
    return np.asarray(-np.log10(np.clip(100 - accuracies, 1e-3, None)))


def _from_100(positions: FloatArray) -> FloatArray:
    return np.asarray(100 - 10**-positions)


def _draw_published(panel: Axes, height: int, mean: float, spread: float) -> None:
    panel.errorbar(
        mean,
        height + 0.32,
        xerr=spread,
        fmt="|",
        color="#555555",
        markersize=7,
        elinewidth=0.8,
        capsize=2,
        label="published mean ± population SD" if height == 0 else None,
    )


def _draw_model(panel: Axes, height: int, model: Model, accuracies: FloatArray) -> None:
    # Points of one row are set apart by their rank, so that equal accuracies stay visible.
    offsets = np.linspace(-0.12, 0.12, len(accuracies)) if len(accuracies) > 1 else np.zeros(1)
    panel.plot(
        accuracies,
        height + offsets,
        marker(model),
        color=colour(model),
        markersize=3.5,
        alpha=0.8,
        label="one run" if height == 0 else None,
    )
    panel.plot(
        accuracies.mean(), height, "|", color="black", markersize=11, label="mean of the runs" if height == 0 else None
    )
