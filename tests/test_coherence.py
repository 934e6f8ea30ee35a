"""Forged archives: told by the manifest, and where that was forged to fit, by what no longer agrees."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from conftest import Workshop, open_workshop
from distancenets.datasets.store import Dataset
from distancenets.errors import Damaged
from distancenets.files import read_sealed, sealed, sealed_text, sha256
from distancenets.measurements.answers import packed, unpacked
from distancenets.measurements.coherence import archive_faults, count_runs
from distancenets.runs.manifest import MANIFEST, archive_folder
from distancenets.runs.repairs import repair

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Workshop:
    """Three archived runs of a model."""
    workshop = open_workshop(tmp_path_factory.mktemp("honest"), mnist)
    workshop.study(milestones=[3])
    assert workshop.train("--seeds", "0-2").returncode == 0
    answer = workshop.run("archive")
    assert answer.returncode == 0, answer.stderr
    return workshop


@pytest.fixture
def root(honest: Workshop, tmp_path: Path) -> Path:
    shutil.copytree(honest.results / "archive", tmp_path / "archive")
    return tmp_path


def changed(root: Path, table: str, change: Change) -> Path:
    """Write a table of the archive otherwise, under its old name."""
    [path] = archive_folder(root).rglob(f"{table}-*.parquet")
    change(pd.read_parquet(path)).to_parquet(path, index=False)
    return path


def exchanged(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return `table` with what seeds 1 and 2 have in `columns` exchanged."""
    seeds = table["seed"].map({0: 0, 1: 2, 2: 1})
    if not columns:
        return table.assign(seed=seeds).sort_values("seed", kind="stable", ignore_index=True)
    other = pd.concat([table[table["seed"] == seed] for seed in (0, 2, 1)], ignore_index=True)
    return table.assign(**{column: other[column] for column in columns})


def one_image_more(table: pd.DataFrame, epoch: int) -> pd.DataFrame:
    rows = (table["seed"] == 1) & (table["epoch"] == epoch)
    return table.assign(test_accuracy=table["test_accuracy"].where(~rows, table["test_accuracy"] + 100 / 300))


def retold(table: pd.DataFrame, keys: tuple[str, ...], value: object, seal: bool) -> pd.DataFrame:
    """Return the table of runs with something else in the provenance of seed 1."""
    row = table.index[table["seed"] == 1][0]
    made = json.loads(table.loc[row, "provenance"])
    place = made
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    table.loc[row, "provenance"] = json.dumps(sealed(made) if seal else made)
    return table


def one_answer_more(table: pd.DataFrame) -> pd.DataFrame:
    images = int(table["images"].iloc[0])
    answers = unpacked(table["correct"].iloc[0], images)
    answers[answers.argmin()] = True
    content = packed(answers, 0)["correct"].iloc[0]
    return table.assign(correct=[content, *table["correct"].iloc[1:]])


FORGERIES: dict[str, tuple[str, Change, str]] = {
    "an accuracy raised by one image": (
        "metrics",
        lambda table: one_image_more(table, 6),
        "seed 1: its test accuracy at epoch 6 does not match the images in correct",
    ),
    "an accuracy between milestones that no image can give": (
        "metrics",
        lambda table: table.assign(test_accuracy=table["test_accuracy"].where(table["epoch"] != 2, 77.77)),
        "seed 0: a test accuracy is not a whole number of 300 images",
    ),
    "a train accuracy that no image can give": (
        "metrics",
        lambda table: table.assign(train_accuracy=table["train_accuracy"].where(table["epoch"] != 2, 77.77)),
        "seed 0: a train accuracy is not a whole number of 900 images",
    ),
    "curves of two seeds exchanged": ("metrics", exchanged, "seed 1: its test accuracy at epoch 3 does not"),
    "a curve used twice": (
        "metrics",
        lambda table: pd.concat(
            [table[table["seed"] != 2], table[table["seed"] == 1].assign(seed=2)], ignore_index=True
        ),
        "seeds 1 and 2 have the same learning curve",
    ),
    "an epoch left out": (
        "metrics",
        lambda table: table[table["epoch"] != 2],
        "seed 0: its learning curve has other epochs than its recipe records",
    ),
    "one answer more": ("correct", one_answer_more, "seed 0: its test accuracy at epoch 3 does not match the images"),
    "answers of two seeds exchanged": ("correct", exchanged, "seed 1: its test accuracy at epoch 3 does not match"),
    "a milestone without answers": (
        "correct",
        lambda table: table.iloc[1:],
        "seed 0: correct has other epochs than its milestones",
    ),
    "perturbation of two seeds exchanged": (
        "perturbation",
        exchanged,
        "seed 1: its test accuracy at epoch 3 does not match perturbation level 0",
    ),
    "runs of two seeds exchanged": ("runs", exchanged, "seed 1: its run does not follow from its recipe"),
    "another learning rate": (
        "runs",
        lambda table: retold(table, ("recipe", "experiment", "optimiser", "learning_rate"), 0.01, seal=True),
        "seed 1: its digest does not follow from its recipe",
    ),
    "another seed": (
        "runs",
        lambda table: retold(table, ("run", "seed"), 7, seal=True),
        "seed 1: its run does not follow from its recipe",
    ),
    "another date": (
        "runs",
        lambda table: retold(table, ("started",), "2020-01-01", seal=False),
        "seed 1: its own digest does not follow from its recipe",
    ),
    "a run that was never measured": (
        "activity",
        lambda table: table[table["seed"] != 1],
        "activity: seed 1 at epoch 3 is missing",
    ),
    "a row left out": ("orientation", lambda table: table.iloc[1:], "orientation: seed 0 at epoch 3 has 99 rows"),
}


@pytest.mark.slow
def test_an_honest_archive_has_no_fault(root: Path) -> None:
    assert list(archive_faults(root)) == [] and count_runs(root) == 3


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_told(root: Path, name: str) -> None:
    table, change, fault = FORGERIES[name]
    path = changed(root, table, change)
    with pytest.raises(Damaged, match=f"{path.name}: damaged"):
        list(archive_faults(root))
    (archive_folder(root) / MANIFEST).unlink()
    repair(root)
    assert any(fault in line for line in archive_faults(root)), list(archive_faults(root))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: pd.concat([table, table.iloc[:1]], ignore_index=True),
        lambda table: table.iloc[1:],
        lambda table: table.assign(seed=table["seed"] + 1),
    ],
    ids=["twice", "missing", "another"],
)
def test_the_manifest_lists_every_run_once(root: Path, change: Change) -> None:
    """Even where it lists the digest of the changed file."""
    path = changed(root, "runs", change)
    manifest = archive_folder(root) / MANIFEST
    values = read_sealed(manifest)
    entry = values["models"]["raw/relu/distance"]["files"][path.name]
    entry |= {"sha256": sha256(path.read_bytes()), "rows": len(pd.read_parquet(path))}
    manifest.write_text(sealed_text(values))
    with pytest.raises(Damaged, match=f"{path.name}: has other seeds than manifest.json lists, or one of them twice"):
        list(archive_faults(root))


def test_a_file_that_is_not_listed_is_a_fault_until_it_is_repaired(root: Path) -> None:
    [path] = archive_folder(root).rglob("activity-*.parquet")
    shutil.copy(path, path.with_name("activity-000000000000.parquet"))
    [line] = archive_faults(root)
    assert "activity-000000000000.parquet: not listed in the manifest" in line and "--repair" in line
    assert repair(root) == [] and list(archive_faults(root)) == []


def test_repair_drops_the_model_of_a_damaged_file(root: Path) -> None:
    [path] = archive_folder(root).rglob("activity-*.parquet")
    path.unlink()
    with pytest.raises(Damaged, match=f"{path.name}: cannot be read: No such file.*--repair"):
        list(archive_faults(root))
    [line] = repair(root)
    assert line.startswith("raw/relu/distance: dropped, its files are in ") and path.name in line
    assert len(list((root / "dropped").glob("raw-relu-distance-*/*.parquet"))) > 10
    assert list(archive_faults(root)) == [] and count_runs(root) == 0
    assert [path.name for path in archive_folder(root).rglob("*") if path.is_file()] == [MANIFEST]
