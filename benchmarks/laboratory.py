"""What the benchmarks share: MNIST, packs that are ready to train, clocks, and the file of results."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.configuration.experiment import Experiment
from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset, load_dataset
from distancenets.jobs.processor import processor
from distancenets.models.networks import initialise
from distancenets.models.registry import Model, models
from distancenets.training.batches import Network
from distancenets.training.checkpoints import State
from distancenets.training.engines.steps import make_steps
from distancenets.training.pixel_scaling import scaling
from distancenets.training.provenance import environment
from distancenets.training.steps import Steps, TorchSteps

REPOSITORY = Path(__file__).parent.parent
SETTINGS = load_dataset_settings("mnist", REPOSITORY / "config" / "datasets.yaml")
PAPER = Experiment(epochs=1)
HIDDEN = 128
# Nanoseconds to milliseconds.
MILLION = 1e6


def arguments(description: str | None, chosen: list[str] | None = None) -> argparse.ArgumentParser:
    """Return a parser of the options that all benchmarks have; `chosen` are the models by default, else all 16."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [model.paper_name for model in models()]
    parser.add_argument("--models", nargs="+", default=chosen or names, choices=names, metavar="MODEL")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data" / "mnist")
    parser.add_argument("--json", type=Path, help="the file of results")
    return parser


def named(names: list[str]) -> list[Model]:
    """Return the models with these names in the paper."""
    return [model for model in models() if model.paper_name in names]


def mnist(folder: Path, images: int | None = None) -> Dataset:
    """Return MNIST, the training set cut to its first `images` images."""
    data = load_dataset(folder, SETTINGS)
    return replace(data, train_images=data.train_images[:images], train_labels=data.train_labels[:images])


def one_thread() -> None:
    """Make PyTorch calculate as a training job does."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def pack(
    model: Model,
    engine: str,
    data: Dataset,
    device: torch.device,
    seeds: int = 1,
    hidden: int = HIDDEN,
    threads: int = 1,
    experiment: Experiment = PAPER,
) -> Steps:
    """Return the steps of a pack, fast ones on a GPU as in a study."""
    network = Network(model, "code", scaling(experiment.pixels, SETTINGS))
    start, settings = State(0, initialise(model, range(seeds), hidden)), TrainingSettings(threads=threads)
    steps = make_steps(engine, network, start, range(seeds), data, experiment.replaced(hidden=hidden), device, settings)
    if isinstance(steps, TorchSteps) and device.type == "cuda":
        steps.accelerate(device, print)
    return steps


def milliseconds(work: Callable[[], object], device: torch.device, threads: int = 1) -> float:
    """Return what `work` takes: CPU time of one thread on a CPU, else time by the wall."""
    alone = threads == 1 and device.type == "cpu"
    now = time.process_time_ns if alone else time.perf_counter_ns
    _wait(device)
    begun = now()
    work()
    _wait(device)
    return (now() - begun) / MILLION


def machine(device: torch.device) -> dict[str, Any]:
    """Return what the numbers were measured with and on; a processor's name does not tell its generation."""
    generation = {"family": processor("cpu family"), "model": processor("model")}
    return environment(device) | {"processor": generation}


def write(file: Path | None, report: dict[str, Any]) -> None:
    """Write `report` where a file is wanted."""
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
