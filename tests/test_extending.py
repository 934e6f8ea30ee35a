"""What docs/extending.md promises, done as it says in copies of the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from conftest import REPOSITORY, SPLITS, write_dataset
from distancenets.configuration.published import load_published
from distancenets.datasets.store import Dataset
from distancenets.models.registry import find_model

pytestmark = pytest.mark.slow

PAGE = (REPOSITORY / "docs" / "extending.md").read_text()
SECTIONS = {part.split("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
STEP = re.compile(
    r"^(?:New file|At the end of|In) `(?P<file>[^`]+)`"
    r"(?:, (?:below `(?P<below>[^`]+)`|(?P<above>above the last line)))?:\n\n```\w+\n(?P<block>.*?)```",
    re.MULTILINE | re.DOTALL,
)
# One process runs all commands of a case: each would import torch anew.
DRIVER = """
import contextlib, shlex, sys
from distancenets.cli.commands import app
for command in sys.argv[1:]:
    line, _, file = command.partition(" >> ")
    program, *arguments = shlex.split(line)
    with contextlib.redirect_stdout(open(file, "a")) if file else contextlib.nullcontext():
        app(arguments, standalone_mode=False)
"""


def extended(section: str, folder: Path) -> Path:
    """Return a copy of the repository's code and configuration in `folder`, with the blocks of a section applied."""
    for part in ("workflow", "config"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    steps = list(STEP.finditer(SECTIONS[section]))
    assert steps and sum(step["block"].count("\n") for step in steps) < 30
    for step in steps:
        apply(step, folder / step["file"])
    return folder


def apply(step: "re.Match[str]", path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    assert bool(lines) != step[0].startswith("New file"), path
    place = len(lines) - bool(step["above"])
    if step["below"]:
        assert lines.count(f"{step['below']}\n") == 1, f"{path}: no single line {step['below']}"
        place = lines.index(f"{step['below']}\n") + 1
    path.write_text("".join([*lines[:place], step["block"], *lines[place:]]))


def run(folder: Path, *commands: str) -> str:
    """Run `commands` in the copy with the copy's own package, and return what they printed."""
    answer = subprocess.run(
        [sys.executable, "-c", DRIVER, *commands],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "workflow"), "COLUMNS": "150"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def small_study(folder: Path, mnist: Dataset, **axes: list[str]) -> None:
    """Make config/config.yaml a study of a few epochs on a few images of the data set `tiny`."""
    write_dataset(folder, "tiny", {split: getattr(mnist, split)[:200].contiguous() for split in SPLITS})
    experiment = {"dataset": "tiny", "epochs": 2, "hidden": 8}
    study = {"study": "small", "title": "A small study", "seeds": 2, "experiments": {"raw": experiment}}
    values = study | axes | {"report": {"figure1": {"node": 3}}}
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(values))


def documented(section: str, start: str) -> list[str]:
    """Return the commands of a section that begin with `start`."""
    blocks = re.findall(r"```console\n(.*?)```", SECTIONS[section], re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith(start)]


def test_a_model_is_trained_listed_tabled_and_drawn(tmp_path: Path, mnist: Dataset) -> None:
    copy = extended("A model", tmp_path)
    small_study(copy, mnist, architectures=["softplus_cosine"], representations=["distance"])
    runs = "results/small/runs.csv"
    said = run(
        copy,
        *(command.replace("0-2", "0-1") for command in documented("A model", "distancenets")),
        "distancenets collect",
        f"distancenets table paper {runs} --out-dir tables",
        f"distancenets figure final-accuracies {runs} --experiment raw --stem drawn",
    )
    names = ("softplus", "softplus_bias", "softplus_l2", "softplus_cosine", "relu_cosine", "abs_cosine")
    assert all(f" {name} " in said for name in names)
    assert set(names) < set(pd.read_csv(copy / "tables" / "table1.csv")["architecture"])
    assert set(pd.read_csv(copy / runs)["model"]) == {"Softplus2-Neg-Cosine"}
    assert "Softplus2-Neg-Cosine" in (copy / "drawn.svg").read_text()


def test_a_data_set_is_pinned_fetched_trained_on_and_tabled(tmp_path: Path, mnist: Dataset) -> None:
    copy = extended("A data set", tmp_path)
    write_idx(copy / "files", mnist)
    pinned, fetched, trained = documented("A data set", "distancenets")
    said = run(
        copy,
        pinned.replace("/path/to/", ""),
        fetched,
        trained,
        trained.replace("relu", "abs"),
        "distancenets collect --study config/letters.yaml",
        "distancenets table paper results/letters/runs.csv --out-dir tables --study config/letters.yaml",
    )
    assert "letters: fetched by folder into data/letters" in said
    table = pd.read_csv(copy / "tables" / "table2.csv").set_index("printed")
    assert table["n"][["ReLU", "Abs"]].to_dict() == {"ReLU": 2, "Abs": 2} and table["mean"]["ReLU"] > 10


def write_idx(folder: Path, mnist: Dataset) -> None:
    """Write 300 images and labels of each split as MNIST's four files."""
    folder.mkdir()
    for split, name in (("train", "train"), ("test", "t10k")):
        for kind, magic, shape in (("images", 0x803, (28, 28)), ("labels", 0x801, ())):
            values: torch.Tensor = getattr(mnist, f"{split}_{kind}")[:300]
            header = b"".join(number.to_bytes(4, "big") for number in (magic, 300, *shape))
            (folder / f"{name}-{kind}-idx{1 + len(shape)}-ubyte").write_bytes(header + values.numpy().tobytes())


def test_a_measurement_is_listed_made_and_tabled(tmp_path: Path, mnist: Dataset) -> None:
    copy = extended("A measurement", tmp_path)
    small_study(copy, mnist, architectures=["abs"], representations=["unconstrained"])
    measure, tables = documented("A measurement", "distancenets")
    said = run(
        copy,
        "distancenets train --architecture abs --representation unconstrained --seeds 0-1",
        "distancenets collect",
        f"{measure} --help",
        measure,
        tables,
    )
    assert "Measure by how much the right class's output exceeds" in said
    table = pd.read_csv(copy / "results" / "small" / "tables" / "margins.csv")
    accuracy = pd.read_csv(copy / "results" / "small" / "runs.csv")["test_accuracy"].mean()
    # Without ties, the images of positive margin are those that are answered rightly.
    assert 100 * table["positive_mean"][0] == pytest.approx(accuracy, abs=1e-3)
    assert (
        "| model | representation | margin | positive | n |"
        in (copy / "results" / "small" / "tables" / "margins.md").read_text()
    )


def test_a_claim_is_judged_listed_and_tabled(tmp_path: Path) -> None:
    copy = extended("A claim", tmp_path)
    runs = [
        ("published", 5000, find_model("relu_bias", representation).paper_name, seed, 95.0 + 0.1 * (seed % 3))
        for representation in ("unconstrained", "distance")
        for seed in range(20)
    ]
    (copy / "results" / "paper").mkdir(parents=True)
    columns = ["experiment", "epoch", "model", "seed", "test_accuracy"]
    pd.DataFrame(runs, columns=columns).to_csv(copy / "results" / "paper" / "runs.csv", index=False)
    said = run(copy, *documented("A claim", "distancenets"))
    assert "15 biased ReLU2-Neg recovers: supported; 5,000 epochs, 20 seeds: ReLU2-Neg_Bias − ReLU_Bias = +0.00" in said
    claims = (copy / "results" / "paper" / "claims.md").read_text()
    assert "Supported if: ReLU2-Neg_Bias is not 0.2 points or more below ReLU_Bias." in claims
    table = pd.read_csv(copy / "results" / "paper" / "tables" / "robustness.csv").set_index("claim")
    assert len(load_published(copy / "config" / "published.yaml").claims) == len(table) == 15
    assert dict(table.loc[15]) == {
        "name": "biased ReLU2-Neg recovers",
        "published": "supported",
        "offset_l2_as_printed": "undetermined",
        "standardised": "undetermined",
        "across experiments": "open",
    }
