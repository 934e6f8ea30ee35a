"""Learning curves: train loss, train error and test error against epochs, one row of panels per head."""

import math

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from distancenets.figures.bands import draw_over_seeds, over_seeds
from distancenets.figures.style import PAGE_WIDTH, colour
from distancenets.models.heads import HEADS
from distancenets.models.registry import Model, find_model

QUANTITIES = {"train loss (nats)": "train_loss", "train error (%)": "train_accuracy", "test error (%)": "test_accuracy"}
# With more seeds than this, single runs are not drawn.
MOST_SHOWN = 10
HEAD_TITLES = {"linear": "linear head", "linear_bias": "linear head with bias", "offset_l2": "OffsetL2 head"}


def learning_curves_figure(curves: pd.DataFrame, experiment: str) -> Figure:
    """The learning curves of `experiment`: the median over seeds and a band of quantiles, log axes.

    If some seeds were trained further than others, their median continues as a thinner line without a band.
    Up to `MOST_SHOWN` runs of a model are also drawn as thin lines, because a median hides a single run that jumps.
    Errors are 100 − accuracy. Epoch 0, the untrained model, is drawn at the left edge (a log axis has no 0).
    """
    chosen = curves[curves["experiment"] == experiment]
    drawn = [find_model(*axes) for axes in chosen[["architecture", "representation"]].drop_duplicates().to_numpy()]
    heads = [head for head in HEADS if any(model.head.name == head for model in drawn)]
    figure, panels = plt.subplots(
        len(heads), 3, figsize=(PAGE_WIDTH, 2.1 * len(heads) + 0.4), squeeze=False, sharex=True, sharey="col"
    )
    for row, head in zip(panels, heads, strict=True):
        for panel, (label, column) in zip(row, QUANTITIES.items(), strict=True):
            for model in (model for model in drawn if model.head.name == head):
                _draw(panel, chosen, model, column)
            panel.set(xscale="log", yscale="log", ylabel=label)
        row[0].set_title(HEAD_TITLES.get(head, head), loc="left", fontweight="bold")
        row[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.4)
    for panel in panels[-1]:
        panel.set_xlabel("epochs")
    for panel in panels.flat:
        _label_plainly(panel)
    seeds = chosen.groupby(["architecture", "representation"])["seed"].nunique()
    thin = ", thin lines single runs" if seeds.between(2, MOST_SHOWN).any() else ""
    figure.suptitle(over_seeds(experiment, chosen) + thin, x=0.01, ha="left", fontsize=8)
    figure.tight_layout()
    return figure


def _draw(panel: Axes, curves: pd.DataFrame, model: Model, column: str) -> None:
    same = (curves["architecture"] == model.architecture) & (curves["representation"] == model.representation.name)
    values = curves.loc[same, column] if column == "train_loss" else 100 - curves.loc[same, column]
    # Beyond the last epoch of a run, values are NaN and nothing is drawn.
    runs = values.groupby([curves.loc[same, "epoch"], curves.loc[same, "seed"]]).first().unstack()
    runs.index = runs.index.to_numpy().clip(min=0.8)
    draw_over_seeds(panel, runs, model)
    if 1 < runs.shape[1] <= MOST_SHOWN:
        panel.plot(runs.index, runs, color=colour(model), linewidth=0.35, alpha=0.6, zorder=1.9)


def _label_plainly(panel: Axes) -> None:
    """Write 20 instead of 2 × 10¹ if an axis spans few decades, and label only the decades if it spans many."""
    for axis in (panel.xaxis, panel.yaxis):
        low, high = axis.get_view_interval()
        decades = math.log10(high / low)
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0,), numticks=8))
        if decades < 4:
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
