"""Worlds in which the paper's claims hold, or do not: runs and measurements made up to have known means and spreads."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from conftest import REPOSITORY
from distancenets.claims.definitions import CLAIMS
from distancenets.claims.judgement import ClaimResult, judge_claim
from distancenets.configuration.published import load_published
from distancenets.configuration.settings import validated
from distancenets.configuration.study import Study
from distancenets.models.registry import models

RECORD = load_published(REPOSITORY / "config" / "published.yaml")
AXES = {model.paper_name: (model.architecture, model.representation.name) for model in models()}
# Deviations of 20 seeds with mean 0 and population SD 1, in no order.
SHAPE = np.random.default_rng(8).permutation(stats.norm.ppf((np.arange(20) + 0.5) / 20))
SHAPE = SHAPE / SHAPE.std()

Truth = Mapping[str, tuple[float, float]]

# Mean and SD of the models in a world where every claim on accuracies holds.
AS_CLAIMED: dict[str, tuple[float, float]] = {
    **{
        name + bias: values
        for bias in ("", "_Bias")
        for name, values in {
            "ReLU": (95.5, 0.15),
            "Abs": (95.5, 0.15),
            "ReLU2": (50.0, 15.0),
            "Abs2": (95.5, 0.15),
            "ReLU2-Neg": (95.5, 0.15),
            "Abs2-Neg": (90.0, 2.5),
        }.items()
    },
    "ReLU-L2": (97.3, 0.10),
    "ReLU-L2-Neg": (97.3, 0.10),
    "Abs-L2": (97.6, 0.08),
    "Abs-L2-Neg": (97.6, 0.08),
}


def study(epochs: int = 50_000, **changes: object) -> Study:
    milestones = [5000] if epochs > 5000 else []
    experiment = {"epochs": epochs, "milestones": milestones}
    return validated(
        Study, {"study": "s", "title": "t", "seeds": 20, "experiments": {"raw": experiment}} | changes, "s"
    )


def runs_of(accuracies: Mapping[str, np.ndarray], epochs: tuple[int, ...] = (5000, 50_000)) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"experiment": "raw", "epoch": epoch, "model": model, "seed": seed, "test_accuracy": value}
            for epoch in epochs
            for model, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
    )


def constructed(truth: Truth, seeds: int = 20) -> dict[str, np.ndarray]:
    """Return runs with exactly these means and population SDs (of 20 seeds), each model's seeds in another order.

    With a bias, a model's seeds are in the order of those without: the two are nearly one in the paper's study.
    """
    turns = {name: turn for turn, name in enumerate(truth)}
    return {
        name: (mean + sd * np.roll(SHAPE, 3 * turns.get(name.removesuffix("_Bias"), turns[name])))[:seeds]
        for name, (mean, sd) in truth.items()
    }


def judged(number: int, runs: pd.DataFrame, of: Study | None = None, /, **measurements: pd.DataFrame) -> ClaimResult:
    claim = next(claim for claim in CLAIMS if claim.number == number)
    return judge_claim(claim, "raw", of or study(), runs, measurements, RECORD)


def activity(
    dead: Mapping[str, np.ndarray], epoch: int = 5000, split: str = "train", layer: str = "output"
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "experiment": "raw",
                "architecture": AXES[model][0],
                "representation": AXES[model][1],
                "seed": seed,
                "epoch": epoch,
                "layer": layer,
                "split": split,
                "never_active": share,
                "below_1_percent": share,
                "below_5_percent": share,
            }
            for model, shares in dead.items()
            for seed, share in enumerate(shares)
        ]
    )


def dead_outputs(**changes: np.ndarray) -> pd.DataFrame:
    none = np.zeros(20)
    # The more dead nodes, the lower ReLU2's accuracy, which `constructed` orders by SHAPE rolled.
    turn = 3 * list(AS_CLAIMED).index("ReLU2")
    ranks = stats.rankdata(-np.roll(SHAPE, turn))
    shares = {"ReLU2": np.round(ranks / 40, 1)} | dict.fromkeys(("ReLU", "Abs", "Abs2", "ReLU2-Neg", "Abs2-Neg"), none)
    return activity(shares | changes)


AS_STATED = {
    "projections_by_run": {
        "ReLU": {"overlap_mean": 0.8, "means_differ": 0.9, "sds_differ": 0.8, "skewnesses_differ": 0.7},
    },
    "mahalanobis_by_run": {
        model: {"correlation": 0.8, "scales_correlation": 0.7, "axis_correlation": 0.05}
        for model in ("ReLU-L2-Neg", "Abs-L2-Neg")
    },
    "prototypes_by_run": {
        model: {"euclidean_preference": 0.4 if model.endswith("Neg") else -0.4}
        for model in ("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg")
    },
}


def geometry(name: str, epoch: int, changes: Mapping[str, float], spread: float = 0.01) -> pd.DataFrame:
    """Return 20 seeds of each model as the claims state them, with `changes`; SD over seeds `spread`."""
    rows = []
    for model, stated in AS_STATED[name].items():
        axes = dict(zip(("architecture", "representation"), AXES[model], strict=True))
        for seed in range(20):
            values = {column: value + spread * SHAPE[seed] for column, value in (stated | dict(changes)).items()}
            row = {"experiment": "raw", **axes, "seed": seed, "epoch": epoch} | values
            if name != "mahalanobis_by_run":
                rows.append(row)
                continue
            start = dict.fromkeys(stated, 0.1 + spread * SHAPE[-seed])
            rows += [row | {"control": "none", "images": images} for images in ("own", "all")]
            rows += [
                row | start | {"control": control, "images": "own"} for control in ("untrained", "shuffled_labels")
            ]
    return pd.DataFrame(rows)


def series(values: np.ndarray) -> pd.Series:
    return pd.Series(values, index=list(range(len(values))))
