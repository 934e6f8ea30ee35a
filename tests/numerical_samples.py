"""Samples that the tests of the statistics share."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from distancenets.configuration.statistics import StatisticsSettings

SETTINGS = StatisticsSettings()
QUICK = StatisticsSettings(resamples=199)
A = np.array([95.12, 95.47, 94.98, 95.61, 95.33, 95.20, 95.44])
B = np.array([95.02, 95.21, 95.10, 95.19, 95.08, 94.83, 95.37])


def series(values: npt.ArrayLike, seeds: Iterable[int] | None = None) -> pd.Series:
    accuracies = np.asarray(values, dtype=float)
    return pd.Series(accuracies, index=list(range(accuracies.size) if seeds is None else seeds))


def runs_of(models: Mapping[str, Iterable[float]], experiment: str = "raw", epoch: int = 5000) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"experiment": experiment, "epoch": epoch, "model": model, "seed": seed, "test_accuracy": value}
            for model, values in models.items()
            for seed, value in enumerate(values)
        ]
    )


def within_binomial_bounds(hits: int, trials: int, probability: float) -> bool:
    """Whether `hits` is no rarer than one in 10,000 on either side."""
    law = stats.binom(trials, probability)
    return bool(law.ppf(1e-4) <= hits <= law.ppf(1 - 1e-4))


def provenance_of(*runs: Mapping[str, object]) -> pd.DataFrame:
    """Return a study's provenance, a row a run, of which `runs` say what matters."""
    row = {"experiment": "raw", "model": "ReLU", "seed": 0, "code_version": "1", "code_revision": "abc"}
    row |= {
        "code_fingerprint": "d" * 64,
        "python": "3.11",
        "torch": "2",
        "numpy": "2",
        "safetensors": "1",
        "pyarrow": "9",
    }
    row |= {"device": "cpu", "device_name": "a CPU", "engine": "compiled", "threads": 1, "pack": "0"}
    row |= {"seconds": 36.0, "digest": "e" * 64}
    return pd.DataFrame([row | dict(run) for run in runs])
