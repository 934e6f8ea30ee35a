"""The yardstick trains the very networks of the package, or its times would mean nothing."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch

from conftest import REPOSITORY, environment
from distancenets.configuration.datasets import DatasetSettings
from distancenets.configuration.study import Run, load_study
from distancenets.datasets.store import Dataset
from distancenets.measurements.deposits import finished_runs
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Network, chunks, differentiate, evaluate
from distancenets.training.scaling import scaling

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
    from yardstick import Images, Yardstick, network

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_row_holds_what_a_reader_asks_for(mnist: Dataset, tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/run.py", "--quick", "--seconds", "1", "--models", "ReLU"]
    file = tmp_path / "rows.json"
    subprocess.run([*command, "--json", str(file)], cwd=REPOSITORY, env=environment(), check=True, capture_output=True)
    rows = json.loads(file.read_text())["rows"]
    assert {"model", "engine", "pack", "device", "threads", "ms_per_model_epoch", "ratio"} <= set(rows[0])
    assert rows[0]["model"] == "ReLU" and rows[0]["ratio"] > 1


@pytest.mark.slow
def test_the_roofline_is_above_what_is_reached(mnist: Dataset, tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/roofline.py", "--engines", "dense", "--pack", "1"]
    file = tmp_path / "roofline.json"
    subprocess.run([*command, "--json", str(file)], cwd=REPOSITORY, env=environment(), check=True, capture_output=True)
    found = json.loads(file.read_text())
    assert set(found["copy_gigabytes"]) == {"1 MiB", "30 MiB", "400 MiB"} and 300 < found["kept_columns"] < 500
    [row] = found["rows"]
    # 26 GFLOP; the peak is taken at another moment of a shared machine.
    assert (row["engine"], row["pack"]) == ("dense", 1) and 26e3 / row["products_ms"] < 2 * found["sgemm_gflops"]
