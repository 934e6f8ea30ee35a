"""Final accuracies and mean learning curves for `dvc metrics` and `dvc plots`."""

import math

import pandas as pd
import pytest

from conftest import Workshop
from distancenets.tables.dvc import CURVE_POINTS, curves_by_model, final_accuracies


def curves(epochs: int, seeds: int = 2) -> pd.DataFrame:
    """Return the runs of one model, whose accuracy is epoch + 10 × seed."""
    rows = [
        ("raw", "relu", "distance", "ReLU2-Neg", seed, epoch, 1.0, 50.0, epoch / epochs + 10 * seed)
        for seed in range(seeds)
        for epoch in range(epochs + 1)
    ]
    names = ["experiment", "architecture", "representation", "model", "seed", "epoch"]
    return pd.DataFrame(rows, columns=[*names, "train_loss", "train_accuracy", "test_accuracy"])


def at(epochs: int, seeds: int = 2) -> pd.DataFrame:
    """Return the runs after four epochs at one of their milestones."""
    runs = curves(4, seeds)
    return runs[runs["epoch"] == epochs]


def test_final_accuracies_are_means_with_the_sample_sd() -> None:
    assert final_accuracies(at(4)) == {"raw": {"ReLU2-Neg": {"mean": 6.0, "sample_sd": 7.0711, "n": 2}}}
    assert math.isclose(math.sqrt(50), 7.0711, abs_tol=1e-4)


def test_a_single_run_has_no_sd() -> None:
    assert final_accuracies(at(4, seeds=1)) == {"raw": {"ReLU2-Neg": {"mean": 1.0, "n": 1}}}


def test_every_milestone_has_its_accuracies_however_few_runs_reached_it() -> None:
    found = final_accuracies(pd.concat([at(2), at(4, seeds=1)]))
    shorter = {"mean": 5.5, "sample_sd": 7.0711, "n": 2}
    assert found == {"raw_2": {"ReLU2-Neg": shorter}, "raw_4": {"ReLU2-Neg": {"mean": 1.0, "n": 1}}}


@pytest.mark.parametrize("epochs", [1, 3, 5000])
def test_a_curve_is_the_mean_over_seeds_from_the_first_to_the_last_epoch(epochs: int) -> None:
    [(path, curve)] = curves_by_model(curves(epochs))
    assert path.as_posix() == "raw/relu_distance.csv"
    assert curve["test_accuracy"].iloc[0] == 5 and curve["test_accuracy"].iloc[-1] == 6
    assert set(curve["seeds"]) == {2}
    assert curve["epoch"].is_monotonic_increasing and curve["epoch"].iloc[-1] == epochs
    assert len(curve) <= CURVE_POINTS and (epochs > 100 or len(curve) == epochs + 1)


def test_check_names_the_run_that_is_not_the_study_s(workshop: Workshop) -> None:
    path = workshop.folder / "config/config.yaml"
    path.write_text(path.read_text() + "architectures: [relu]\nrepresentations: [distance]\n")
    text = path.read_text().replace("node: 3", "node: 3\n    representation: distance").replace("seeds: 4", "seeds: 1")
    path.write_text(text)
    assert "seed~0/run.json: cannot be read" in workshop.refused("check-runs")
    assert workshop.train("--seeds", "0").returncode == 0
    assert "all 1 runs" in workshop.run("check-runs").stdout
    path.write_text(text.replace("epochs: 6", "epochs: 7"))
    assert "seed~0/run.json: made with other parameters" in workshop.refused("check-runs")
    path.write_text(text)
    [weights] = workshop.results.rglob("weights.safetensors")
    weights.write_bytes(b"")
    assert "weights.safetensors: damaged" in workshop.refused("check-runs")
