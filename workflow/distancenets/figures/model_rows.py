"""Figures with one row per model and milestone: one point per run, and the mean over the seeds with its interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from distancenets.figures.style import colour, marker
from distancenets.models.registry import Model, models
from distancenets.statistics.moments import mean
from distancenets.statistics.t_tests import CONFIDENCE, mean_interval

INTERVAL = f"mean of the seeds and its {100 * CONFIDENCE:g} % t interval"


class Row(NamedTuple):
    """A row of a figure: a model at a milestone; its label names the epochs if they differ from the title's."""

    model: Model
    epoch: int
    label: str


def present_rows(table: pd.DataFrame) -> list[Row]:
    """The models and milestones that `table` has rows of: models in the registry's order, epochs ascending."""
    first = _milestones(table)[0]
    return [
        Row(model, epoch, model.paper_name + f", {epoch:,}" * (epoch > first))
        for model in present_models(table)
        for epoch in _milestones(of_model(table, model))
    ]


def title_of(experiment: str, table: pd.DataFrame) -> str:
    """A title with the epochs of the first milestone in `table`; rows of later milestones name their own."""
    first, *others = _milestones(table)
    return f"{experiment}, {first:,} epochs" + " unless the row names others" * bool(others)


def of_row(table: pd.DataFrame, row: Row) -> pd.DataFrame:
    """The rows of the model and milestone of `row`."""
    rows = of_model(table, row.model)
    return rows[rows["epoch"] == row.epoch]


def present_models(table: pd.DataFrame) -> list[Model]:
    """The models that `table` has rows of, in the registry's order."""
    present = set(zip(table["architecture"], table["representation"], strict=True))
    return [model for model in models() if (model.architecture, model.representation.name) in present]


def of_model(table: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The rows of `model`."""
    same = (table["architecture"] == model.architecture) & (table["representation"] == model.representation.name)
    return table[same]


def label_rows(panel: Axes, drawn: Sequence[Row]) -> None:
    """Name the rows of `panel`, the first on top."""
    panel.set_yticks(range(len(drawn)), [row.label for row in drawn])
    panel.set_ylim(len(drawn) - 0.4, -0.6)


def draw_runs(
    panel: Axes,
    height: float,
    values: pd.Series,
    model: Model,
    label: str | None = None,
    filled: bool = True,
    shade: str | None = None,
) -> None:
    """Draw one point per run around `height`, and below the points the mean with its interval."""
    known = values.dropna().to_numpy(dtype=np.float64)
    if known.size == 0:
        return
    ink = shade or colour(model)
    # Points of one row are set apart by their rank, so that equal values stay visible.
    offsets = np.linspace(-0.1, 0.1, known.size) if known.size > 1 else np.zeros(1)
    face = ink if filled else "white"
    panel.plot(
        known, height + offsets, marker(model), color=ink, markerfacecolor=face, markersize=3.5, alpha=0.8, label=label
    )
    low, high = mean_interval(known)
    if np.isfinite(low):
        panel.plot([low, high], [height + 0.18] * 2, "-", color="black", linewidth=0.8)
    panel.plot(mean(known), height + 0.18, "|", color="black", markersize=5)


def _milestones(table: pd.DataFrame) -> list[int]:
    return sorted(set(table["epoch"].tolist()))
