"""What makes a run stale is what it computes, not how it is written."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bits
from conftest import REPOSITORY
from requirements import needs_compiler

pytestmark = needs_compiler
NATIVE = Path("workflow/distancenets/training/engines/native")


def changed(folder: Path, *edits: tuple[str, str, str]) -> set[str]:
    """Return the models, pixels and forms whose fingerprints differ in a copy of the package with `edits` made."""
    shutil.copytree(
        REPOSITORY / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    shutil.copytree(REPOSITORY / "config", folder / "config", dirs_exist_ok=True)
    for name, old, new in edits:
        path = folder / name
        text = path.read_text()
        assert old in text, (name, old)
        path.write_text(text.replace(old, new))
    surroundings = os.environ | {"PYTHONPATH": str(folder / "workflow"), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "distancenets", "fingerprint"]
    said = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=True).stdout
    with bits.FINGERPRINTS.open() as file:
        expected = {tuple(row.values()) for row in csv.DictReader(file)}
    found = {tuple(row.values()) for row in csv.DictReader(said.splitlines())}
    assert len(found) == len(expected)
    return {"/".join(row[:3]) for row in found - expected}


def all_of(*kinds: str) -> set[str]:
    with bits.FINGERPRINTS.open() as file:
        names = {"/".join(list(row.values())[:3]) for row in csv.DictReader(file)}
    return {name for name in names if any(kind in name for kind in kinds)}


@pytest.mark.slow
def test_writing_it_otherwise_changes_nothing(tmp_path: Path) -> None:
    package = tmp_path / "workflow" / "distancenets"
    shutil.copytree(REPOSITORY / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    # A moved file, and a renamed function in every file that names it.
    (package / "training" / "engines" / "image_order.py").rename(package / "training" / "image_order.py")
    for path in package.rglob("*.py"):
        text = path.read_text().replace("training.engines.image_order import", "training.image_order import")
        path.write_text(text.replace("frame_order", "order_by_frame"))
    edits = [
        ("workflow/distancenets/models/heads.py", "Add a new one as one entry here.", "Reworded."),
        *((f"{NATIVE}/{name}", "linear_backward", "linear_derivatives") for name in ("heads.h", "step.c")),
        # Another width of register tiles: a loop that is faster or slower, with the same bits.
        (f"{NATIVE}/heads.h", "#define SOME 5", "#define SOME 2"),
        (f"{NATIVE}/lists.h", "#define WIDEST 128", "#define WIDEST 64"),
    ]
    for name, old, new in edits:
        path = tmp_path / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    shutil.rmtree(tmp_path / "config", ignore_errors=True)
    surroundings = os.environ | {"PYTHONPATH": str(tmp_path / "workflow"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    command = [sys.executable, "-m", "distancenets", "fingerprint", "--check", str(bits.FINGERPRINTS)]
    answer = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "touched"),
    [
        ((f"{NATIVE}/heads.h", "all(-3e38f)", "all(-2e38f)"), []),
        ((f"{NATIVE}/vectors.h", "5.0000001201e-1f", "5.0100000000e-1f"), ["/"]),
        ((f"{NATIVE}/lists.h", "#define GROUP 24", "#define GROUP 48"), ["/"]),
        ((f"{NATIVE}/images.py", "BLOCKS_IN_CHUNK = 2", "BLOCKS_IN_CHUNK = 1"), ["/"]),
        (("workflow/distancenets/models/activations.py", '"z > 0 ? 1 : -1"', '"z > 0 ? 1 : -0.5f"'), ["Abs"]),
        (("workflow/distancenets/models/heads.py", "(classes, hidden), 0.1)", "(classes, hidden), 0.2)"), ["L2"]),
        ((f"{NATIVE}/heads.h", "OFFSET_L2_SQUARED ? scale * scale", "OFFSET_L2_SQUARED ? 2 * scale"), ["/paper"]),
        ((f"{NATIVE}/step.c", "net->shift * total", "net->shift * (total + 1)"), ["/standardised/"]),
    ],
    ids=["nothing", "constant", "order of sums", "chunks", "slope", "start", "form", "scaling"],
)
def test_computing_something_else_changes_the_models_it_touches(
    edit: tuple[str, str, str], touched: list[str], tmp_path: Path
) -> None:
    assert changed(tmp_path, edit) == all_of(*touched)


def test_a_difference_is_named(tmp_path: Path) -> None:
    file = tmp_path / "expected.csv"
    lines = bits.FINGERPRINTS.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[1][:-4] + "beef", *lines[2:]]) + "\n")
    command = [sys.executable, "-m", "distancenets", "fingerprint", "--check", str(file)]
    answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert answer.returncode == 1 and "2 lines differ" in answer.stderr
    assert "here: ReLU, raw, code, " in answer.stdout and "beef" in answer.stdout
