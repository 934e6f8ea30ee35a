"""Runs of a workshop: where they lie, and what of them must be the same to the bit."""

import hashlib
from pathlib import Path

from conftest import Workshop
from distancenets.configuration.study import Run
from distancenets.training.paths import run_path

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
