"""Rechecks: what was archived comes out again, and a forgery that agrees with itself does not."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from conftest import Workshop, open_workshop
from distancenets.configuration.study import Run
from distancenets.datasets.store import Dataset
from distancenets.files import read_sealed, sealed, sealed_text, sha256
from distancenets.measurements.coherence import archive_faults
from distancenets.runs.manifest import MANIFEST, archive_folder, table_of
from distancenets.runs.recheck import draw, first_difference
from distancenets.runs.recheck_record import read_rechecks, verdict
from distancenets.runs.repairs import repair
from distancenets.training.run_files import METRICS
from requirements import needs_compiler
from run_helpers import folder
from test_coherence import Change, changed, exchanged, one_image_more, retold

pytestmark = needs_compiler

RUNS = [Run("raw", *model, seed) for model in (("relu", "distance"), ("abs", "intensity")) for seed in range(2, 9)]
EXACT = dict.fromkeys(METRICS, (0.0, 0.0))


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Workshop:
    """Three archived runs of a model."""
    workshop = open_workshop(tmp_path_factory.mktemp("honest"), mnist)
    workshop.study(epochs=9, milestones=[4])
    assert workshop.train("--seeds", "0-2").returncode == 0
    answer = workshop.run("archive")
    assert answer.returncode == 0, answer.stderr
    shutil.rmtree(workshop.results / "runs")
    return workshop


@pytest.fixture
def archived(honest: Workshop, tmp_path: Path) -> Workshop:
    """The same in a folder of its own, to be changed at will."""
    shutil.copytree(honest.folder, tmp_path / "copy")
    return Workshop(tmp_path / "copy")


def forged(workshop: Workshop, table: str, change: Change) -> None:
    """Change a table of the archive, and write a manifest that fits."""
    changed(workshop.results, table, change)
    (archive_folder(workshop.results) / MANIFEST).unlink()
    repair(workshop.results)


def loss_times(table: pd.DataFrame, factor: float) -> pd.DataFrame:
    """Return the metrics with seed 1's loss at epoch 3 multiplied by `factor`."""
    here = (table["seed"] == 1) & (table["epoch"] == 3)
    return table.assign(train_loss=table["train_loss"].where(~here, factor * table["train_loss"]))


def rows(workshop: Workshop, *arguments: str, code: int = 0) -> pd.DataFrame:
    answer = workshop.run("recheck", "--csv", "rows.csv", *arguments)
    assert answer.returncode == code, answer.stderr + answer.stdout
    return pd.read_csv(workshop.folder / "rows.csv").set_index("seed")


@pytest.mark.slow
def test_what_was_archived_comes_out_again_to_the_bit(archived: Workshop) -> None:
    before = {path: path.read_bytes() for path in archived.results.rglob("*") if path.is_file()}
    answer = archived.run("recheck", "--runs", "3", "--epochs", "6", "--draw", "7", "--threads", "2")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("equal to the bit") == 3
    assert "3 of 3 runs came out again to the bit on " in answer.stdout and answer.stdout.endswith("(draw 7)\n")
    assert "3 of 3 archived runs, drawn with --draw 7" in answer.stderr
    assert re.findall(r"run (\d) of 3: raw/ReLU2-Neg, seed (\d)", answer.stderr) == [("1", "0"), ("2", "1"), ("3", "2")]
    assert {path: path.read_bytes() for path in archived.results.rglob("*") if path.is_file()} == before
    # Epochs 0 to 6, then all that the run has.
    assert set(rows(archived, "--epochs", "6", "--runs", "1")["epochs"]) == {7}
    assert set(rows(archived, "--epochs", "200", "--runs", "1")["epochs"]) == {10}


def test_an_accuracy_that_is_one_image_off_is_found(archived: Workshop) -> None:
    """Between milestones nothing within the archive contradicts it."""
    forged(archived, "metrics", lambda table: one_image_more(table, 3))
    assert list(archive_faults(archived.results)) == []
    found = rows(archived, "--runs", "3", code=1)
    assert found["equal"].to_dict() == {0: True, 1: False, 2: True} and set(found["standard"]) == {"bit"}
    assert (found.at[1, "epoch"], found.at[1, "column"]) == (3, "test_accuracy")
    assert (found["archived"] - found["found"])[1] == pytest.approx(100 / 300)
    line = archived.refused("recheck", "--runs", "3", "--draw", "5")
    assert "1 of 3 runs differ from the archive (draw 5); raw/relu/distance/1: test accuracy at epoch 3" in line
    # What is not trained again is not checked.
    assert rows(archived, "--runs", "3", "--epochs", "2")["equal"].all()


def test_a_loss_that_is_one_bit_off_is_found(archived: Workshop) -> None:
    def nudged(table: pd.DataFrame) -> pd.DataFrame:
        wanted = (table["seed"] == 2) & (table["epoch"] == 5)
        return table.assign(train_loss=table["train_loss"].where(~wanted, table["train_loss"] * (1 + 2**-52)))

    forged(archived, "metrics", nudged)
    found = rows(archived, "--runs", "3", code=1)
    assert (found.at[2, "epoch"], found.at[2, "column"]) == (5, "train_loss")
    assert not found.at[2, "equal"] and found.loc[[0, 1], "equal"].all()


def test_a_seed_in_place_of_another_is_found(archived: Workshop) -> None:
    """Even where every table and every provenance was rewritten to fit."""

    def disguised(table: pd.DataFrame) -> pd.DataFrame:
        table = exchanged(table)
        for place, (seed, text) in enumerate(zip(table["seed"], table["provenance"], strict=True)):
            made, told = json.loads(text), json.loads(table.loc[table["seed"] == seed, "provenance"].item())
            made |= {"run": told["run"] | {"seed": seed}, "digest": digests[seed]}
            table.loc[place, "provenance"] = json.dumps(sealed(made))
        return table

    [path] = archive_folder(archived.results).rglob("runs-*.parquet")
    kept = pd.read_parquet(path)
    digests = {seed: json.loads(text)["digest"] for seed, text in zip(kept["seed"], kept["provenance"], strict=True)}
    for table in {table_of(each.name) for each in archive_folder(archived.results).rglob("*.parquet")} - {"runs"}:
        changed(archived.results, table, exchanged)
    forged(archived, "runs", disguised)
    assert list(archive_faults(archived.results)) == []
    found = rows(archived, "--runs", "3", code=1)
    assert found["equal"].to_dict() == {0: True, 1: False, 2: False}
    assert (found.at[1, "epoch"], found.at[2, "epoch"]) == (0, 0)


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [(("engine", "name"), "split", "engine split"), (("code", "fingerprint"), "0" * 64, "other code")],
)
def test_runs_of_other_bits_are_compared_within_a_tolerance(
    archived: Workshop, keys: tuple[str, ...], value: str, reason: str
) -> None:
    forged(archived, "runs", lambda table: retold(table, keys, value, seal=True))
    found = rows(archived, "--runs", "3")
    assert found["standard"].to_dict() == {0: "bit", 1: "tolerance", 2: "bit"}
    assert (found.at[1, "reason"], found.at[1, "epochs"], found.at[0, "epochs"]) == (reason, 6, 10)
    answer = archived.run("recheck", "--runs", "3").stdout
    assert "2 of 3 runs came out again to the bit and 1 within the tolerance of another engine or code on " in answer
    assert answer.count("equal to the bit") == 2
    forged(archived, "metrics", lambda table: loss_times(table, 1.001))
    assert rows(archived, "--runs", "3").at[1, "equal"]
    forged(archived, "metrics", lambda table: loss_times(table, 1.01))
    assert rows(archived, "--runs", "3", code=1).at[1, "column"] == "train_loss"
    forged(archived, "metrics", lambda table: loss_times(table, 1 / 1.001 / 1.01))
    forged(archived, "metrics", lambda table: one_image_more(one_image_more(table, 3), 3))
    assert rows(archived, "--runs", "3", code=1).at[1, "column"] == "test_accuracy"


def test_runs_of_former_code_with_another_start_cannot_be_compared(archived: Workshop) -> None:
    """They are told by the untrained model; the same start and other numbers is a difference."""
    forged(archived, "metrics", exchanged)
    assert list(rows(archived, "--runs", "3", code=1)["equal"]) == [True, False, False]
    forged(archived, "runs", lambda table: retold(table, ("code", "fingerprint"), "0" * 64, seal=True))
    found = rows(archived, "--runs", "3", code=1)
    assert found["standard"].to_dict() == {0: "bit", 1: "none", 2: "bit"} and found["equal"].isna().to_list() == [
        False,
        True,
        False,
    ]
    assert found.at[1, "reason"] == "made by former code, another start" and found.at[1, "epochs"] == 0
    # Seed 2 is still a forgery; without it, the command succeeds and says what it could not compare.
    forged(archived, "runs", lambda table: table[table["seed"] < 2])
    for name in {table_of(each.name) for each in archive_folder(archived.results).rglob("*.parquet")} - {"runs"}:
        forged(archived, name, lambda table: table[table["seed"] < 2])
    answer = archived.run("recheck", "--runs", "2", "--draw", "7", "--csv", "rows.csv")
    assert answer.returncode == 0, answer.stderr
    assert "not comparable (made by former" in answer.stdout
    sentence = answer.stdout.splitlines()[-1]
    assert sentence.startswith(
        "1 of 2 runs came out again to the bit and 1 cannot be compared (made by former code, another start) on "
    )
    assert verdict(read_rechecks(archived.folder / "rows.csv")) == sentence


def test_without_a_compiler_runs_are_compared_within_a_tolerance(
    archived: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distancenets.runs.recheck.cpu_engine", lambda _: "dense")
    found = rows(archived, "--runs", "3")
    assert set(found["reason"]) == {"no compiler here"} and set(found["standard"]) == {"tolerance"}


def test_the_draw_takes_each_models_lowest_seed_and_another() -> None:
    drawn = draw(RUNS, 7)
    assert drawn == draw(RUNS, 7) and drawn == sorted(drawn, key=RUNS.index)
    for model in {run[:3] for run in RUNS}:
        seeds = [run.seed for run in drawn if run[:3] == model]
        assert len(seeds) == 2 and seeds[0] == 2
    assert {run.seed for seed in range(60) for run in draw(RUNS, seed)} == set(range(2, 9))
    assert draw(RUNS[:1], 7) == RUNS[:1]
    assert len(draw(RUNS, 7, 5)) == 5 and draw(RUNS, 7, 100) == RUNS
    assert len({tuple(draw(RUNS, seed, 5)) for seed in range(20)}) > 10


def test_the_first_difference_is_the_earliest_and_a_nan_is_one() -> None:
    archived = pd.DataFrame({"epoch": [0, 1, 2], **{name: [1.0, 2.0, 3.0] for name in METRICS}})
    assert first_difference(archived, archived, EXACT) is None
    found = archived.assign(test_accuracy=[1.0, 2.0, 9.0], train_accuracy=[1.0, 2.5, 3.0])
    difference = first_difference(archived, found, EXACT)
    assert difference is not None and str(difference) == "train accuracy at epoch 1 differs by +0.5"
    assert (
        first_difference(archived, found, EXACT | {"train_accuracy": (0.0, 0.6), "test_accuracy": (2.0, 0.0)}) is None
    )
    lost = archived.assign(train_loss=[1.0, float("nan"), 3.0])
    assert first_difference(lost, archived, EXACT) is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiment", "nope"], "study 'small' has no experiment 'nope' (it has: raw)"),
        (
            ["--study-dir", "elsewhere"],
            "elsewhere/archive: contains no run of study 'small'; `distancenets archive` adds",
        ),
    ],
)
def test_what_cannot_be_rechecked_is_one_line(archived: Workshop, arguments: list[str], message: str) -> None:
    assert message in archived.refused("recheck", *arguments)


def test_a_run_without_metrics_is_named(archived: Workshop) -> None:
    forged(archived, "metrics", lambda table: table[table["seed"] != 1])
    assert "raw/relu/distance/1: the archive has no metrics of it" in archived.refused("recheck", "--runs", "3")


def test_an_archived_run_is_shown_without_its_files(archived: Workshop) -> None:
    said = archived.run("show-run", "raw/relu/distance/1").stdout
    assert "ReLU2-Neg, seed 1: raw" in said and said.count("(not on disk: the run is archived)") == 3
    assert archived.train("--seeds", "1").returncode == 0
    trained = archived.run("show-run", "raw/relu/distance/1").stdout
    sheet = re.compile(r" +epoch .*?(?=results/)", re.DOTALL)
    assert sheet.findall(said) == sheet.findall(trained) != []
    assert re.findall("SHA-256 .*", said) == re.findall("SHA-256 .*", trained) != []
    assert "no such run; it has not been trained" in archived.refused("show-run", "raw/relu/distance/3")


def test_show_names_the_command_that_gives_the_same_bits(archived: Workshop) -> None:
    assert archived.train("--seeds", "1-2", "--epochs", "5").returncode == 0
    first = folder(archived, 1)
    said = archived.run("show-run", "raw/relu/distance/1").stdout
    [command] = re.findall(r"^again: distancenets (.*)$", said, re.MULTILINE)
    answer = archived.run(*command.split())
    assert answer.returncode == 0, answer.stderr
    weights = (archived.folder / "again" / first.relative_to(archived.results) / "weights.safetensors").read_bytes()
    assert sha256(weights) in "".join(said.split())
    archived.study(epochs=9, hidden=8)
    unknown = "again: config/config.yaml has no such run; name its study with --study"
    assert unknown in archived.run("show-run", str(first)).stdout
    file = first / "run.json"
    file.write_text(sealed_text(read_sealed(file) | {"engine": {"name": "dense"}}))
    assert "not promised (engine dense)" in archived.run("show-run", str(first)).stdout
