"""Differences of test accuracy with their intervals, measured and published side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from distancenets.figures.style import MARKERS, PAGE_WIDTH, PALETTE

BAND = PALETTE[2]
SERIES = (PALETTE[0], PALETTE[1], PALETTE[5])
LINEAR_WITHIN = 1.0
LINEAR_UP_TO = 5.0


def differences_figure(
    series: Mapping[str, pd.DataFrame], order: Sequence[str], margin: float, confidence: float, title: str
) -> Figure:
    """A figure with one row per comparison that any of the series has, and one mark per series.

    Parameters
    ----------
    series
        Name in the legend → columns label, difference, low, high (percentage points), at most three series. Labels
        are unique. If an end is NaN, no bar is drawn.
    order
        Every label, from top to bottom.
    margin
        Half the width of the equivalence band, percentage points.
    confidence
        Confidence level of the intervals, for the legend.

    Notes
    -----
    The axis is linear unless a difference exceeds five points. Then it is linear within ± 1 and logarithmic
    beyond, and its label says so.
    """
    interval = f"Welch's {100 * confidence:g} % interval"
    labels = [label for label in order if any((rows["label"] == label).any() for rows in series.values())]
    figure, panel = plt.subplots(figsize=(PAGE_WIDTH, 1.2 + 0.34 * len(labels)), layout="constrained")
    panel.axvspan(-margin, margin, color=BAND, alpha=0.25, linewidth=0, label=f"equal: within ±{margin:g}")
    panel.axvline(0, color="black", linewidth=0.8)
    offsets = np.linspace(-0.24, 0.24, len(series)) if len(series) > 1 else np.zeros(1)
    for offset, (name, rows), colour, marker in zip(offsets, series.items(), SERIES, MARKERS, strict=False):
        _draw_rows(panel, rows, labels, offset, colour, marker, f"{name}, {interval}")
    for row in range(1, len(labels)):
        panel.axhline(row - 0.5, color="#dddddd", linewidth=0.5, zorder=0)
    panel.grid(visible=False, axis="y")
    panel.set_yticks(range(len(labels)), labels)
    panel.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel(_scale(panel, pd.concat(series.values())))
    panel.set_title(title, loc="left")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _draw_rows(
    panel: Axes, rows: pd.DataFrame, labels: list[str], offset: float, colour: str, marker: str, name: str
) -> None:
    values = rows[["difference", "low", "high"]].to_numpy(np.float64)
    heights = np.array([labels.index(label) for label in rows["label"]]) + offset
    bars = np.abs(values[:, 1:] - values[:, :1]).T
    panel.errorbar(
        values[:, 0],
        heights,
        xerr=bars,
        fmt=marker,
        color=colour,
        markersize=3,
        elinewidth=1.1,
        capsize=1.8,
        label=name,
    )


def _scale(panel: Axes, rows: pd.DataFrame) -> str:
    """Choose a linear or symmetric logarithmic axis for `rows` and return what it shows."""
    name = "difference in mean test accuracy, first − second (percentage points)"
    values = rows[["difference", "low", "high"]].to_numpy(np.float64)
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    if largest <= LINEAR_UP_TO:
        return name
    decades = 10.0 ** np.arange(np.ceil(np.log10(1.1 * largest)))
    end = decades[-1] * (5 if 1.1 * largest <= 5 * decades[-1] else 10)
    marks = np.append(decades, end)
    between = np.outer(decades, np.arange(2, 10)).ravel()
    panel.set_xscale("symlog", linthresh=LINEAR_WITHIN, linscale=1.5)
    panel.set_xlim(-end, end)
    panel.xaxis.set_major_locator(FixedLocator([*-marks[::-1], 0.0, *marks]))
    panel.xaxis.set_minor_locator(FixedLocator([*-between, *between]))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    return f"{name}\nlinear within ±{LINEAR_WITHIN:g}, logarithmic beyond"
