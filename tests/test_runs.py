"""Whole runs through the command line: resumed, repeated, refused."""

import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pyarrow.parquet
import pytest
import torch
import yaml
from rich.console import Console
from safetensors.numpy import load_file

from conftest import SPLITS, Answer, Workshop, environment, write_dataset
from distancenets.configuration.study import Run
from distancenets.datasets.store import Dataset
from distancenets.training import batches, provenance
from distancenets.training.batches import Score
from distancenets.training.losses import CrossEntropy
from distancenets.training.paths import run_path
from distancenets.training.progress import display
from distancenets.training.runs import RunFolder

MODEL = ("relu", "distance")


def folder(workshop: Workshop, seed: int, model: tuple[str, str] = MODEL) -> Path:
    return workshop.results / run_path(Run("raw", *model, seed))


def digests(workshop: Workshop, seeds: range) -> list[str]:
    """Return the digests of all metrics and weights: what must be the same to the bit."""
    names = ("metrics.parquet", "weights.safetensors")
    return [
        hashlib.sha256((folder(workshop, seed) / name).read_bytes()).hexdigest() for seed in seeds for name in names
    ]


def trained(workshop: Workshop, *arguments: str) -> None:
    answer = workshop.train("--seeds", "0-1", *arguments)
    assert answer.returncode == 0, answer.stderr


def interrupted(workshop: Workshop, number: signal.Signals) -> Answer:
    """Start a long training, send `number` once it has a checkpoint, and return how it ended."""
    process = workshop.start("train", "--architecture", MODEL[0], "--representation", MODEL[1], "--seeds", "0-1")
    checkpoint = workshop.results / "checkpoints/raw/relu/distance/seeds-0-1.safetensors"
    deadline = time.monotonic() + 120
    while not checkpoint.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out, err)


def checkpoint_by_signal_alone(workshop: Workshop, chunk_rows: int, seeds: int = 4) -> None:
    file = workshop.folder / "config/config.yaml"
    study = yaml.safe_load(file.read_text())
    study |= {"seeds": seeds, "training": {"checkpoint_seconds": 3600, "chunk_rows": chunk_rows}}
    file.write_text(yaml.safe_dump(study))


def catches(process: int, number: signal.Signals) -> bool:
    """Whether the process with this id has a handler for `number`: training has then begun."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return bool(int(status["SigCgt"], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_an_interrupted_run_goes_on_to_the_same_bits(workshop: Workshop, number: signal.Signals) -> None:
    workshop.study(epochs=150, milestones=[10, 60])
    trained(workshop)
    expected = digests(workshop, range(2))
    for seed in range(2):
        for file in folder(workshop, seed).iterdir():
            file.unlink()
    answer = interrupted(workshop, number)
    assert answer.returncode != 0
    assert not (folder(workshop, 0) / "run.json").exists()
    trained(workshop)
    provenance = RunFolder(folder(workshop, 0)).read_provenance()
    assert 0 < provenance["resumed_at"] < 150
    assert digests(workshop, range(2)) == expected


def test_sigterm_says_where_the_run_goes_on(workshop: Workshop) -> None:
    workshop.study(epochs=5000)
    begun = time.monotonic()
    answer = interrupted(workshop, signal.SIGTERM)
    assert "stopped before epoch" in answer.stderr and "seeds-0-1.safetensors" in answer.stderr
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("chunk", [2, 7], ids=["test", "training"])
def test_sigterm_within_an_epoch_loses_that_epoch_alone(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """An epoch takes two chunks of the test images and six of the training images; the signal comes in the sixth."""
    checkpoint_by_signal_alone(workshop, chunk_rows=150)
    trained(workshop)
    expected = digests(workshop, range(2))
    shutil.rmtree(workshop.results / "runs")
    scored = batches.cross_entropy
    calls = iter(range(100))

    def interrupting(*arguments: torch.Tensor) -> CrossEntropy:
        if next(calls) == 5 * 8 + chunk - 1:
            signal.raise_signal(signal.SIGTERM)
        return scored(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(batches, "cross_entropy", interrupting)
        line = workshop.refused("train", "--architecture", MODEL[0], "--representation", MODEL[1], "--seeds", "0-1")
    assert "stopped before epoch 5" in line
    trained(workshop)
    assert RunFolder(folder(workshop, 0)).read_provenance()["resumed_at"] == 5
    assert digests(workshop, range(2)) == expected


def test_sigterm_ends_a_wide_pack_within_five_seconds(workshop: Workshop, mnist: Dataset) -> None:
    """An epoch of these 20 networks on all of MNIST takes longer than that on a CPU of today."""
    shutil.rmtree(workshop.folder / "data")
    write_dataset(workshop.folder, "tiny", {split: getattr(mnist, split) for split in SPLITS})
    workshop.study(epochs=1000, hidden=1024)
    checkpoint_by_signal_alone(workshop, chunk_rows=2000, seeds=20)
    process = workshop.start("train", "--architecture", MODEL[0], "--representation", MODEL[1], "--seeds", "0-19")
    deadline = time.monotonic() + 120
    while not catches(process.pid, signal.SIGTERM):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    time.sleep(0.5)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 5
    assert process.returncode == 1 and "stopped before epoch 0" in err
    assert (workshop.results / "checkpoints/raw/relu/distance/seeds-0-19.safetensors").exists()


def test_the_same_command_gives_the_same_bits(workshop: Workshop) -> None:
    trained(workshop)
    first = digests(workshop, range(2))
    trained(workshop, "--output", "elsewhere")
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
    metrics = pyarrow.parquet.read_table(run.metrics).to_pandas()
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
    monkeypatch.setenv("PATH", "")
    assert provenance.environment(device)["code"]["revision"] is None


def test_metrics_are_those_of_the_kept_weights(workshop: Workshop) -> None:
    trained(workshop)
    run = RunFolder(folder(workshop, 0))
    weights = {name.removeprefix("6/"): value for name, value in load_file(run.weights).items()}
    data = load_file(workshop.folder / "data/tiny/images.safetensors")
    for split, column in (("train", "train_accuracy"), ("test", "test_accuracy")):
        hidden = numpy.maximum(data[f"{split}_images"] @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
        outputs = -numpy.maximum(hidden @ weights["head.weight"].T, 0)
        accuracy = 100 * (outputs.argmax(1) == data[f"{split}_labels"]).mean()
        assert pyarrow.parquet.read_table(run.metrics)[column][-1].as_py() == pytest.approx(accuracy)


def test_finished_runs_are_left_alone_and_new_seeds_are_added(workshop: Workshop) -> None:
    trained(workshop)
    before = (folder(workshop, 0) / "metrics.parquet").stat().st_mtime_ns
    answer = workshop.train("--seeds", "0-2")
    assert answer.returncode == 0 and "seed 2" in answer.stderr
    assert (folder(workshop, 0) / "metrics.parquet").stat().st_mtime_ns == before
    assert RunFolder(folder(workshop, 2)).read_provenance()["pack"] == [2]
    assert "finished already" in workshop.train("--seeds", "0-2").stderr


def lengthened(workshop: Workshop, **shorter: object) -> int:
    """Train two seeds as `shorter` says, then to epoch 130; return where that began."""
    workshop.study(**shorter)
    trained(workshop)
    workshop.study(epochs=130, milestones=[8, 120], record_every=10)
    trained(workshop)
    return int(RunFolder(folder(workshop, 1)).read_provenance()["resumed_at"])


def test_a_longer_run_goes_on_from_a_shorter_one_to_the_same_bits(workshop: Workshop) -> None:
    workshop.study(epochs=130, milestones=[8, 120], record_every=10)
    trained(workshop)
    expected = digests(workshop, range(2))
    shutil.rmtree(workshop.results)
    # More rows and more weights than the longer run keeps.
    assert lengthened(workshop, epochs=115, milestones=[8, 30], record_every=5) == 115
    assert digests(workshop, range(2)) == expected


@pytest.mark.parametrize(
    "shorter",
    [
        {"epochs": 115, "record_every": 10},
        {"epochs": 125, "milestones": [8], "record_every": 10},
        {"epochs": 125, "milestones": [8, 120], "record_every": 20},
    ],
    ids=["without the first milestone", "without the second", "without a row"],
)
def test_a_shorter_run_that_kept_too_little_is_no_beginning(workshop: Workshop, shorter: dict[str, object]) -> None:
    workshop.study(**shorter)
    trained(workshop)
    workshop.study(epochs=130, milestones=[8, 120], record_every=10)
    assert "other parameters" in workshop.refused("train", "--architecture", *MODEL[:1], "--representation", MODEL[1])
    trained(workshop, "--overwrite")
    assert RunFolder(folder(workshop, 1)).read_provenance()["resumed_at"] == 0


def test_a_shorter_run_of_other_code_is_no_beginning(workshop: Workshop) -> None:
    trained(workshop)
    for seed in range(2):
        file = folder(workshop, seed) / "run.json"
        found = json.loads(file.read_text())
        file.write_text(json.dumps(found | {"code": found["code"] | {"digest": "another"}}))
    workshop.study(epochs=8)
    trained(workshop, "--overwrite")
    assert RunFolder(folder(workshop, 1)).read_provenance()["resumed_at"] == 0


def test_seeds_of_different_length_begin_together(workshop: Workshop) -> None:
    workshop.train("--seeds", "0", "--epochs", "3")
    workshop.train("--seeds", "1", "--epochs", "4")
    trained(workshop)
    assert RunFolder(folder(workshop, 0)).read_provenance()["resumed_at"] == 0


def test_a_run_of_other_parameters_is_refused_and_replaced_on_request(workshop: Workshop) -> None:
    trained(workshop)
    workshop.study(learning_rate=0.01)
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
    assert "seed~0" in line and "other parameters" in line
    trained(workshop, "--overwrite")
    assert RunFolder(folder(workshop, 0)).read_provenance()["recipe"]["experiment"]["learning_rate"] == 0.01


def test_a_checkpoint_of_another_configuration_is_refused(workshop: Workshop) -> None:
    workshop.study(epochs=5000)
    interrupted(workshop, signal.SIGKILL)
    workshop.study(epochs=5000, learning_rate=0.5)
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
    assert "seeds-0-1.safetensors" in line and "another configuration" in line
    assert not (folder(workshop, 0)).exists()


def test_a_damaged_checkpoint_is_named(workshop: Workshop) -> None:
    workshop.study(epochs=5000)
    interrupted(workshop, signal.SIGKILL)
    checkpoint = workshop.results / "checkpoints/raw/relu/distance/seeds-0-1.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
    assert "seeds-0-1.safetensors: not a readable checkpoint" in line


def test_divergence_names_epoch_and_seed_and_keeps_the_metrics(workshop: Workshop) -> None:
    workshop.study(learning_rate=1e30, epochs=50)
    line = workshop.refused("train", "--architecture", "abs", "--representation", "unconstrained", "--seeds", "1-2")
    assert "the loss of seed 1 is" in line and "at epoch" in line
    kept = workshop.folder / line.split("its metrics so far are in ")[1]
    metrics = pyarrow.parquet.read_table(kept).to_pandas()
    assert len(metrics) >= 1 and numpy.isfinite(metrics["train_loss"]).all()
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
            "--device cuda:7: not there",
        ),
        (
            ["--architecture", "relu", "--representation", "distance", "--device", "toaster"],
            "--device toaster: not there",
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
        ({"milestones": [9]}, "milestone 9 lies beyond the last epoch, 6"),
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
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--output", "blocked")
    assert "blocked" in line and "cannot be written" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named_and_leaves_nothing_half_written(workshop: Workshop) -> None:
    # A file system of 64 KiB would need root; a limit on the size of files fails writes in the same way.
    command = f"{sys.executable} -m distancenets train --architecture relu --representation distance"
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
    trained(workshop, "--epochs", "5", "--output", "other")
    stray = workshop.folder / "other" / run_path(Run("raw", *MODEL, 1)) / "metrics.parquet"
    (folder(workshop, 1) / "metrics.parquet").write_bytes(stray.read_bytes())
    line = workshop.refused("collect")
    assert "seed~1/metrics.parquet" in line and "other parameters" in line


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
