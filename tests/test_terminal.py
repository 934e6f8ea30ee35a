"""One run in the terminal, and two studies side by side."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from conftest import REPOSITORY, Workshop
from distancenets.configuration.settings import validated
from distancenets.configuration.study import Run, Study, write_study
from distancenets.models.registry import models
from distancenets.tables.study_comparison import FinishedStudy, differences_table, lone_models, settings_table
from distancenets.terminal.text_plots import HEIGHT, MARGIN, WIDTH, text_plot
from distancenets.training.paths import run_path
from distancenets.training.run_files import RunFolder

EXPERIMENT = {"epochs": 200, "milestones": [100]}


def drawn(plot: str) -> list[str]:
    """Return the lines of the plotting area, without labels, padded to the full width."""
    return [line[MARGIN:].ljust(WIDTH) for line in plot.splitlines()[:HEIGHT]]


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right() -> None:
    epochs = list(range(101))
    plot = text_plot(epochs, [math.log1p(epoch) for epoch in epochs])
    area = drawn(plot)
    tops = [min(row for row in range(HEIGHT) if area[row][column] == "•") for column in range(WIDTH)]
    # Linear in log(1 + epoch), so a straight line without a gap.
    assert (tops[0], tops[-1]) == (HEIGHT - 1, 0) and set(np.diff(tops)) <= {0, -1}
    assert np.allclose(tops, np.linspace(HEIGHT - 1, 0, WIDTH), atol=0.51)
    lines = plot.splitlines()
    assert lines[0].split()[0] == "4.615" and lines[HEIGHT - 1].split()[0] == "0"
    assert lines[-1].split() == ["0", "10", "100", "epoch"]


def test_a_step_is_joined_and_a_level_curve_is_one_line() -> None:
    step = drawn(text_plot([0, 9, 10, 100], [0.0, 0.0, 1.0, 1.0]))
    assert all("•" in row for row in step)
    level = drawn(text_plot([0, 100], [5.0, 5.0]))
    assert [row.count("•") for row in level] == [0] * (HEIGHT - 1) + [WIDTH]


def test_a_logarithmic_axis_keeps_the_values_at_its_ends() -> None:
    lines = text_plot([0, 1, 100], [100.0, 10.0, 0.1], logarithmic=True).splitlines()
    assert (lines[0].split()[0], lines[HEIGHT - 1].split()[0]) == ("100", "0.1")


@pytest.fixture
def trained(workshop: Workshop) -> Workshop:
    workshop.study(milestones=[3])
    assert workshop.train("--seeds", "0-1").returncode == 0
    return workshop


def test_a_run_is_shown_by_its_axes_and_by_its_folder(trained: Workshop) -> None:
    folder = Path("results/small") / run_path(Run("raw", "relu", "distance", 1))
    said = trained.run("show-run", "raw/relu/distance/1").stdout
    assert said == trained.run("show-run", "relu/distance/1").stdout == trained.run("show-run", str(folder)).stdout
    assert said.startswith("ReLU2-Neg, seed 1: raw\n") and "−σ(W h)" in said and "tiny, raw pixels, 16 hidden" in said
    provenance = json.loads((trained.folder / folder / "run.json").read_text())
    assert provenance["digest"][:12] in said and provenance["engine"]["name"] in said
    metrics = RunFolder(trained.folder / folder).read_metrics(provenance["digest"]).to_pandas()
    numbers = [line.split() for line in said.splitlines() if line.split()[:1] in (["0"], ["3"], ["6"])]
    wanted = metrics[metrics["epoch"].isin([0, 3, 6])]
    assert [row[3] for row in numbers if len(row) == 4] == [f"{value:.2f}" for value in wanted["test_accuracy"]]
    assert f"{metrics['test_accuracy'].max():.4g} ┤" in said and "train loss, nats (log axis)" in said
    for name in ("metrics.parquet", "weights.safetensors", "run.json"):
        assert f"{folder}/{name} (" in said


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("raw/relu/distance/7", "seed~7: no such run; it has not been trained"),
        ("raw/relu/distance/x", "raw/relu/distance/x: neither a run's folder nor experiment/architecture/"),
        ("nope/relu/distance/0", "study 'small' has no experiment 'nope' (it has: raw)"),
        ("raw/tanh/distance/0", "unknown architecture 'tanh'"),
        ("config", "config: contains no finished run (expected metrics.parquet, weights.safetensors, run.json)"),
        ("elsewhere", "elsewhere: neither a run's folder nor"),
    ],
)
def test_a_run_that_is_not_there_is_one_line(workshop: Workshop, run: str, message: str) -> None:
    assert message in workshop.refused("show-run", run)


def test_files_of_two_runs_and_a_damaged_provenance_are_refused(trained: Workshop) -> None:
    first, second = (trained.results / run_path(Run("raw", "relu", "distance", seed)) for seed in (0, 1))
    (first / "metrics.parquet").write_bytes((second / "metrics.parquet").read_bytes())
    assert "metrics.parquet: damaged" in trained.refused("show-run", "relu/distance/0")
    provenance = json.loads((second / "run.json").read_text())
    (second / "run.json").write_text(json.dumps({"digest": provenance["digest"]}))
    assert "run.json: has no digest of its content" in trained.refused("show-run", "relu/distance/1")


def study(name: str, **changes: object) -> Study:
    values = {
        "study": name,
        "title": name,
        "seeds": 4,
        "architectures": ["relu", "abs"],
        "experiments": {"raw": EXPERIMENT},
    }
    return validated(Study, values | changes, name)


def runs(experiment: str, accuracies: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    """Return a table of runs from (model, epoch) → accuracies by seed."""
    return pd.DataFrame(
        [
            (experiment, epoch, model, seed, value)
            for (model, epoch), values in accuracies.items()
            for seed, value in enumerate(values)
        ],
        columns=["experiment", "epoch", "model", "seed", "test_accuracy"],
    )


FIRST = {("ReLU", 100): [90.0, 91.0, 93.0], ("ReLU", 200): [95.0, 96.0, 97.0], ("Abs2", 200): [94.0, 94.5, 95.0]}
SECOND = {("ReLU", 100): [89.0, 90.5, 91.0, 88.0], ("ReLU", 300): [95.0, 95.5, 96.5, 96.0], ("Abs", 300): [96.0] * 4}


def test_differences_are_welchs_and_paired_ones_of_common_seeds() -> None:
    a = FinishedStudy(study("a"), runs("raw", FIRST))
    b = FinishedStudy(study("b", experiments={"raw": EXPERIMENT | {"epochs": 300}}), runs("raw", SECOND))
    (row,) = differences_table(a, b).to_dict("records")
    first, second = np.array(FIRST["ReLU", 100]), np.array(SECOND["ReLU", 100])
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    paired = stats.ttest_rel(first, second[:3]).confidence_interval(0.95)
    assert (row["model"], row["epoch_a"], row["epoch_b"], row["n_a"], row["n_b"], row["n_pairs"]) == (
        "ReLU",
        100,
        100,
        3,
        4,
        3,
    )
    assert row["difference"] == pytest.approx(first.mean() - second.mean())
    assert (row["low"], row["high"]) == pytest.approx(tuple(welch))
    assert row["paired_difference"] == pytest.approx((first - second[:3]).mean())
    assert (row["paired_low"], row["paired_high"]) == pytest.approx(tuple(paired))
    assert lone_models(a, b).to_numpy().tolist() == [["a", "raw", "Abs2"], ["b", "raw", "Abs"]]


def test_without_common_names_or_milestones_the_last_of_the_reported_ones_are_compared() -> None:
    a = FinishedStudy(study("a"), runs("raw", FIRST))
    other = {"published": EXPERIMENT | {"epochs": 300}, "wide": {"epochs": 7}}
    b = FinishedStudy(study("b", experiments=other), runs("published", {("ReLU", 300): [96.0], ("Abs2", 300): [95.0]}))
    rows = differences_table(a, b)
    assert list(rows["model"]) == ["ReLU", "Abs2"]
    places = rows[["experiment_a", "epoch_a", "experiment_b", "epoch_b"]]
    assert places.drop_duplicates().to_numpy().tolist() == [["raw", 200, "published", 300]]
    # A single run has no spread, and so no interval.
    assert rows["low"].isna().all() and list(rows["difference"]) == [0.0, -0.5]
    assert lone_models(a, b).empty


def test_settings_that_differ_are_named_by_their_keys() -> None:
    other = {"raw": EXPERIMENT | {"pixels": "standardised"}, "wide": {"epochs": 7, "hidden": 256}}
    table = settings_table(study("a"), study("b", experiments=other, claims={"failure_margin": 5})).set_index("setting")
    assert list(table.loc["experiments.raw.pixels"]) == ["raw", "standardised"]
    assert list(table.loc["claims.failure_margin"]) == ["10.0", "5.0"]
    assert list(table.loc["experiments.wide.hidden"]) == ["–", "256"]
    assert {key for key in table.index if not key.startswith("experiments.wide")} == {
        "experiments.raw.pixels",
        "claims.failure_margin",
    }
    assert settings_table(study("a"), study("b")).empty


@pytest.fixture
def two(tmp_path: Path) -> Workshop:
    """A folder with the results of two studies, `a` and `b`."""
    for name, rows, changes in (("a", FIRST, {}), ("b", SECOND, {"seeds": 5})):
        folder = tmp_path / "results" / name
        write_study(folder / "study.yaml", study(name, **changes))
        runs("raw", rows).to_csv(folder / "runs.csv", index=False)
    return Workshop(tmp_path)


def test_the_command_compares_by_name_and_by_folder_and_writes_both_forms(two: Workshop) -> None:
    answer = two.run("compare-studies", "a", "results/b", "--csv", "out/rows.csv", "--json", "out/all.json")
    assert answer.returncode == 0, answer.stderr
    words = " ".join(answer.stdout.split())
    assert "seeds 4 5" in words and "raw, 100 epochs" in words and "Only in a, raw: Abs2" in words
    assert "ReLU 91.33 ± 1.53 (n 3) 89.62 ± 1.38 (n 4) +1.71 [" in words and ", 3 pairs" in words
    assert list(pd.read_csv(two.folder / "out" / "rows.csv")["difference"]) == [
        pytest.approx(91.3333 - 89.625, abs=1e-4)
    ]
    content = json.loads((two.folder / "out" / "all.json").read_text())
    assert content["settings"] == [{"setting": "seeds", "a": "4", "b": "5"}]
    assert content["only_in_one"][0] == {"study": "a", "experiment": "raw", "model": "Abs2"}
    assert content["differences"][0]["model"] == "ReLU" and content["b"] == "results/b"
    same = two.run("compare-studies", "a", "a").stdout
    assert "The settings are the same." in same and "+0.00 [+0.00, +0.00], 3 pairs" in same and "Only in" not in same


def test_studies_that_cannot_be_compared_are_one_line(two: Workshop) -> None:
    expected = "nope: neither a study in results/ (available: a, b) nor a folder with a study.yaml"
    assert two.refused("compare-studies", "a", "nope").endswith(expected)
    (two.folder / "results" / "b" / "runs.csv").unlink()
    assert "results/b/runs.csv: cannot be read" in two.refused("compare-studies", "a", "b", "--csv", "rows.csv")
    (two.folder / "results" / "a" / "study.yaml").write_text(yaml.safe_dump({"study": "a", "seed": 1}))
    assert "results/a/study.yaml: unknown key 'seed'" in two.refused("compare-studies", "a", "b")
    assert not (two.folder / "rows.csv").exists()


def test_the_committed_study_differs_from_itself_in_nothing() -> None:
    answer = Workshop(REPOSITORY).run("compare-studies", "paper", "paper")
    assert answer.returncode == 0 and answer.stdout.startswith("The settings are the same.")
    assert answer.stdout.count(" pairs") >= len(models()) and not re.search(r"[+−](?!0\.00)[\d.]+ \[", answer.stdout)
