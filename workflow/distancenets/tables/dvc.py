"""Final accuracies and mean learning curves in the plain forms that `dvc metrics` and `dvc plots` compare."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from distancenets.derived import CURVES, RUNS, read_derived
from distancenets.files import write_text
from distancenets.statistics.moments import moments

METRICS_FILE = "metrics.json"
CURVES_FOLDER = "curves"
CURVE_POINTS = 200
QUANTITIES = ["train_loss", "train_accuracy", "test_accuracy"]

Metrics = dict[str, dict[str, dict[str, float]]]


def write_metrics(root: Path) -> None:
    """Write metrics.json and the folder of mean learning curves, from the collected runs below `root`."""
    found = final_accuracies(read_derived(root / "runs.csv", RUNS))
    folder = root / CURVES_FOLDER
    curves = dict(curves_by_model(read_derived(root / "learning_curves.parquet", CURVES)))
    for path, curve in curves.items():
        write_text(folder / path, curve.to_csv(index=False, lineterminator="\n"))
    # Curves of models that the study no longer has must not be compared as its own.
    for old in {path.relative_to(folder) for path in folder.rglob("*.csv")} - set(curves):
        (folder / old).unlink()
    write_text(root / METRICS_FILE, json.dumps(found, indent=2) + "\n")


def final_accuracies(runs: pd.DataFrame) -> Metrics:
    """Experiment → model → mean, sample SD (percent) and n of the test accuracies.

    An experiment that is measured at several milestones has an entry for each, such as published_50000.

    Parameters
    ----------
    runs
        One row per run and milestone, as in `runs.csv`. A single run has no SD: the key is left out.
    """
    several = dict(runs.groupby("experiment")["epoch"].nunique() > 1)
    found: Metrics = {}
    for (experiment, epoch, model), group in runs.groupby(["experiment", "epoch", "model"], sort=False):
        mean, sd, n = moments(group["test_accuracy"].to_numpy(np.float64))
        values = {"mean": round(mean, 4), "sample_sd": round(sd, 4), "n": n}
        found.setdefault(f"{experiment}_{epoch}" if several[experiment] else str(experiment), {})[str(model)] = {
            name: value for name, value in values.items() if not math.isnan(value)
        }
    return found


def curves_by_model(curves: pd.DataFrame) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Yield the learning curve of every model, and its path below `CURVES_FOLDER`.

    A curve has one row per epoch: epoch, train_loss (nats), train_accuracy, test_accuracy (percent) and seeds. Values
    are means over the seeds that reached the epoch. At most `CURVE_POINTS` recorded epochs are kept, denser at the
    beginning.
    """
    axes = ["experiment", "architecture", "representation"]
    for (experiment, architecture, representation), group in curves.groupby(axes, sort=False):
        by_epoch = group.groupby("epoch")
        means = by_epoch[QUANTITIES].mean().round(4).assign(seeds=by_epoch.size()).reset_index()
        path = Path(str(experiment), f"{architecture}_{representation}.csv")
        yield path, means.iloc[_kept(len(means))]


def _kept(rows: int) -> list[int]:
    """At most `CURVE_POINTS` row numbers, the first and the last among them, evenly spaced on a log axis."""
    return sorted({round(position) - 1 for position in np.geomspace(1, rows, CURVE_POINTS)})
