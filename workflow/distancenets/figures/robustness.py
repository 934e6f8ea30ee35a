"""Claims × experiments as a figure: one mark and colour per verdict."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from distancenets.figures.style import PAGE_WIDTH, PALETTE

# Colour and mark of each verdict; the marks distinguish them in grey print.
VERDICTS = {
    "supported": (PALETTE[0], "o"),
    "contradicted": (PALETTE[1], "X"),
    "mixed": (PALETTE[4], "D"),
    "refuted": (PALETTE[3], "v"),
    "undetermined": ("#888888", "$?$"),
}


def verdicts_figure(table: pd.DataFrame, title: str) -> Figure:
    """One row per claim and one column per experiment, one mark per verdict.

    Parameters
    ----------
    table
        claim (number), name, then one column of verdicts per experiment.
    """
    experiments = [str(column) for column in table.columns if column not in ("claim", "name")]
    height = 1.4 + 0.24 * len(table)
    figure, panel = plt.subplots(figsize=(PAGE_WIDTH, height), layout="constrained")
    for verdict, (colour, mark) in VERDICTS.items():
        places = [
            (column, row)
            for column, experiment in enumerate(experiments)
            for row, found in enumerate(table[experiment])
            if found == verdict
        ]
        columns, rows = zip(*places, strict=True) if places else ((), ())
        panel.scatter(columns, rows, s=52, marker=mark, color=colour, linewidths=0, label=verdict)
    panel.set_xticks(range(len(experiments)), experiments, rotation=25, ha="left")
    panel.xaxis.tick_top()
    panel.set_yticks(range(len(table)), [f"{row.name}  {row.claim}" for row in table.itertuples(index=False)])
    panel.set_xlim(-0.5, max(len(experiments), 4) - 0.5)
    panel.set_ylim(len(table) - 0.5, -0.5)
    panel.tick_params(length=0)
    panel.grid(visible=False)
    panel.set_ylabel("claim of the paper")
    panel.set_xlabel("experiment (protocol)")
    panel.xaxis.set_label_position("top")
    figure.suptitle(title, fontsize=8, x=0.01, ha="left")
    figure.legend(loc="outside lower center", ncols=5)
    return figure
