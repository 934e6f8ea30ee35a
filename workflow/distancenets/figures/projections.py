"""How the classes are distributed along all hidden nodes: Figure 1's question, for every node of every model."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from distancenets.figures.model_rows import label_rows, of_row, present_rows
from distancenets.figures.style import PAGE_WIDTH, colour, marker

QUANTITIES = {
    "overlap_mean": "overlap of two classes\n(Bhattacharyya)",
    "eta_squared": "variance between class\nmeans (share, η²)",
    "sd_ratio": "largest / smallest\nclass SD",
    "skewness_range": "range of class\nskewnesses",
}


def projections_figure(nodes: pd.DataFrame, title: str) -> Figure:
    """Four panels, one row per model and milestone.

    A row shows the 5 % to 95 % range over all nodes, the quartiles, and each run's median.

    `nodes` holds the rows of one experiment of `measurements/projections.csv`.
    """
    drawn = present_rows(nodes)
    figure, panels = plt.subplots(
        1, len(QUANTITIES), figsize=(PAGE_WIDTH, 0.24 * len(drawn) + 1.3), sharey=True, squeeze=False
    )
    for panel, (column, label) in zip(panels[0], QUANTITIES.items(), strict=True):
        for height, row in enumerate(drawn):
            of_nodes, model = of_row(nodes, row), row.model
            values = of_nodes[column].dropna()
            low, first, third, high = np.quantile(values, [0.05, 0.25, 0.75, 0.95])
            panel.plot([low, high], [height] * 2, color=colour(model), linewidth=0.8)
            panel.plot([first, third], [height] * 2, color=colour(model), linewidth=4, alpha=0.5, solid_capstyle="butt")
            medians = of_nodes.groupby("seed")[column].median()
            panel.plot(medians, [height] * len(medians), marker(model), color="black", markersize=2)
        panel.set_xlabel(label)
    panels[0, 0].set_xlim(right=1)
    label_rows(panels[0, 0], drawn)
    found = 100 * (nodes["separable_classes"] > 0).mean()
    figure.suptitle(
        f"{title}: nodes of all seeds (thin: 5–95 %, thick: quartiles), black: median node of each run\n"
        f"nodes at which one threshold separates a class from all others without an error: {found:.2g} %",
        x=0.01,
        ha="left",
        fontsize=8,
    )
    figure.tight_layout()
    return figure
