"""Contrasts: a difference of models under two protocols, seed by seed."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from distancenets.claims.contrasts import Protocol, claims_contrasts, contrasts, difference
from distancenets.configuration.statistics import StatisticsSettings
from synthetic_data import RECORD, study

SETTINGS = StatisticsSettings()
COMPARED = [(1, "ReLU − Abs", ("ReLU", "Abs"))]


def protocol(gap: float, seeds: int = 20, noise: float = 0.05, seed: int = 0) -> dict[str, "pd.Series[float]"]:
    """Return runs whose two models share most of a seed's luck, `gap` points apart."""
    stream = np.random.default_rng(seed)
    luck = stream.normal(95, 2, seeds)
    return {
        "ReLU": pd.Series(luck + gap + stream.normal(0, noise, seeds)),
        "Abs": pd.Series(luck + stream.normal(0, noise, seeds)),
    }


@pytest.mark.parametrize(
    ("gap", "result"), [(0.5, "same within the margin"), (1.5, "differs"), (0.7, "differs"), (-3.0, "differs")]
)
def test_a_change_is_told_within_seeds(gap: float, result: str) -> None:
    table = contrasts({"usual": protocol(0.5), "other": protocol(gap, seed=1)}, COMPARED, SETTINGS)
    [row] = table.to_dict("records")
    assert (row["claim"], row["reference"], row["protocol"], row["seeds"]) == (1, "usual", "other", 20)
    assert row["change"] == pytest.approx(row["under_protocol"] - row["under_reference"])
    assert row["lower"] < row["change"] < row["upper"] and abs(row["change"] - (gap - 0.5)) < 0.1
    assert row["result"] == result


def test_only_seeds_of_the_last_look_count_and_a_level_is_shared() -> None:
    first, other = protocol(0.0, 15, 0.3), protocol(0.3, 20, 0.3, seed=1)
    [row] = contrasts({"usual": first, "other": other}, COMPARED, SETTINGS).to_dict("records")
    assert row["seeds"] == 10
    change = ((other["ReLU"] - other["Abs"]) - (first["ReLU"] - first["Abs"]))[:10]
    # At ten seeds a quarter of the level of 0.05 is spent.
    half = stats.t.ppf(1 - 0.0125 / 2, 9) * change.std(ddof=1) / np.sqrt(10)
    assert row["upper"] - row["change"] == pytest.approx(half, rel=1e-9)
    few = contrasts({"usual": protocol(0, 9), "other": protocol(9, 9)}, COMPARED, SETTINGS)
    assert few["result"].tolist() == ["open"] and few["lower"].isna().all()


def test_a_difference_of_four_models_is_one_of_differences() -> None:
    runs = {name: pd.Series([value, value + 1.0]) for name, value in zip("abcd", (9.0, 5.0, 4.0, 3.0), strict=True)}
    found = difference(runs, ("a", "b", "c", "d"))
    assert found is not None and found.tolist() == [3.0, 3.0]
    assert difference(runs, ("a", "missing")) is None


def test_every_claim_on_accuracies_is_contrasted_at_its_epochs() -> None:
    of = study(experiments={"raw": {"epochs": 5000}, "wide": {"epochs": 5000}, "short": {"epochs": 10}})
    rows = [
        {"experiment": experiment, "epoch": epoch, "model": model, "seed": seed, "test_accuracy": 90.0 + seed % 3}
        for experiment, epoch in (("raw", 5000), ("wide", 5000), ("short", 10))
        for model in ("ReLU", "Abs")
        for seed in range(10)
    ]
    protocols = [Protocol(name, of, name, pd.DataFrame(rows)) for name in of.experiments]
    table = claims_contrasts(protocols, RECORD, SETTINGS)
    # Ten epochs are too few for claim 1, and no other claim has both its models.
    assert table[["claim", "protocol", "result"]].to_numpy().tolist() == [[1, "wide", "same within the margin"]]
