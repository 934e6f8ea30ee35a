"""The six models of Table 2: both sets of published accuracies, and the measured one."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distancenets.figures.style import colour
from distancenets.models.registry import find_model

COLUMN_WIDTH = 3.5  # inches
GREY = "#555555"
ROWS, COLUMNS = ("relu", "abs"), ("unconstrained", "intensity", "distance")


def six_models_figure(table2: pd.DataFrame, discussion: pd.DataFrame) -> Figure:
    """Draw a panel per model with three values: Table 2, the discussion's text and this study.

    Parameters
    ----------
    table2, discussion
        The accuracy tables of the same models, as `tables.accuracies.accuracy_table` returns them. A model with n = 0
        has published values only.
    """
    figure, panels = plt.subplots(2, 3, figsize=(COLUMN_WIDTH, 2.7), sharey=True, layout="constrained")
    quoted = discussion.set_index(["architecture", "representation"])
    for row in table2.to_dict("records"):
        panel = panels[ROWS.index(row["architecture"])][COLUMNS.index(row["representation"])]
        _draw_model(panel, row, quoted.loc[(row["architecture"], row["representation"])].to_dict())
    figure.supxlabel("test accuracy (%), mean ± SD over seeds", fontsize=7)
    return figure


def _draw_model(panel: Axes, row: dict[Any, Any], quoted: dict[Any, Any]) -> None:
    model = find_model(row["architecture"], row["representation"])
    ink = colour(model)
    values = [(row["published_mean"], row["published_sd"], GREY, "white")]
    values.append((quoted["published_mean"], quoted["published_sd"], GREY, "white"))
    if row["n"]:
        values.append((row["mean"], row["sd_population"], ink, ink))
    for height, (mean, sd, shade, face) in enumerate(values):
        panel.errorbar(mean, height, xerr=sd, fmt="o", color=shade, markerfacecolor=face, markersize=4, capsize=2)
        panel.annotate(f"{mean:.2f}", (mean, height - 0.18), ha="center", fontsize=6.5, color=shade)
    panel.set_ylim(2.3, -0.6)
    panel.set_yticks(range(3), ["Table 2", "text", "here"], fontsize=7)
    panel.locator_params(axis="x", nbins=3)
    panel.tick_params(axis="x", labelsize=6.5)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="y", visible=False)
    panel.margins(x=0.12)
    panel.set_title(model.paper_name, color=ink, fontweight="bold")
