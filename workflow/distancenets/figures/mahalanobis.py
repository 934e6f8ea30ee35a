"""The learned output distance against the true Mahalanobis distance, beside its two controls (claim 13)."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distancenets.figures.model_rows import Row, draw_runs, label_rows, of_row, present_rows
from distancenets.figures.style import PAGE_WIDTH

CONTROLS = {"none": "trained", "shuffled_labels": "shuffled labels", "untrained": "untrained"}
GREYS = {"shuffled_labels": "#999999", "untrained": "#444444"}
PANELS = {"own": "within the unit's own class", "all": "over all test images"}


def mahalanobis_figure(by_run: pd.DataFrame, title: str) -> Figure:
    """Rank correlations in the class, over all images, and of OffsetL2's scales, one row per model and milestone.

    The last panel is left out where no model has such scales. `by_run` holds the rows of one experiment of
    `measurements/mahalanobis_by_run.csv`.
    """
    drawn = present_rows(by_run)
    scales = by_run[(by_run["images"] == "own") & (by_run["control"] == "none")].dropna(subset="scales_correlation")
    width = 3 if len(scales) else 2
    figure, panels = plt.subplots(1, width, figsize=(PAGE_WIDTH, 0.42 * len(drawn) + 1.4), sharey=True)
    for panel, (images, label) in zip(panels, PANELS.items(), strict=False):
        _draw(panel, by_run[by_run["images"] == images], drawn, "correlation")
        panel.set_xlabel(f"{label}:\nrank correlation of output\nand Mahalanobis distance")
    if len(scales):
        _draw(panels[2], scales, drawn, "scales_correlation")
        panels[2].set_xlabel("OffsetL2's scales:\nrank correlation with\n1 / class variance")
    label_rows(panels[0], drawn)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="upper right", ncols=4, fontsize=7)
    figure.suptitle(
        f"{title}: one point per run (mean of classes),\nbar: mean and 95 % t interval", x=0.01, ha="left", fontsize=8
    )
    figure.tight_layout()
    return figure


def _draw(panel: Axes, table: pd.DataFrame, drawn: list[Row], column: str) -> None:
    panel.axvline(0, color="#555555", linewidth=0.8)
    panel.set_xlim(-1.05, 1.05)
    for height, row in enumerate(drawn):
        for place, (control, label) in enumerate(CONTROLS.items()):
            values = of_row(table[table["control"] == control], row)[column]
            named = label if height == 0 else None
            draw_runs(
                panel, height + 0.24 * (place - 1), values, row.model, named, control == "none", GREYS.get(control)
            )
