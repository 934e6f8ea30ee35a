"""Summaries of one model over its seeds: centre, spread, and their uncertainty."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from distancenets.configuration.statistics import StatisticsSettings
from distancenets.statistics.moments import FloatArray, mean, standard_deviation

SEED = 0


def interquartile_mean(values: FloatArray, axis: int = -1) -> FloatArray:
    """Return the mean without the lowest and the highest ⌊n/4⌋ values along `axis` (Agarwal et al. 2021)."""
    return np.asarray(stats.trim_mean(values, 0.25, axis=axis))


def bootstrap_interval(
    values: FloatArray, statistic: Callable[..., Any], confidence: float, resamples: int, seed: int = SEED
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval of `statistic` (Efron 1987).

    Parameters
    ----------
    values
        Shape (n,). The ends are NaN for fewer than three values and for equal values, which do not show their spread.
        They are also NaN if the statistic is the same without any one value, so that no acceleration exists.
    statistic
        Takes an array and `axis`.
    confidence, resamples
        Coverage, and number of bootstrap samples.
    seed
        Of the resampling, so that the same values always give the same interval.
    """
    if values.size < 3 or np.ptp(values) == 0:
        return math.nan, math.nan
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        interval = stats.bootstrap(
            (values,),
            statistic,
            vectorized=True,
            n_resamples=resamples,
            confidence_level=confidence,
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return float(interval.low), float(interval.high)


def binomial_standard_error(accuracy: float, images: int) -> float:
    """Return the standard error (percentage points) of one accuracy (percent) for the number of `images`.

    The SD over seeds contains the part in which seeds disagree, but not the part that all seeds share.
    """
    share = accuracy / 100
    return 100 * math.sqrt(share * (1 - share) / images)


def summary(accuracies: FloatArray, settings: StatisticsSettings) -> dict[str, float]:
    """Return centre, spread and intervals of `accuracies` (percent), shape (n,), n ≥ 1."""
    mean_low, mean_high = bootstrap_interval(accuracies, np.mean, settings.confidence, settings.resamples)
    iqm_low, iqm_high = bootstrap_interval(accuracies, interquartile_mean, settings.confidence, settings.resamples)
    return {
        "n": accuracies.size,
        "mean": mean(accuracies),
        "mean_low": mean_low,
        "mean_high": mean_high,
        "sample_sd": standard_deviation(accuracies, ddof=1),
        "population_sd": standard_deviation(accuracies, ddof=0),
        "median": float(np.median(accuracies)),
        "interquartile_mean": float(interquartile_mean(accuracies)),
        "interquartile_mean_low": iqm_low,
        "interquartile_mean_high": iqm_high,
        "binomial_standard_error": binomial_standard_error(mean(accuracies), settings.test_images),
    }


def summary_table(runs: pd.DataFrame, settings: StatisticsSettings) -> pd.DataFrame:
    """Return one row per experiment, milestone and model of `runs` (see `statistics.runs`)."""
    rows = [
        {"experiment": experiment, "epoch": epoch, "model": model}
        | summary(group["test_accuracy"].to_numpy(np.float64), settings)
        for (experiment, epoch, model), group in runs.sort_values("seed").groupby(["experiment", "epoch", "model"])
    ]
    return pd.DataFrame(rows)
