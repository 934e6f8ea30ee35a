"""Whole runs through the command line: what they leave, repeated, refused."""

import hashlib
import io
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from rich.console import Console
from safetensors.numpy import load_file

from conftest import Workshop, environment
from distancenets.configuration.study import Run
from distancenets.training import provenance
from distancenets.training.batches import Score
from distancenets.training.paths import run_path
from distancenets.training.progress import display
from distancenets.training.run_files import RunFolder
from run_helpers import MODEL, digests, folder, trained


def test_the_same_command_gives_the_same_bits(workshop: Workshop) -> None:
    trained(workshop)
    first = digests(workshop, range(2))
    trained(workshop, "--study-dir", "elsewhere")
    again = [
        hashlib.sha256(
            (workshop.folder / "elsewhere" / run_path(Run("raw", *MODEL, seed)) / name).read_bytes()
        ).hexdigest()
        for seed in range(2)
        for name in ("metrics.parquet", "weights.safetensors")
    ]
    assert again == first


def test_a_run_leaves_metrics_weights_and_provenance(workshop: Workshop) -> None:
    workshop.study(epochs=104, milestones=[50], record_every=3)
    trained(workshop)
    run = RunFolder(folder(workshop, 1))
    metrics = pq.read_table(run.metrics).to_pandas()
    assert list(metrics.columns) == ["epoch", "train_loss", "train_accuracy", "test_accuracy"]
    assert list(metrics["epoch"]) == [*range(101), 102, 104]
    assert metrics["train_loss"].iloc[-1] < metrics["train_loss"].iloc[0]
    weights = load_file(run.weights)
    assert {name.split("/")[0] for name in weights} == {"50", "104"}
    assert weights["104/hidden.weight"].shape == (16, 784)
    provenance = json.loads(run.provenance.read_text())
    assert {"digest", "recipe", "code", "libraries", "device", "threads", "pack", "seconds"} <= set(provenance)
    assert provenance["pack"] == [0, 1]


def test_a_revision_is_dirty_where_the_package_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not where results do, which stand in git beside it."""
    files = [tmp_path / name / "file" for name in ("package", "results")]
    for file in files:
        file.parent.mkdir()
        file.write_text("old")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(provenance, "PACKAGE", files[0].parent)
    device = torch.device("cpu")
    files[1].write_text("new")
    clean = provenance.environment(device)["code"]["revision"]
    files[0].write_text("new")
    assert len(clean) == 12 and provenance.environment(device)["code"]["revision"] == f"{clean}-dirty"
    # An exported copy of another version, within the same repository.
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "file").touch()
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "export")
    assert provenance.environment(device)["code"]["revision"] is None
    monkeypatch.setattr(provenance, "PACKAGE", files[0].parent)
    monkeypatch.setenv("PATH", "")
    assert provenance.environment(device)["code"]["revision"] is None


def test_metrics_are_those_of_the_kept_weights(workshop: Workshop) -> None:
    trained(workshop)
    run = RunFolder(folder(workshop, 0))
    weights = {name.removeprefix("6/"): value for name, value in load_file(run.weights).items()}
    data = load_file(workshop.folder / "data/tiny/images.safetensors")
    for split, column in (("train", "train_accuracy"), ("test", "test_accuracy")):
        hidden = np.maximum(data[f"{split}_images"] @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
        outputs = -np.maximum(hidden @ weights["head.weight"].T, 0)
        accuracy = 100 * (outputs.argmax(1) == data[f"{split}_labels"]).mean()
        assert pq.read_table(run.metrics)[column][-1].as_py() == pytest.approx(accuracy)


def test_finished_runs_are_left_alone_and_new_seeds_are_added(workshop: Workshop) -> None:
    trained(workshop)
    before = (folder(workshop, 0) / "metrics.parquet").stat().st_mtime_ns
    answer = workshop.train("--seeds", "0-2")
    assert answer.returncode == 0 and "seed 2" in answer.stderr
    assert (folder(workshop, 0) / "metrics.parquet").stat().st_mtime_ns == before
    assert RunFolder(folder(workshop, 2)).read_provenance()["pack"] == [2]
    assert "finished already" in workshop.train("--seeds", "0-2").stderr
    answer = workshop.train("--seeds", "0-2", "--device", "cuda:7")
    assert answer.returncode == 1 and "--device cuda:7: no such device" in answer.stderr


def test_a_run_of_other_parameters_is_refused_and_replaced_on_request(workshop: Workshop) -> None:
    trained(workshop)
    workshop.study(learning_rate=0.01)
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
    assert "seed~0" in line and "other parameters" in line
    trained(workshop, "--overwrite")
    assert (
        RunFolder(folder(workshop, 0)).read_provenance()["recipe"]["experiment"]["optimiser"]["learning_rate"] == 0.01
    )


def test_divergence_names_epoch_and_seed_and_keeps_the_metrics(workshop: Workshop) -> None:
    workshop.study(learning_rate=1e30, epochs=50)
    line = workshop.refused("train", "--architecture", "abs", "--representation", "unconstrained", "--seeds", "1-2")
    assert "the loss of seed 1 is" in line and "at epoch" in line
    kept = workshop.folder / line.split("its metrics so far are in ")[1]
    metrics = pq.read_table(kept).to_pandas()
    assert len(metrics) >= 1 and np.isfinite(metrics["train_loss"]).all()
    assert not (workshop.results / run_path(Run("raw", "abs", "unconstrained", 1))).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--architecture", "tanh", "--representation", "distance"], "unknown architecture 'tanh'"),
        (["--architecture", "relu_l2", "--representation", "unconstrained"], "has no representation 'unconstrained'"),
        (["--architecture", "relu", "--representation", "distance", "--seeds", "2-4"], "seed 4 is out of range"),
        (["--architecture", "relu", "--representation", "distance", "--seeds", "-1"], "--seeds -1: expected seeds"),
        (["--architecture", "relu", "--representation", "distance", "--epochs", "-5"], "--epochs: epochs: "),
        (["--architecture", "relu", "--representation", "distance", "--experiment", "no"], "has no experiment 'no'"),
        (
            ["--architecture", "relu", "--representation", "distance", "--device", "cuda:7"],
            "--device cuda:7: no such device",
        ),
        (
            ["--architecture", "relu", "--representation", "distance", "--device", "toaster"],
            "--device toaster: no such device",
        ),
        (
            ["--architecture", "relu", "--representation", "distance", "--study", "none.yaml"],
            "none.yaml: cannot be read",
        ),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(workshop: Workshop, arguments: list[str], message: str) -> None:
    assert message in workshop.refused("train", *arguments)
    assert not workshop.results.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, "experiments.raw: unknown key 'epoch' (expected one of: dataset, pixels,"),
        ({"epochs": -3}, "experiments.raw.epochs: "),
        ({"milestones": [9]}, "milestone 9 is after the last epoch, 6"),
        ({"pixels": "blurred"}, "experiments.raw.pixels: "),
        ({"architectures": ["gelu"]}, "experiments.raw.architectures.0: unknown architecture"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(workshop: Workshop, changes: dict[str, object], message: str) -> None:
    workshop.study(**changes)
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance")
    assert "config/config.yaml: " in line and message in line


def test_a_tampered_data_file_is_refused(workshop: Workshop) -> None:
    path = workshop.folder / "data/tiny/images.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance")
    assert "data/tiny/images.safetensors" in line
    path.write_bytes(content[:1000])
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance")
    assert "data/tiny/images.safetensors" in line
    assert not workshop.results.exists()


def test_no_data_and_no_source_is_refused(workshop: Workshop) -> None:
    shutil.rmtree(workshop.folder / "data/tiny")
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance")
    assert "tiny: every source failed" in line


def test_an_output_folder_that_cannot_be_written_is_named(workshop: Workshop) -> None:
    (workshop.folder / "blocked").write_text("a file where a folder should be")
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--study-dir", "blocked")
    assert "blocked" in line and "cannot be written" in line


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named_and_leaves_nothing_half_written(workshop: Workshop) -> None:
    # A file system of 64 KiB would need root; a limit on the size of files fails writes in the same way.
    command = f"{shlex.quote(sys.executable)} -m distancenets train --architecture relu --representation distance"
    script = f"ulimit -f 8; trap '' XFSZ; exec {command}"
    answer = subprocess.run(
        ["bash", "-c", script], cwd=workshop.folder, capture_output=True, text=True, env=environment(), check=False
    )
    assert answer.returncode == 1 and "cannot be written" in answer.stderr, answer.stderr
    left = [path for path in workshop.results.rglob("*") if path.is_file()] if workshop.results.exists() else []
    assert [path for path in left if path.name.startswith(".")] == []
    assert not (folder(workshop, 0) / "run.json").exists()


def test_aggregation_refuses_a_run_that_does_not_belong(workshop: Workshop) -> None:
    study = yaml.safe_load((workshop.folder / "config/config.yaml").read_text())
    study |= {"architectures": ["relu"], "representations": ["distance"], "seeds": 2}
    (workshop.folder / "config/config.yaml").write_text(yaml.safe_dump(study))
    trained(workshop)
    assert workshop.run("collect").returncode == 0
    trained(workshop, "--epochs", "5", "--study-dir", "other")
    stray = workshop.folder / "other" / run_path(Run("raw", *MODEL, 1))
    shutil.copy(stray / "metrics.parquet", folder(workshop, 1))
    line = workshop.refused("collect")
    assert "seed~1/metrics.parquet: damaged" in line and "trains the run again" in line
    shutil.copytree(stray, folder(workshop, 1), dirs_exist_ok=True)
    line = workshop.refused("collect")
    assert "seed~1/run.json: made with other parameters" in line


def test_the_models_are_listed_with_the_papers_names(workshop: Workshop) -> None:
    listing = workshop.run("models").stdout
    assert [
        name for name in ("ReLU2-Neg_Bias", "Abs-L2-Neg", "relu_l2", "−‖α ⊙ (h − μ)‖₂") if name not in listing
    ] == []


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_rate_loss_accuracy_and_time_left(terminal: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=140)
    score = Score(torch.tensor([0.5, 1.5]), torch.tensor([80.0, 90.0]))
    with display("raw relu/distance seeds 0-1", 0, 4, console) as show:
        for epoch in range(5):
            show(epoch, score)
    text = out.getvalue()
    assert "epochs/s, loss 1, accuracy 85.00 %" in text and "4/4" in text
    assert ("0:00:00" if terminal else "0 s left") in text
    assert terminal or "\x1b" not in text


def test_the_rate_is_that_of_the_last_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("distancenets.training.progress.time.perf_counter", lambda: now)
    out = io.StringIO()
    with display("raw relu/distance seeds 0-1", 0, 1000, Console(file=out, width=140)) as show:
        # An epoch a second, ten minutes of pause, then two epochs a second.
        for epoch in range(301):
            now = float(epoch) if epoch <= 100 else 650 + epoch / 2
            show(epoch, Score(torch.ones(2), torch.ones(2)))
    lines = out.getvalue().splitlines()
    assert "epoch 100/1000, 1.00 epochs/s" in lines[10] and "900 s left" in lines[10]
    assert "epoch 281/1000, 2.00 epochs/s" in lines[-1] and "360 s left" in lines[-1]
