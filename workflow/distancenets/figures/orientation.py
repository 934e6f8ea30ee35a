"""Distance or intensity: the scores of the models side by side."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from distancenets.figures.model_rows import INTERVAL, draw_runs, label_rows, of_row, present_rows
from distancenets.figures.style import PAGE_WIDTH


def orientation_figure(by_run: pd.DataFrame, title: str) -> Figure:
    """The scores from −1 (intensity) to +1 (distance), one row per model and milestone.

    Scores are taken before the constraint and, if it changes them, also of the outputs.

    `by_run` holds the rows of one experiment of `measurements/orientation_by_run.csv`.
    """
    drawn = present_rows(by_run)
    figure, panel = plt.subplots(figsize=(PAGE_WIDTH, 0.3 * len(drawn) + 1.2))
    panel.axvline(0, color="#555555", linewidth=0.8)
    for height, row in enumerate(drawn):
        rows, model = of_row(by_run, row), row.model
        first = height == 0
        draw_runs(panel, height - 0.2, rows["score"], model, "one run, before the output constraint" * first or None)
        if model.representation.constrained and not model.head.non_negative and model.activation.name == "relu":
            draw_runs(panel, height + 0.2, rows["score_of_outputs"], model, filled=False)
    panel.plot([], [], "o", color="black", markerfacecolor="white", markersize=3.5, label="of its outputs (ReLU alone)")
    panel.plot([], [], "|-", color="black", linewidth=0.8, markersize=5, label=INTERVAL)
    label_rows(panel, drawn)
    panel.set_xlim(-1.05, 1.05)
    panel.set_xlabel("← intensity: own class far from the boundary      score      distance: own class near it →")
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2, fontsize=7)
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    figure.tight_layout()
    return figure
