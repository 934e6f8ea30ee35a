"""Lines over seeds: the median and a band of quantiles, which suit any scale of an axis and any distribution."""

import pandas as pd
from matplotlib.axes import Axes

from distancenets.figures.style import colour, line
from distancenets.models.registry import Model
from distancenets.words import seeds_text

# Shares of the seeds below the ends of a band.
LOW, HIGH = 0.1, 0.9


def over_seeds(title: str, rows: pd.DataFrame) -> str:
    """`title` with what lines and bands show, and the number of seeds per model in `rows`."""
    counts = rows.groupby(["architecture", "representation"])["seed"].nunique()
    if counts.max() == 1:
        return f"{title}: one seed"
    band = f"band from the {100 * LOW:g} % to the {100 * HIGH:g} % quantile"
    return f"{title}: median over {seeds_text(counts)}, {band}"


def draw_over_seeds(panel: Axes, runs: pd.DataFrame, model: Model) -> None:
    """Draw the median and the band of `runs`, one row per place on the x axis and one column per seed.

    Beyond the last place that all seeds have, the median of the remaining seeds is a thinner line without a band.
    """
    median = runs.median(axis=1)
    together = runs.index <= runs.dropna().index.max()
    ink, dashes = colour(model), line(model)
    panel.plot(runs.index, median.where(together), color=ink, linestyle=dashes, label=model.paper_name)
    low, high = runs.quantile(LOW, axis=1), runs.quantile(HIGH, axis=1)
    panel.fill_between(runs.index, low, high, where=together, color=ink, alpha=0.2, linewidth=0)
    if not together.all():
        panel.plot(runs.index, median.where(~together), color=ink, linestyle=dashes, linewidth=0.8)
