"""One bit of a file, flipped anywhere: its reader refuses the file by name."""

import random
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Workshop, open_workshop
from distancenets.datasets.store import Dataset
from distancenets.errors import Damaged
from distancenets.measurements.coherence import archive_faults
from distancenets.runs.manifest import read_manifest
from distancenets.training.checkpoints import read_checkpoint
from distancenets.training.run_files import RunFolder
from kills import flip, killed

FLIPS = 20
READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "metrics": ("runs/**/seed~0/metrics.parquet", lambda path: RunFolder(path.parent).finished()),
    "weights": ("runs/**/seed~0/weights.safetensors", lambda path: RunFolder(path.parent).finished()),
    "run.json": ("runs/**/seed~0/run.json", lambda path: RunFolder(path.parent).finished()),
    "checkpoint": ("checkpoints/**/*.safetensors", read_checkpoint),
    "manifest": ("archive/manifest.json", lambda path: read_manifest(path.parents[1])),
    "archived runs": ("archive/**/runs-*.parquet", lambda path: list(archive_faults(path.parents[4]))),
    "archived metrics": ("archive/**/metrics-*.parquet", lambda path: list(archive_faults(path.parents[4]))),
    "archived answers": ("archive/**/correct-*.parquet", lambda path: list(archive_faults(path.parents[4]))),
    "archived measurement": ("archive/**/orientation-*.parquet", lambda path: list(archive_faults(path.parents[4]))),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Workshop:
    """A run, a checkpoint of another, and an archive."""
    workshop = open_workshop(tmp_path_factory.mktemp("stored"), mnist)
    assert workshop.train("--seeds", "0").returncode == 0
    assert workshop.run("archive").returncode == 0
    workshop.study(epochs=40)
    assert killed(0, lambda path: "seed~1" in path.parts, lambda: workshop.train("--seeds", "1"))
    return workshop


@pytest.mark.parametrize("kind", READERS)
def test_a_flipped_bit_anywhere_is_noticed_by_name(stored: Workshop, kind: str) -> None:
    pattern, read = READERS[kind]
    [path] = stored.results.glob(pattern)
    read(path)
    content, draw = path.read_bytes(), secrets.randbits(32)
    print(f"draw {draw}")
    places = random.Random(draw)
    try:
        for _ in range(FLIPS):
            place, bit = places.randrange(len(content)), places.randrange(8)
            flip(path, place, bit)
            with pytest.raises(Damaged, match=re.escape(str(path))):
                read(path)
            path.write_bytes(content)
    finally:
        path.write_bytes(content)
