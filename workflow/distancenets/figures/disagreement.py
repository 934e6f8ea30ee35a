"""The test images on which representations disagree most."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from distancenets.configuration.published import Published
from distancenets.configuration.study import Study
from distancenets.datasets.arrays import Arrays
from distancenets.figures.style import PAGE_WIDTH, PALETTE, plain, use_style, write_figure
from distancenets.measurements.correct import NO_ANSWERS, by_model, read_answers
from distancenets.models.heads import HEADS
from distancenets.models.registry import Model, models
from distancenets.statistics.moments import FloatArray
from distancenets.words import seeds_text

SHOWN = 24  # images
OWN_IMAGES = "each seed has test images of its own"
# A model, and the share of its seeds that answer each image correctly, 0 to 1, shape (I,).
Shares = Sequence[tuple[Model, FloatArray]]
PAINT = LinearSegmentedColormap.from_list("shares", ["#ffffff", PALETTE[0], "#002840"])


def drawn_models(present: Sequence[str]) -> list[Model]:
    """The models in `present` (the paper's names) with the most common head; of equals, the registry's first."""
    heads = [[model for model in models() if model.head.name == head and model.paper_name in present] for head in HEADS]
    return max(heads, key=len)


def disagreement(shares: Shares) -> FloatArray:
    """The disagreement of representations on each image, 0 to 1, shape (I,).

    It is the range of `shares` over the representations of an activation, averaged over the activations with several.
    """
    ranges = []
    for activation in dict.fromkeys(model.activation.name for model, _ in shares):
        rows = [share for model, share in shares if model.activation.name == activation]
        if len(rows) > 1:
            ranges.append(np.ptp(rows, axis=0))
    return np.mean(ranges, axis=0) if ranges else np.zeros(0)


def disagreement_figure(
    shares: Shares, images: NDArray[np.uint8], labels: Sequence[str], title: str, lacking: str = NO_ANSWERS
) -> Figure:
    """The images with the largest `disagreement`, and the share of correct seeds, one row per model.

    Parameters
    ----------
    images
        I × pixels, square images.
    labels
        The name of each image's class.
    lacking
        Why there are no `shares`.
    """
    apart = disagreement(shares)
    if not apart.size:
        return _empty(title, "no activation has runs of two representations" if shares else lacking)
    chosen = np.argsort(-apart, kind="stable")[:SHOWN]
    figure, (top, panel) = plt.subplots(
        2, 1, figsize=(PAGE_WIDTH, 1.55 + 0.2 * len(shares)), height_ratios=(1, 0.9 * len(shares)), sharex=True
    )
    side = int(images.shape[1] ** 0.5)
    for column, image in enumerate(chosen):
        picture, extent = 255 - images[image].reshape(side, side), (column - 0.48, column + 0.48, 0, 1)
        top.imshow(picture, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
    top.set_ylim(0, 1)
    top.axis("off")
    cells = np.stack([share[chosen] for _, share in shares])
    mesh = panel.imshow(cells, cmap=PAINT, vmin=0, vmax=1, aspect="auto", interpolation="none")
    panel.set_xlim(-0.5, len(chosen) - 0.5)
    panel.set_yticks(range(len(shares)), [model.paper_name for model, _ in shares])
    names = [f"{plain(labels[image])}, no. {image}" for image in chosen]
    panel.set_xticks(range(len(chosen)), names, rotation=90, fontsize=6)
    panel.grid(False)
    panel.tick_params(length=0)
    panel.set_xlabel("class and place in the test set, the largest disagreement first")
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    figure.tight_layout()
    bar = figure.colorbar(mesh, ax=[top, panel], fraction=0.025, pad=0.01)
    bar.set_label("share of seeds that are right", fontsize=7)
    return figure


def _empty(title: str, text: str) -> Figure:
    figure, panel = plt.subplots(figsize=(PAGE_WIDTH, 1))
    panel.axis("off")
    panel.text(0, 0.5, text, va="center", fontsize=8)
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    return figure


def draw_disagreement(
    study: Study, root: Path, record: Published, experiment: str, images: Arrays, classes: Sequence[str]
) -> None:
    """Draw the test images that models disagree on most, at the milestone nearest to the discussion's epochs."""
    use_style()
    rows = read_answers(root)
    rows = rows[rows["experiment"] == experiment]
    about = record.tables["discussion"].epochs
    near = min(rows["epoch"].unique(), key=lambda epoch: max(epoch, about) / min(epoch, about), default=None)
    found = by_model(rows[rows["epoch"] == near])
    shares = [(model, found[model.paper_name][1].mean(axis=0)) for model in drawn_models(list(found))]
    seeds = seeds_text(len(found[model.paper_name][0]) for model, _ in shares)
    title = experiment + (
        f", {near:,} epochs, {seeds}: test images with the largest range over representations" if found else ""
    )
    labels = [classes[label] for label in images.test_labels]
    lacking = OWN_IMAGES if study.experiment(experiment).split == "drawn" else NO_ANSWERS
    drawn = disagreement_figure(shares, images.test_images, labels, title, lacking)
    write_figure(drawn, root / "figures" / f"disagreement_{experiment}")
