"""Accuracy against the level at which hidden features are clamped."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distancenets.figures.bands import draw_over_seeds, over_seeds
from distancenets.figures.model_rows import of_model, present_models
from distancenets.figures.style import PAGE_WIDTH
from distancenets.models.heads import HEADS
from distancenets.models.registry import Model

SIDES = {"below": "clamped from below at (% of range)", "above": "clamped from above at (% of range)"}


def perturbation_figure(curves: pd.DataFrame, title: str) -> Figure:
    """Accuracy against the level, one row of panels per head: the median over seeds and a band of quantiles.

    `curves` holds the rows of one experiment and epoch of `measurements/perturbation.csv`.
    """
    drawn = present_models(curves)
    heads = [head for head in HEADS if any(model.head.name == head for model in drawn)]
    figure, panels = plt.subplots(
        len(heads), 2, figsize=(PAGE_WIDTH, 1.9 * len(heads) + 0.5), squeeze=False, sharex=True, sharey=True
    )
    for row, head in zip(panels, heads, strict=True):
        for panel, side in zip(row, SIDES, strict=True):
            panel.axhline(50, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)))
            for model in (model for model in drawn if model.head.name == head):
                _draw(panel, of_model(curves[curves["side"] == side], model), model)
        row[0].set_ylabel("test accuracy (%)")
        row[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.4)
    for panel, label in zip(panels[-1], SIDES.values(), strict=True):
        panel.set_xlabel(label)
    figure.suptitle(over_seeds(title, curves), x=0.01, ha="left", fontsize=8)
    figure.tight_layout()
    return figure


def _draw(panel: Axes, rows: pd.DataFrame, model: Model) -> None:
    draw_over_seeds(panel, rows.pivot(index="level", columns="seed", values="accuracy"), model)
    panel.set(xlim=(0, 100), ylim=(0, 100))
