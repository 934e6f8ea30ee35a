"""Fixtures that several test files share."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# Test processes run side by side: threads that wait for one another would take most of their time. Before torch starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from distancenets.cli import main
from distancenets.configuration.datasets import DatasetSettings, load_dataset_settings
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.store import Dataset, fetch, load_dataset
from distancenets.files import sha256

REPOSITORY = Path(__file__).parent.parent
SPLITS = ("train_images", "train_labels", "test_images", "test_labels")


@pytest.fixture(scope="session")
def mnist_settings() -> DatasetSettings:
    return load_dataset_settings("mnist", REPOSITORY / "config" / "datasets.yaml")


@pytest.fixture(scope="session")
def mnist(mnist_settings: DatasetSettings) -> Dataset:
    """Real MNIST, fetched into the checkout's data/ where it is not there yet."""
    folder = REPOSITORY / "data" / "mnist"
    # The manifest is written last: where two test processes fetch at a time, each finds whole files.
    if not (folder / "manifest.json").exists():
        fetch("mnist", mnist_settings, folder.parent)
    return load_dataset(folder, mnist_settings)


@pytest.fixture
def tiny() -> Arrays:
    """Six training and three test images of 2 × 2 pixels, 0 and 255 among them."""
    stream = np.random.default_rng(0)
    train_images = stream.integers(0, 256, (6, 4), dtype=np.uint8)
    train_images[0] = [0, 255, 1, 254]
    labels = stream.integers(0, 10, 9, dtype=np.uint8)
    return Arrays(train_images, labels[:6], stream.integers(0, 256, (3, 4), dtype=np.uint8), labels[6:])


class Answer(NamedTuple):
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Workshop:
    """A folder with a small data set and a study on it, and the command line run there."""

    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results" / "small"

    def study(self, **changes: object) -> None:
        """Write config/config.yaml, with `changes` in its experiment."""
        experiment = {"dataset": "tiny", "epochs": 6, "hidden": 16} | changes
        study = {
            "study": "small",
            "title": "A small study",
            "seeds": 4,
            "experiments": {"raw": experiment},
            "training": {"checkpoint_seconds": 0.01},
            "report": {"figure1": {"node": 3}},
        }
        (self.folder / "config" / "config.yaml").write_text(yaml.safe_dump(study))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "distancenets", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, stdout=pipe, stderr=pipe, text=True, env=environment())

    def run(self, *arguments: str) -> Answer:
        """Run the command line within this process: a fresh one would import torch each time."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(sys, "argv", ["distancenets", *arguments])
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        return Answer(code, out.getvalue(), err.getvalue())

    def train(self, *arguments: str, model: Sequence[str] = ("relu", "distance")) -> Answer:
        architecture, representation = model
        return self.run("train", "--architecture", architecture, "--representation", representation, *arguments)

    def refused(self, *arguments: str) -> str:
        """Return the one line that the command line refuses `arguments` with."""
        answer = self.run(*arguments)
        assert answer.returncode == 1, answer.stderr
        lines = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1 and "Traceback" not in answer.stderr, answer.stderr
        return lines[0]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY / "workflow")}


@pytest.fixture
def workshop(tmp_path: Path, mnist: Dataset) -> Workshop:
    """A folder with the first 900 training and 300 test images of MNIST as the data set `tiny`."""
    return open_workshop(tmp_path, mnist)


def open_workshop(folder: Path, mnist: Dataset) -> Workshop:
    """Set up a workshop in `folder`."""
    tensors = {split: getattr(mnist, split)[: 900 if "train" in split else 300].contiguous() for split in SPLITS}
    write_dataset(folder, "tiny", tensors)
    place = Workshop(folder)
    place.study()
    return place


def write_dataset(folder: Path, name: str, tensors: dict[str, torch.Tensor]) -> None:
    """Write the datasets.yaml that pins a data set, and then, so that it is up to date, the data set."""
    (folder / "data" / name).mkdir(parents=True)
    (folder / "config").mkdir(exist_ok=True)
    settings = {
        "title": name,
        "class_names": [str(digit) for digit in range(10)],
        "pixel_mean": 0.1307,
        "pixel_sd": 0.3081,
        "sha256": {split: sha256(tensor.numpy().tobytes()) for split, tensor in tensors.items()},
        "sources": [{"kind": "folder"}],
    }
    (folder / "config" / "datasets.yaml").write_text(yaml.safe_dump({name: settings}))
    save_file(tensors, folder / "data" / name / "images.safetensors")
    (folder / "data" / name / "manifest.json").write_text("{}\n")


@dataclass(frozen=True)
class Checkout:
    """A copy of this repository's files, and the real snakemake run in it."""

    folder: Path

    def snakemake(self, *arguments: str, path: str = "") -> "subprocess.CompletedProcess[str]":
        surroundings = os.environ | {"PYTHONPATH": str(self.folder / "workflow")}
        surroundings["PATH"] = os.pathsep.join(filter(None, [path, surroundings["PATH"]]))
        command = [str(Path(sys.executable).parent / "snakemake"), *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=surroundings, check=False, timeout=900
        )

    def distancenets(self, *arguments: str) -> str:
        """Run the command line, which must succeed, and return what it printed."""
        command = [sys.executable, "-m", "distancenets", *arguments]
        surroundings = os.environ | {"PYTHONPATH": str(self.folder / "workflow")}
        answer = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=surroundings, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def jobs(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of each rule snakemake would run, by a dry run."""
        answer = self.snakemake("-n", *arguments)
        text = answer.stdout + answer.stderr
        assert answer.returncode == 0 and ("Job stats:" in text or "Nothing to be done" in text), text
        return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE)}

    def complete(self, *arguments: str) -> None:
        """Run snakemake, which must succeed."""
        answer = self.snakemake(*arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def checkout(folder: Path) -> Checkout:
    """Copy what git tracks or would track of this repository to `folder`."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        source = REPOSITORY / name
        if source.exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return Checkout(folder)
