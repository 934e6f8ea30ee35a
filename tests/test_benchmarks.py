"""The yardstick trains the very networks of the package, or its times would mean nothing."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import REPOSITORY, environment
from distancenets.configuration.datasets import DatasetSettings
from distancenets.configuration.optimisers import Adam
from distancenets.configuration.study import Run, load_study
from distancenets.datasets.store import Dataset
from distancenets.measurements.archiving import finished_runs
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, find_model, models
from distancenets.training.batch_order import batch_order
from distancenets.training.batches import Network, chunks, differentiate, evaluate
from distancenets.training.mini_batches import MiniBatchSteps
from distancenets.training.optimisers import no_moments
from distancenets.training.pixel_scaling import scaling
from requirements import needs_compiler

pytestmark = pytest.mark.slow

# The yardstick's parameters in its own order.
HEADS = {
    "linear": ["head.weight"],
    "linear_bias": ["head.weight", "head.bias"],
    "offset_l2": ["head.prototypes", "head.scales"],
}


@pytest.mark.parametrize("model", models(), ids=lambda model: model.paper_name)
def test_the_yardstick_follows_the_package(
    model: Model, mnist: Dataset, mnist_settings: DatasetSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    from baseline import Images, Yardstick, network

    splits = (mnist.train_images[:300], mnist.train_labels[:300]), (mnist.test_images[:200], mnist.test_labels[:200])
    parameters = {name: value.double() for name, value in initialise(model, [0], 20).items()}
    usual = network(model.architecture, model.representation.name, 20).double()
    names = ["hidden.weight", "hidden.bias", *HEADS[model.head.name]]
    with torch.no_grad():
        for name, value in zip(names, usual.parameters(), strict=True):
            value.copy_(parameters[name][0])
    yardstick = Yardstick(usual, *(Images(images.double(), labels.long()) for images, labels in splits))
    train, test = (chunks(*split, "dense", 100, torch.float64) for split in splits)
    net = Network(model, "code", scaling("raw", mnist_settings))
    for _ in range(3):
        loss, accuracy, test_accuracy = yardstick.epoch()
        score, gradients = differentiate(net, parameters, train)
        for name, gradient in gradients.items():
            parameters[name] -= 0.001 * gradient
        assert (loss, accuracy) == pytest.approx((score.loss.item(), score.accuracy.item()), rel=1e-6)
        assert test_accuracy == pytest.approx(evaluate(net, parameters, test).accuracy.item(), rel=1e-6)


def test_the_yardstick_of_batches_follows_the_package(
    mnist: Dataset, mnist_settings: DatasetSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    from baseline import Images, ShuffledBatches, network

    images, labels = mnist.train_images[:300], mnist.train_labels[:300]
    start = {name: value.double() for name, value in initialise(find_model("relu", "distance"), [0], 20).items()}
    usual = network("relu", "distance", 20).double()
    with torch.no_grad():
        for name, value in zip(["hidden.weight", "hidden.bias", *HEADS["linear"]], usual.parameters(), strict=True):
            value.copy_(start[name][0])
    orders: list[torch.Tensor] = []

    def drawn(count: int) -> torch.Tensor:
        orders.append(torch.from_numpy(batch_order(0, len(orders), count)))
        return orders[-1]

    monkeypatch.setattr(torch, "randperm", drawn)
    split = Images(images.double(), labels.long())
    loop = ShuffledBatches(usual, split, split, 128)
    network_of = Network(find_model("relu", "distance"), "code", scaling("raw", mnist_settings))
    parts, adam = chunks(images, labels, "dense", 100, torch.float64), Adam(learning_rate=0.001)
    kept = no_moments(adam, start)
    steps = MiniBatchSteps(network_of, start, kept, [0], images, labels, parts, parts, adam, 128)
    for epoch in range(2):
        *_, accuracy = loop.epoch()
        steps.step(epoch)
        assert accuracy == pytest.approx(steps.evaluate_test().accuracy.item())
    for name, value in zip(start, usual.parameters(), strict=True):
        torch.testing.assert_close(steps.parameters()[name][0], value.detach(), rtol=1e-6, atol=1e-9)


def test_a_gpu_machine_is_told_what_it_lacks(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\ncat > /dev/null\necho safetensors rich\n")
    python.chmod(0o755)
    script = [str(REPOSITORY / "benchmarks" / "gpu.sh"), "--device", "cpu", "--quick"]
    surroundings = environment() | {"PYTHON": str(python), "OUT": str(tmp_path / "out")}
    answer = subprocess.run(script, env=surroundings, capture_output=True, text=True, check=False)
    assert answer.returncode == 1 and answer.stdout == ""
    assert answer.stderr.startswith("error: missing: safetensors rich (give a folder")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_gpu_script_runs_through_without_a_gpu(mnist: Dataset, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "benchmarks", tmp_path / "benchmarks")
    for name in ("workflow", "config", "data", "tests", "pyproject.toml"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    script = [str(tmp_path / "benchmarks" / "gpu.sh"), "--device", "cpu", "--quick", "--weights"]
    surroundings = environment() | {"PYTHON": sys.executable, "OUT": str(tmp_path / "out")}
    answer = subprocess.run(script, env=surroundings, capture_output=True, text=True, check=True)
    assert "FAILED" not in answer.stdout and "not finished" not in answer.stdout
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"checks.json", "gates.txt", "benchmark.json", "study.tar.gz"}
    [check, *_] = json.loads((tmp_path / "out" / "checks.json").read_text())["rows"]
    assert check["as_good_as_float32"] and check["same_bits_twice"]
    assert re.search(r"\b[1-9]\d* passed", (tmp_path / "out" / "gates.txt").read_text())
    with tarfile.open(tmp_path / "out" / "study.tar.gz") as runs:
        runs.extractall(tmp_path / "carried", filter="data")
    # The archive takes them: they are runs of the paper's study.
    paper = load_study(REPOSITORY / "config" / "paper.yaml")
    found = finished_runs(paper, tmp_path / "carried", REPOSITORY / "config" / "datasets.yaml")
    assert [finished.run for finished in found] == [Run("published", "relu", "unconstrained", seed) for seed in (0, 1)]
    again = subprocess.run(script, env=surroundings, capture_output=True, text=True, check=True)
    assert again.stdout.count("there already") == 3


ON_CPU = ("--device", "cpu")


def results(tmp_path: Path, script: str, *arguments: str) -> dict[str, Any]:
    """Run a benchmark and return what it wrote."""
    file = tmp_path / "results.json"
    command = [sys.executable, f"benchmarks/{script}.py", *arguments, "--json", str(file)]
    answer = subprocess.run(command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_a_row_holds_what_a_reader_asks_for(mnist: Dataset, tmp_path: Path) -> None:
    [row] = results(tmp_path, "epoch_time", "--quick", "--seconds", "1", "--models", "ReLU", *ON_CPU)["rows"]
    assert {"model", "engine", "pack", "device", "threads", "ms_per_model_epoch", "ratio"} <= set(row)
    assert row["model"] == "ReLU" and row["ratio"] > 1
    batches = ("--quick", "--batch-size", "128", "--seconds", "1", "--models", "ReLU")
    [row] = results(tmp_path, "epoch_time", *batches, *ON_CPU)["rows"]
    assert 0 < row["train_evaluation_ms"] < row["ms_per_model_epoch"] and row["ratio_of_passes"] > row["ratio"]


@needs_compiler
def test_the_roofline_is_above_what_is_reached(mnist: Dataset, tmp_path: Path) -> None:
    found = results(tmp_path, "roofline", "--models", "ReLU", "ReLU-L2", "--times", "3", *ON_CPU)
    nonzero = 128 * int((mnist.train_images > 0).sum())
    for row in found["rows"]:
        for direction in ("forward", "backward"):
            assert nonzero < row["operations"][f"first layer, train, {direction}"] < 0.4 * 128 * 784 * 60_000
        # The peak is taken at another moment of a shared machine.
        assert 0.1 < row["share_reached"] < 1.1
    linear, offset = (row["operations"]["head"] for row in found["rows"])
    assert linear == 128 * 10 * (3 * 60_000 + 10_000) < offset


@needs_compiler
def test_the_checks_pass_for_the_compiled_engine(mnist: Dataset, tmp_path: Path) -> None:
    rows = results(tmp_path, "kernel_accuracy", "--models", "ReLU", "Abs-L2-Neg", "--steps", "20", *ON_CPU)["rows"]
    assert [row["steps"] for row in rows] == [0, 20, 0, 20]
    assert all(row["as_good_as_float32"] and row["same_bits_twice"] and row["images"] > 1000 for row in rows)
    assert set(rows[0]["errors"]) == {"loss", "hidden.weight", "hidden.bias", "head.weight"}


@needs_compiler
def test_engines_are_compared_with_the_reference_seed_by_seed(mnist: Dataset, tmp_path: Path) -> None:
    size = ["--images", "500", "--seeds", "3", "--epochs", "3"]
    reference, *others = results(tmp_path, "equivalence", "--models", "ReLU", *size)["rows"]
    assert [row["engine"] for row in others] == ["compiled", "split", "dense, other chunks"]
    for row in others:
        differences = [a - b for a, b in zip(row["test_accuracies"], reference["test_accuracies"], strict=True)]
        assert row["mean_difference"] == pytest.approx(sum(differences) / 3, abs=1e-3)
        assert row["equivalent"] == (row["p"] < 0.05)


def test_each_size_is_timed(mnist: Dataset, tmp_path: Path) -> None:
    found = results(tmp_path, "scaling", "--quick", "--times", "1", "--epochs", "10")
    assert [row["axis"] for row in found["rows"]] == ["seeds"] * 3 + ["hidden"] * 3 + ["images"] * 3
    assert len(found["epochs"]) == 10 and all(row["ms_per_model_epoch"] > 0 for row in found["rows"])


@needs_compiler
def test_a_round_of_faults_is_survived(mnist: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No compiled engine yet: kills must not be spread over the time that its compilation takes.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = results(tmp_path, "faults", "--minutes", "0")["rows"]
    assert {"training killed up to three times", "`archive` killed", "two archivers at once"} <= {
        row["fault"] for row in rows
    }
    assert all(row["tried"] == row["held"] > 0 for row in rows)
