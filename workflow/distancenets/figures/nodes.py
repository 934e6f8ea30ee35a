"""Figure 1: the output of one hidden node for each class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from distancenets.figures.style import PAGE_WIDTH, plain

BINS = 20


def node_figure(outputs: pd.DataFrame, class_names: Sequence[str], title: str, colour: str) -> Figure:
    """The histograms of a node's output, one panel per class, 2 × 5 for ten, on a common axis.

    Parameters
    ----------
    outputs
        One row per image: label (class index), output (of the first linear layer, pixels × weights).
    """
    edges = np.linspace(outputs["output"].min(), outputs["output"].max(), BINS + 1)
    columns = (len(class_names) + 1) // 2
    figure, panels = plt.subplots(2, columns, figsize=(PAGE_WIDTH, 2.9), sharex=True, sharey=True)
    for label, (panel, name) in enumerate(zip(panels.flat, class_names, strict=False)):
        values = outputs.loc[outputs["label"] == label, "output"]
        panel.hist(values, bins=edges.tolist(), color=colour)
        panel.axvline(values.mean(), color="black", linewidth=0.8)
        panel.set_title(f"{plain(name)}: mean {values.mean():.0f}, SD {values.std(ddof=0):.0f}", fontsize=7)
    figure.supxlabel("output of the node before the activation (pixel value × weight)", fontsize=8)
    figure.supylabel("test images", fontsize=8)
    figure.suptitle(title, fontsize=8, x=0.01, ha="left")
    figure.tight_layout()
    return figure
