"""A learning curve in a few lines of text, for a terminal."""

from collections.abc import Sequence

import numpy as np

from distancenets.statistics.moments import FloatArray

WIDTH, HEIGHT = 44, 8
MARGIN = 9


def text_plot(epochs: Sequence[int], values: Sequence[float], logarithmic: bool = False) -> str:
    """Return `values` against `epochs` as text: epochs on a log(1 + epoch) axis, values from their lowest to highest.

    Parameters
    ----------
    epochs
        Ascending, the first of them 0.
    values
        One per epoch, interpolated linearly on the plotted axes.
    logarithmic
        Whether the axis of values is logarithmic; values must then be positive.
    """
    heights = np.log10(values) if logarithmic else np.asarray(values, dtype=np.float64)
    levels = np.interp(np.arange(WIDTH), _columns(np.asarray(epochs), epochs[-1]), heights)
    rows = _rows(levels)
    ends = {HEIGHT - 1: levels.max(), 0: levels.min()}
    lines = []
    for row in reversed(range(HEIGHT)):
        label = f"{10 ** ends[row] if logarithmic else ends[row]:{MARGIN - 2}.4g}" if row in ends else ""
        lines.append(f"{label:>{MARGIN - 2}} ┤" + "".join("•" if row in crossed else " " for crossed in rows))
    return "\n".join(line.rstrip() for line in (*lines, *_axis(epochs[-1])))


def _columns(epochs: FloatArray, last: int) -> FloatArray:
    return np.asarray(np.log1p(epochs) / np.log1p(last) * (WIDTH - 1))


def _rows(levels: FloatArray) -> list[range]:
    """Return the rows that the curve crosses in each column, so that a steep curve has no gaps."""
    span = np.ptp(levels) or 1.0
    rows = [round(float(row)) for row in (levels - levels.min()) / span * (HEIGHT - 1)]
    crossed = []
    for before, row in zip([rows[0], *rows], rows, strict=False):
        nearest = row if abs(row - before) <= 1 else before + (1 if row > before else -1)
        crossed.append(range(min(nearest, row), max(nearest, row) + 1))
    return crossed


def _axis(last: int) -> tuple[str, str]:
    """Return the epochs' axis and its labels: 0, the powers of ten that fit, and the last epoch."""
    powers = [10**power for power in range(1, len(str(last)))]
    axis, labels = ["─"] * WIDTH, [" "] * (WIDTH + len(str(last)))
    for epoch in (0, last, *powers):
        column = round(float(_columns(np.asarray([epoch]), last)[0]))
        around = labels[max(column - 1, 0) : column + len(str(epoch)) + 1]
        if set(around) == {" "}:
            axis[column] = "┴"
            labels[column : column + len(str(epoch))] = str(epoch)
    return " " * (MARGIN - 1) + "└" + "".join(axis), " " * MARGIN + "".join(labels) + " epoch"
