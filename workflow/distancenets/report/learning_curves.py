"""The learning curves for the interactive plot of the page, and as one table to download."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from distancenets.configuration.study import Study
from distancenets.derived import read_derived
from distancenets.figures.learning_curves import HEAD_TITLES
from distancenets.figures.style import colour
from distancenets.models.registry import Model
from distancenets.statistics.runs import read_runs
from distancenets.tables.dvc import CURVES_FOLDER

# The dashes of an SVG line, one pattern per head: models that differ only in the head have the same colour.
DASHES = {"linear": "", "linear_bias": "6 4", "offset_l2": "1.5 3.5"}
FIRST_SHOWN = "linear"


def mean_curves(study: Study, root: Path, experiment: str) -> pd.DataFrame:
    """Return the mean learning curves of `experiment`: one row per trained model and epoch, errors in percent.

    Returns
    -------
    pandas.DataFrame
        model (the paper's name), epoch, train_loss (nats), train_error and test_error (100 − accuracy).
    """
    runs = read_runs(root / "runs.csv")
    trained = set(runs.loc[runs["experiment"] == experiment, "model"])
    models = [model for model in study.models(experiment) if model.paper_name in trained]
    return pd.concat([_curve(root / CURVES_FOLDER / experiment, model) for model in models], ignore_index=True)


def plotted(study: Study, curves: pd.DataFrame, experiment: str) -> dict[str, Any]:
    """Return `curves` as the page's script reads them: one series per model, with its colour, dashes and group."""
    drawn = [model for model in study.models(experiment) if model.paper_name in set(curves["model"])]
    models = [_series(model, curves[curves["model"] == model.paper_name]) for model in drawn]
    # Models with a linear head are selected at first; if an experiment has none, all models are.
    if not any(entry["shown"] for entry in models):
        models = [entry | {"shown": True} for entry in models]
    return {"experiment": experiment, "models": models}


def _curve(folder: Path, model: Model) -> pd.DataFrame:
    path = folder / f"{model.architecture}_{model.representation.name}.csv"
    table = read_derived(path, ("epoch", "train_loss", "train_accuracy", "test_accuracy"))
    return pd.DataFrame(
        {
            "model": model.paper_name,
            "epoch": table["epoch"],
            "train_loss": table["train_loss"],
            "train_error": (100 - table["train_accuracy"]).round(4),
            "test_error": (100 - table["test_accuracy"]).round(4),
        }
    )


def _series(model: Model, curve: pd.DataFrame) -> dict[str, Any]:
    return {
        "name": model.paper_name,
        "group": HEAD_TITLES.get(model.head.name, model.head.name),
        "colour": colour(model),
        "dashes": DASHES.get(model.head.name, ""),
        "shown": model.head.name == FIRST_SHOWN,
        **{name: _listed(curve[name]) for name in ("epoch", "train_loss", "train_error", "test_error")},
    }


def _listed(values: "pd.Series[Any]") -> Sequence[float]:
    return list(values.tolist())
