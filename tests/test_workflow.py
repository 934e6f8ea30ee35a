"""The workflow through the real snakemake command, in a copy of the repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file

from conftest import SPLITS, Checkout, checkout, write_dataset
from dataset_files import write_idx
from distancenets.configuration.study import Run, load_study, parse_seeds
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.store import Dataset
from distancenets.training.paths import run_path

pytestmark = pytest.mark.slow

SMALL = {
    "study": "small",
    "title": "Two models on a small data set",
    "seeds": 2,
    "models_per_job": "all_seeds",
    "architectures": ["relu"],
    "representations": ["unconstrained", "distance"],
    "experiments": {
        "first": {"dataset": "tiny", "epochs": 3, "hidden": 16},
        "second": {"dataset": "tiny", "epochs": 2, "hidden": 16},
    },
    "report": {"figure1": {"node": 3}},
}
# From training to a figure, without what tests/test_end_to_end.py and tests/test_dvc.py run as well.
FEW = ("results/small/runs.csv", "results/small/figures/figure1.png")
JUDGED = "results/small/claims.json"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Checkout:
    """A copy in which a small study on a small data set has been trained, collected and drawn from."""
    copy = checkout(tmp_path_factory.mktemp("small"))
    tensors = {split: getattr(mnist, split)[: 900 if "train" in split else 300].contiguous() for split in SPLITS}
    write_dataset(copy.folder, "tiny", tensors)
    (copy.folder / "config" / "config.yaml").write_text(yaml.safe_dump(SMALL))
    copy.complete(*FEW)
    return copy


@pytest.fixture
def small(finished: Checkout, tmp_path: Path) -> Checkout:
    """The finished small study in a folder of its own, to be changed at will."""
    copy = tmp_path / "copy"
    # With times and metadata, by which snakemake tells what is up to date.
    shutil.copytree(finished.folder, copy)
    return Checkout(copy)


def results(copy: Checkout, study: str) -> Path:
    return copy.folder / "results" / study


def test_other_packing_retrains_nothing(small: Checkout) -> None:
    assert small.jobs(*FEW) == {}
    # In a copy: it makes what follows from the settings look old, where no records say that it is not.
    assert small.jobs(*FEW, "--config", "models_per_job=one") == {}


def test_one_model_a_job_gives_the_same_paths(finished: Checkout) -> None:
    jobs = finished.jobs("--config", "models_per_job=one", "study=again")
    assert jobs["train_model"] == len(list(load_study(finished.folder / "config" / "config.yaml").runs()))
    assert finished.jobs("--config", "study=again")["train_model"] == jobs["train_model"] / 2


def test_a_raised_seed_count_adds_runs_and_keeps_the_others(small: Checkout) -> None:
    seeds = (results(small, "small") / run_path(Run("first", "relu", "distance", 0))).parent
    before = [(seeds / f"seed~{seed}" / "run.json").read_bytes() for seed in range(2)]
    small.complete(*FEW, "--config", "seeds=3")
    assert [(seeds / f"seed~{seed}" / "run.json").read_bytes() for seed in range(2)] == before
    assert json.loads((seeds / "seed~2" / "run.json").read_text())["pack"] == [2]
    assert pd.read_csv(results(small, "small") / "runs.csv")["seed"].nunique() == 3


def test_a_changed_experiment_is_retrained_and_only_it(small: Checkout) -> None:
    changed = yaml.safe_load((small.folder / "config" / "config.yaml").read_text())
    changed["experiments"]["second"]["learning_rate"] = 0.002
    (small.folder / "config" / "config.yaml").write_text(yaml.safe_dump(changed))
    assert small.jobs()["train_model"] == 2
    small.complete(*FEW)
    runs = pd.read_csv(results(small, "small") / "runs.csv")
    assert len(runs) == 8
    digest = json.loads(
        (results(small, "small") / run_path(Run("second", "relu", "distance", 0)) / "run.json").read_text()
    )
    assert digest["recipe"]["experiment"]["optimiser"]["learning_rate"] == 0.002


def test_a_figures_code_redraws_without_training(small: Checkout) -> None:
    small.edit("workflow/distancenets/figures/nodes.py", "BINS = 20", "BINS = 10")
    assert small.jobs(*FEW) == {"draw_figure1": 1, "total": 1}


def test_a_threshold_measures_nothing_again(small: Checkout) -> None:
    measured = "results/small/measurements/activity.csv"
    small.complete(measured)
    judging = set(small.jobs())
    small.edit("config/config.yaml", "epochs: 3", "epochs: 4")
    assert small.jobs(measured, *FEW).keys() > {"train_model", "collect_runs", "measure_networks", "measure_figure1"}
    small.edit("config/config.yaml", "epochs: 4", "epochs: 3")
    (small.folder / "config" / "config.yaml").open("a").write(
        "claims: {failure_margin: 4}\nstatistics: {alpha: 0.01}\n"
    )
    assert small.jobs(measured, *FEW) == {}
    assert set(small.jobs()) == judging


def test_code_retrains_the_models_that_it_makes_compute_something_else(small: Checkout) -> None:
    package = "workflow/distancenets"
    small.edit(f"{package}/training/engines/native/heads.h", "linear_scores", "scores_of_linear")
    small.edit(f"{package}/training/engines/native/step.c", "linear_scores", "scores_of_linear")
    small.edit(f"{package}/models/heads.py", "Add a new one as one entry here.", "Reworded.")
    small.edit(f"{package}/models/activations.py", '"z > 0 ? 1 : -1"', '"z > 0 ? 2 : -2"')
    assert "train_model" not in small.jobs(*FEW)
    small.edit(f"{package}/models/activations.py", '"z > 0 ? 1 : 0"', '"z > 0 ? 2 : 0"')
    assert small.jobs(*FEW)["train_model"] == 4


def test_a_lost_run_is_noticed(small: Checkout) -> None:
    lost = results(small, "small") / run_path(Run("first", "relu", "distance", 1)) / "weights.safetensors"
    lost.unlink()
    assert small.jobs()["train_model"] == 1
    small.complete("--until", "train_model")
    assert lost.exists()


def test_archived_runs_are_not_trained_and_others_are(small: Checkout) -> None:
    small.distancenets("archive")
    root = results(small, "small")
    shutil.rmtree(root / "runs" / "experiment~first")
    shutil.rmtree(root / "archive" / "second")
    small.distancenets("archive", "--repair")
    assert "train_model" not in small.jobs()
    assert small.jobs("--config", "seeds=3")["train_model"] == 4
    shutil.rmtree(root / "archive" / "first" / "relu" / "distance")
    small.distancenets("archive", "--repair")
    # Both seeds of the model that is gone from the archive, in one job.
    assert small.jobs()["train_model"] == 1
    assert "train_model" not in small.jobs("--config", "missing=skip")


def test_just_the_planned_runs_are_trained_and_none_is_archived(small: Checkout) -> None:
    root = results(small, "small")
    small.edit("config/config.yaml", "title:", "claims: {min_epochs: 1}\ntitle:")
    small.distancenets("archive")
    shutil.rmtree(root / "runs")
    archive = (root / "archive" / "manifest.json").read_bytes()
    seconds = max(pd.read_csv(root / "provenance.csv")["seconds"])
    hours = str(2 * seconds / 3600)
    command = (FEW[0], JUDGED, "--cores", "1", "--config", "missing=plan", f"hours={hours}")
    refused = small.snakemake("-n", *command)
    assert refused.returncode and "error: missing: plan: needs " in refused.stdout + refused.stderr
    small.edit("config/config.yaml", "seeds: 2", "seeds: 10")
    listed = small.distancenets("plan", "--hours", hours, "--cores", "1", "--commands").split("\n")
    small.complete(*command)
    planned = pd.read_csv(root / "planned.csv")
    trained = {path.parent.relative_to(root).as_posix() for path in root.rglob("run.json")}
    assert trained == {run_path(Run(*row[:-1])).as_posix() for row in planned.itertuples(index=False)} != set()
    for experiment, architecture, representation, seed, _ in planned.itertuples(index=False):
        [line] = [line for line in listed if f"{experiment} --architecture {architecture} --rep" in line]
        assert f" {representation} " in line and seed in parse_seeds(line.split("--seeds ")[1].split()[0], 1000)
    assert (root / "archive" / "manifest.json").read_bytes() == archive
    runs = pd.read_csv(root / "runs.csv")
    held = {Run(*row) for row in runs[list(Run._fields)].itertuples(index=False, name=None)}
    assert {Run(*row[:-1]) for row in planned.itertuples(index=False, name=None)} < held
    judged = json.loads((small.folder / JUDGED).read_text())
    assert {entry["claim"] for entry in judged} == set(range(1, 15))
    # They stay, and are no longer missing.
    assert small.jobs(FEW[0], JUDGED, "--config", "missing=skip") == {}


# Each is made from the runs by another way, and none is a target that names the file of gathered runs.
@pytest.mark.parametrize("target", ["all", "results/small/summary.md", "results/small/statistics/summary.csv"])
def test_any_target_notices_changed_epochs_without_snakemakes_records(small: Checkout, target: str) -> None:
    root = results(small, "small")
    for name in ("statistics/summary.csv", "summary.md", "report.html", "metrics.json"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    shutil.rmtree(small.folder / ".snakemake" / "metadata")
    small.edit("config/config.yaml", "epochs: 2", "epochs: 1")
    # The runs of `second` alone: a pack of both seeds for each of two models.
    due = small.jobs(target)
    assert due["train_model"] == 2 and due["collect_runs"] == due["compare_models"] == 1


def test_what_other_parameters_made_is_made_again_without_snakemakes_records(small: Checkout) -> None:
    shutil.rmtree(small.folder / ".snakemake" / "metadata")
    assert small.jobs(*FEW) == {}
    small.edit("config/config.yaml", "epochs: 2", "epochs: 1")
    root = results(small, "small")
    kept = (root / run_path(Run("first", "relu", "distance", 0)) / "run.json").read_bytes()
    small.complete(*FEW)
    assert set(pd.read_csv(root / "runs.csv").groupby("experiment")["epoch"].max()) == {1, 3}
    assert (root / run_path(Run("first", "relu", "distance", 0)) / "run.json").read_bytes() == kept
    assert small.jobs(*FEW) == {}


def test_a_changed_threshold_is_noticed_without_snakemakes_records(small: Checkout) -> None:
    target = "results/small/statistics/summary.csv"
    small.complete(target, *FEW)
    shutil.rmtree(small.folder / ".snakemake" / "metadata")
    assert small.jobs(target, *FEW) == {}
    (small.folder / "config" / "config.yaml").open("a").write("statistics: {confidence: 0.9}\n")
    due = small.jobs(target, *FEW)
    assert due["compare_models"] == 1 and not {"train_model", "collect_runs", "measure_figure1"} & set(due)


def test_intact_data_survive_a_newer_file_of_data_sets(small: Checkout) -> None:
    """A clone into which data were copied, offline; another data set is added, then a fetch is forced."""
    shutil.rmtree(small.folder / ".snakemake" / "metadata")
    data = small.folder / "data" / "tiny"
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    config = small.folder / "config" / "datasets.yaml"
    pins = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump(pins | {"other": pins["tiny"] | {"title": "Another"}}))
    assert small.jobs("data/tiny/manifest.json", *FEW) == {}
    small.complete("data/tiny/manifest.json", "--forcerun", "fetch_dataset")
    assert (data / "images.safetensors").read_bytes() == before["images.safetensors"]
    # With another pin, the fetch fails, as no source has such bytes: what was there is there.
    pins["tiny"]["sha256"]["test_labels"] = "0" * 64
    config.write_text(yaml.safe_dump(pins))
    answer = small.snakemake("data/tiny/manifest.json")
    assert answer.returncode != 0 and "every source failed" in answer.stdout + answer.stderr
    assert (data / "images.safetensors").read_bytes() == before["images.safetensors"]


def test_no_configuration_value_reaches_a_shell(small: Checkout, tmp_path: Path) -> None:
    """A folder named like shell code serves the data."""
    folder = tmp_path / "my {data}; touch stolen $(touch stolen) it's"
    data = small.folder / "data" / "tiny"
    arrays = load_file(data / "images.safetensors")
    write_idx(folder, Arrays(*(arrays[split] for split in SPLITS)), 28)
    shutil.rmtree(data)
    small.complete("data/tiny/manifest.json", "--config", f"data_folder={json.dumps(str(folder))}")
    assert (data / "images.safetensors").exists() and not list(small.folder.rglob("stolen"))


def test_a_folder_with_any_name_works(finished: Checkout, tmp_path: Path) -> None:
    """Spaces, quotes, `$` and letters beyond ASCII, of the checkout and of its environment."""
    copy = tmp_path / 'it\'s "my" $HOME é'
    shutil.copytree(finished.folder, copy)
    (copy / ".venv").symlink_to(Path(sys.executable).parent.parent)
    surroundings = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy / "workflow")}
    command = [str(copy / ".venv/bin/python"), "-m", "snakemake", *FEW, "--forcerun", "collect_runs"]
    answer = subprocess.run(command, cwd=copy, env=surroundings, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "collect_runs" in answer.stderr


def test_another_checkout_s_package_is_refused(finished: Checkout, small: Checkout) -> None:
    """Unless its sources are the same, as those of a container are."""
    surroundings = os.environ | {"PYTHONPATH": str(finished.folder / "workflow")}

    def attempt(*command: str) -> "subprocess.CompletedProcess[str]":
        script = [sys.executable, "-m", *command]
        return subprocess.run(script, cwd=small.folder, env=surroundings, capture_output=True, text=True, check=False)

    commands = [("snakemake", "-n", *FEW), ("distancenets", "check-runs")]
    assert [attempt(*command).returncode for command in commands] == [0, 0]
    small.edit("workflow/distancenets/training/losses.py", "exp_()", "exp_()  # changed")
    for command in commands:
        answer = attempt(*command)
        lines = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
        assert answer.returncode == 1 and len(lines) == 1 and "Traceback" not in answer.stderr
        assert lines[0].startswith(f"error: {small.folder}/workflow/distancenets: not the package that runs, which is")


def test_a_run_that_does_not_belong_stops_the_aggregation(small: Checkout) -> None:
    root = results(small, "small")
    stray = root / run_path(Run("second", "relu", "distance", 0)) / "metrics.parquet"
    target = root / run_path(Run("first", "relu", "distance", 0)) / "metrics.parquet"
    target.write_bytes(stray.read_bytes())
    answer = small.snakemake(*FEW, "--forcerun", "collect_runs")
    assert answer.returncode != 0
    assert (
        f"{target.relative_to(small.folder)}: damaged, run.json lists another SHA-256" in answer.stdout + answer.stderr
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("seed: 3", "config/bad.yaml: unknown key 'seed' (expected one of: study, title, seeds,"),
        ("seeds: 0", "config/bad.yaml: seeds: Input should be greater than 0"),
        ("architectures: [tanh]", "config/bad.yaml: architectures.0: unknown architecture (known: relu,"),
    ],
)
def test_a_wrong_configuration_is_one_line(finished: Checkout, change: str, message: str) -> None:
    (finished.folder / "config" / "bad.yaml").write_text(
        f"study: bad\ntitle: x\n{change}\nexperiments: {{a: {{epochs: 1}}}}\n"
    )
    answer = finished.snakemake("--configfile", "config/bad.yaml")
    assert answer.returncode != 0
    lines = [line for line in answer.stderr.splitlines() if "error" in line.lower()]
    assert len(lines) == 1 and lines[0].startswith(f"error: {message}"), answer.stderr
    assert not results(finished, "bad").exists()


def test_a_study_in_another_encoding_is_one_line(finished: Checkout, tmp_path: Path) -> None:
    study = tmp_path / "latin.yaml"
    study.write_bytes("title: Café\n".encode("latin-1"))
    answer = finished.snakemake("-n", "--configfile", str(study))
    assert answer.returncode != 0 and "Traceback" not in answer.stderr
    assert f"error: {study}: cannot be read: not UTF-8" in answer.stderr


def test_a_command_is_given_the_threads_of_its_rule(finished: Checkout) -> None:
    """Fewer than the study's where there are fewer cores, or as many as the command line says."""
    planned = ("-n", "--printshellcmds", "--config", "study=elsewhere", "training={threads: 8}")
    for arguments, threads in ((("--cores", "1"), 1), (("--cores", "8", "--set-threads", "train_model=3"), 3)):
        answer = finished.snakemake(*arguments, *planned)
        commands = [line for line in answer.stdout.splitlines() if "distancenets train" in line]
        assert commands and all(f" --threads {threads} " in line for line in commands), answer.stdout + answer.stderr


def test_settings_of_the_command_line_change_the_default_study(finished: Checkout) -> None:
    changed = ("--config", "study=elsewhere", "experiments={first: {epochs: 4}}")
    assert finished.jobs(*changed)["train_model"] == finished.jobs("--config", "study=elsewhere")["train_model"]


def test_conda_environments_are_found(finished: Checkout, tmp_path: Path) -> None:
    """A stand-in for conda answers what snakemake asks for: version, platform, prefix."""
    stub = tmp_path / "conda"
    priority = {"platform": "linux-64", "conda_prefix": "/nowhere", "get": {"channel_priority": "strict"}}
    answers = json.dumps(priority)
    stub.write_text(f"#!/bin/sh\ncase \"$*\" in *json*) echo '{answers}';; *) echo 'conda 24.7.1';; esac\n")
    stub.chmod(0o755)
    answer = finished.snakemake("-n", "--sdm", "conda", "--forceall", "--config", "study=elsewhere", path=str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert "envs/distancenets.yaml" in answer.stdout + answer.stderr
