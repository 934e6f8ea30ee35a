"""Differences of test accuracy with their intervals, measured and published side by side."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from distancenets.files import replacing

# Okabe and Ito's palette, told apart by every kind of colour vision.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
COLUMN_WIDTH, PAGE_WIDTH = 3.4, 7.0
LINEAR_WITHIN = 1.0
LINEAR_UP_TO = 5.0


def draw_differences(
    measured: pd.DataFrame,
    published: pd.DataFrame,
    margin: float,
    confidence: float = 0.95,
    width: float = COLUMN_WIDTH,
) -> Figure:
    """Return a figure with one row a comparison: those of `measured`, then what only `published` has.

    Parameters
    ----------
    measured, published
        Columns `label, difference, low, high` (percentage points, no label twice); the ends may be NaN, then
        no bar is drawn.
    margin
        Half the width of the equivalence band, percentage points.
    confidence
        Of the intervals, as the legend names it.
    width
        Of the figure, inches. Its height follows from the number of rows.

    Notes
    -----
    The axis is linear unless a difference exceeds five points; then it is linear within ± 1 and logarithmic
    beyond, and says so.
    """
    interval = f"{100 * confidence:g} % interval"
    labels = list(dict.fromkeys([*measured["label"], *published["label"]]))
    with mpl.rc_context({"font.size": 7, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(width, 1.25 + 0.3 * len(labels)), layout="constrained")
        axes = figure.add_subplot()
        axes.axvspan(-margin, margin, color=GREEN, alpha=0.25, lw=0, label=f"Equivalent: within ±{margin:g}")
        axes.axvline(0, color="black", lw=0.8, label="No difference")
        _draw_rows(axes, measured, labels, offset=-0.16, colour=BLUE, marker="o", name=f"Measured, {interval}")
        _draw_rows(
            axes,
            published,
            labels,
            offset=0.16,
            colour=VERMILION,
            marker="s",
            name=f"Published, {interval}",
        )
        for row in range(1, len(labels)):
            axes.axhline(row - 0.5, color="0.88", lw=0.5, zorder=0)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.set_xlabel(_scale(axes, pd.concat([measured, published])))
        figure.legend(loc="outside upper center", ncols=2 if width < 5 else 4, frameon=False)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write `figure` to `path`, a PNG at 300 dots an inch or an SVG by its suffix, without a date."""
    kind = path.suffix.removeprefix(".")
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "distancenets"}), replacing(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=300, metadata=metadata)


def _draw_rows(
    axes: Axes, rows: pd.DataFrame, labels: list[str], *, offset: float, colour: str, marker: str, name: str
) -> None:
    values = rows[["difference", "low", "high"]].to_numpy(np.float64)
    heights = np.array([labels.index(label) for label in rows["label"]]) + offset
    bars = np.abs(values[:, 1:] - values[:, :1]).T
    axes.errorbar(
        values[:, 0],
        heights,
        xerr=bars,
        fmt=marker,
        color=colour,
        markersize=2.4,
        elinewidth=1.1,
        capsize=1.8,
        label=name,
    )


def _scale(axes: Axes, rows: pd.DataFrame) -> str:
    """Choose a linear or symmetric logarithmic axis for `rows` and return what it shows."""
    name = "Difference in test accuracy (percentage points)"
    values = rows[["difference", "low", "high"]].to_numpy(np.float64)
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    if largest <= LINEAR_UP_TO:
        return name
    decades = 10.0 ** np.arange(np.ceil(np.log10(1.1 * largest)))
    end = decades[-1] * (5 if 1.1 * largest <= 5 * decades[-1] else 10)
    marks = np.append(decades, end)
    between = np.outer(decades, np.arange(2, 10)).ravel()
    axes.set_xscale("symlog", linthresh=LINEAR_WITHIN, linscale=1.5)
    axes.set_xlim(-end, end)
    axes.xaxis.set_major_locator(FixedLocator([*-marks[::-1], 0.0, *marks]))
    axes.xaxis.set_minor_locator(FixedLocator([*-between, *between]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    return f"{name}\nlinear within ±{LINEAR_WITHIN:g}, logarithmic beyond"
