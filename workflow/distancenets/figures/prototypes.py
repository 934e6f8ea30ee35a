"""Prototypes: their position between centre and anti-centre, and their neighbours in pixel space."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from distancenets.figures.model_rows import (
    INTERVAL,
    draw_runs,
    label_rows,
    of_model,
    of_row,
    present_models,
    present_rows,
)
from distancenets.figures.style import PAGE_WIDTH, plain
from distancenets.models.registry import Model
from distancenets.words import epochs_text

SHOWN = 6  # neighbours of a prototype in the grid
BLOCKS = 4  # models in the grid
PIXELS = NDArray[np.uint8]


def prototypes_figure(by_run: pd.DataFrame, title: str) -> Figure:
    """Positions of prototypes (−1: anti-centre, +1: centre) and ranks, one row per model and milestone.

    `by_run` holds the rows of one experiment of `measurements/prototypes_by_run.csv`.
    """
    drawn = present_rows(by_run)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE_WIDTH, 0.26 * len(drawn) + 1.2), sharey=True)
    left.axvline(0, color="#555555", linewidth=0.8)
    for height, row in enumerate(drawn):
        rows, model = of_row(by_run, row), row.model
        draw_runs(left, height - 0.05, rows["preference"], model, "one run, mean of its units" if height == 0 else None)
        draw_runs(right, height - 0.05, rows["rank_own"], model)
    left.plot([], [], "|-", color="black", linewidth=0.8, markersize=5, label=INTERVAL)
    left.set(xlim=(-1.05, 1.05), xlabel="← nearer to z¬c          nearer to zc →\n(d(z¬c) − d(zc)) / (d(z¬c) + d(zc))")
    right.set_xlabel("rank of the own class's centre\n(1: the nearest)")
    label_rows(left, drawn)
    figure.legend(*left.get_legend_handles_labels(), loc="upper right", ncols=2, fontsize=7)
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    figure.tight_layout(rect=(0, 0, 1, 0.98))
    return figure


def pictured_models(neighbours: pd.DataFrame) -> list[Model]:
    """The models whose neighbours are pictured: OffsetL2's, else constrained linear ones, else any."""
    present = present_models(neighbours)
    for wanted in (
        [model for model in present if model.head.non_negative],
        [model for model in present if model.representation.constrained],
    ):
        if wanted:
            return wanted[:BLOCKS]
    return present[:BLOCKS]


def neighbours_figure(
    neighbours: pd.DataFrame, images: PIXELS, class_names: Sequence[str], seed: int, title: str
) -> Figure:
    """The training images nearest to each prototype, one row per class and one block per model.

    Images of another class are framed. `neighbours` contains the rows of one experiment of
    `measurements/prototype_neighbours.csv`; the rows of `seed` at its last milestone are drawn. `images` is
    N × pixels, square images.
    """
    drawn = pictured_models(neighbours)
    chosen = neighbours[(neighbours["seed"] == seed) & (neighbours["rank"] <= SHOWN)]
    inches = PAGE_WIDTH / BLOCKS
    height = inches * len(class_names) / SHOWN + 0.6
    figure, panels = plt.subplots(1, len(drawn), figsize=(inches * len(drawn) + 0.3, height), squeeze=False)
    for panel, model in zip(panels[0], drawn, strict=True):
        rows = of_model(chosen, model)
        last = rows[rows["epoch"] == rows["epoch"].max()]
        _draw_block(panel, last, images, len(class_names))
        panel.set_title("\n".join([f"{model.paper_name} ({model.representation.name})", *_epochs(last)]))
    panels[0, 0].set_ylabel("output unit")
    side = int(images.shape[1] ** 0.5)
    panels[0, 0].set_yticks([(row + 0.5) * side for row in range(len(class_names))], map(plain, class_names))
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    figure.tight_layout()
    return figure


def _epochs(rows: pd.DataFrame) -> list[str]:
    return [epochs_text(rows["epoch"])] if len(rows) else []


def _draw_block(panel: Axes, rows: pd.DataFrame, images: PIXELS, classes: int) -> None:
    side = int(images.shape[1] ** 0.5)
    canvas = np.zeros((classes * side, SHOWN * side), dtype=np.uint8)
    for unit, rank, image, label in rows[["unit", "rank", "image", "label"]].to_numpy(dtype=int):
        top, left = unit * side, (rank - 1) * side
        canvas[top : top + side, left : left + side] = images[image].reshape(side, side)
        if label != unit:
            frame = Rectangle((left + 0.5, top + 0.5), side - 2, side - 2, fill=False, edgecolor="#D55E00")
            panel.add_patch(frame)
    panel.imshow(255 - canvas, cmap="gray", vmin=0, vmax=255, interpolation="none")
    panel.set_xticks([(0.5 + rank) * side for rank in range(SHOWN)], [str(rank + 1) for rank in range(SHOWN)])
    panel.set_yticks([])
    panel.tick_params(length=0)
    panel.grid(False)
    panel.set_xlabel("nearest training images")
