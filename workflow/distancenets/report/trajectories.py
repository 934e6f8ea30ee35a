"""The course of training: first, highest and last train loss of the runs, and accuracies at the end."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from distancenets.configuration.study import Run
from distancenets.runs.archive import METRICS, archived_table


def trajectories(runs: Sequence[Run], root: Path) -> list[dict[str, str]]:
    """Return one row per model and length of archived `runs`, as text: losses in nats, accuracies in percent.

    Recorded epochs are the first 100, every k-th and the milestones. Several seeds give a mean, or a range from the
    lowest to the highest; the highest loss is given with its seed and epoch.
    """
    if not runs:
        return []
    metrics = archived_table(METRICS, runs, root)
    return [
        {"experiment": str(experiment), "model": str(model), "epochs": f"{epochs:,}", **_row(rows)}
        for (experiment, model), of_model in metrics.groupby(["experiment", "model"], sort=False)
        for epochs, rows in of_model.groupby(of_model.groupby("seed")["epoch"].transform("max"))
    ]


def _row(metrics: pd.DataFrame) -> dict[str, str]:
    by_seed = metrics.sort_values("epoch").groupby("seed")
    start, end = by_seed.first(), by_seed.last()
    peak = metrics.nlargest(1, "train_loss").iloc[0]
    gap = end["train_accuracy"] - end["test_accuracy"]
    return {
        "seeds": str(len(end)),
        "start": _range(start["train_loss"]),
        "peak": f"{peak['train_loss']:.3g} (seed {peak['seed']}, epoch {peak['epoch']:,})",
        "end": _range(end["train_loss"]),
        "train_accuracy": f"{end['train_accuracy'].mean():.2f}",
        "gap": f"{gap.mean():+z.2f}".replace("-", "−"),
    }


def _range(losses: pd.Series) -> str:
    low, high = f"{losses.min():.3g}", f"{losses.max():.3g}"
    return low if low == high else f"{low}–{high}"
