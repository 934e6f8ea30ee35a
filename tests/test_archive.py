"""The archive: runs without their weights, taken as those on disk are."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import Workshop, open_workshop
from distancenets.configuration.study import Run, load_study, seed_ranges
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.files import read_sealed, sealed_text
from distancenets.measurements.registry import MEASUREMENTS
from distancenets.runs.archive import archive_files, entries
from distancenets.runs.inventory import available_subset, sources
from distancenets.runs.manifest import table_of
from distancenets.runs.staleness import mark_stale
from distancenets.training.paths import run_path

DISTANCE, INTENSITY = Run("raw", "relu", "distance", 0), Run("raw", "relu", "intensity", 0)
LONG = {"epochs": 6, "milestones": [3]}


def configure(workshop: Workshop, missing: str = "train", seeds: int = 1, **experiment: object) -> None:
    """Write a study of two models and `seeds`, whose Figure 1 is of a node of the first."""
    workshop.study(**(LONG | experiment))
    path = workshop.folder / "config" / "config.yaml"
    study = yaml.safe_load(path.read_text()) | {"seeds": seeds, "missing": missing, "architectures": ["relu"]}
    study |= {"representations": ["intensity", "distance"]}
    study["report"]["figure1"] |= {"representation": "distance"}
    path.write_text(yaml.safe_dump(study))


def done(workshop: Workshop, *arguments: str) -> str:
    answer = workshop.run(*arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def train(workshop: Workshop, representation: str, *arguments: str) -> None:
    answer = workshop.train(*arguments, model=("relu", representation))
    assert answer.returncode == 0, answer.stderr


def derived(workshop: Workshop) -> dict[str, pd.DataFrame]:
    """Return every table that is read off the runs."""
    done(workshop, "collect")
    for name in ("figure1", "networks"):
        done(workshop, "measure", name)
    tables = [workshop.results / "runs.csv", *sorted((workshop.results / "measurements").glob("*.csv"))]
    return {path.name: pd.read_csv(path) for path in tables}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Workshop:
    """Both models trained and archived, and the runs moved away."""
    workshop = open_workshop(tmp_path_factory.mktemp("archived"), mnist)
    configure(workshop)
    for representation in ("intensity", "distance"):
        train(workshop, representation)
    done(workshop, "archive")
    shutil.move(workshop.results / "runs", workshop.folder / "moved")
    return workshop


@pytest.fixture
def archived(kept: Workshop, tmp_path: Path) -> Workshop:
    """The same in a folder of its own, to be changed at will."""
    shutil.copytree(kept.folder, tmp_path / "copy")
    return Workshop(tmp_path / "copy")


def held(workshop: Workshop) -> tuple[set[Run], set[Run]]:
    """Return which runs the archive serves, and which must lie on disk."""
    study = load_study(workshop.folder / "config" / "config.yaml")
    places = (workshop.results, workshop.folder / "config" / "datasets.yaml")
    fresh, archived = sources(study, *places)
    return set(archived), set(fresh)


@pytest.mark.slow
def test_what_is_archived_gives_the_same_tables(archived: Workshop) -> None:
    found = derived(archived)
    assert held(archived) == ({DISTANCE, INTENSITY}, set())
    shutil.move(archived.folder / "moved", archived.results / "runs")
    shutil.move(archived.results / "archive", archived.folder / "archive")
    expected = derived(archived)
    assert set(found) == set(expected) and len(found) > 8
    for name, table in expected.items():
        tolerance = 2.0**-12 if name == "projections.csv" else 1e-5
        pd.testing.assert_frame_equal(found[name], table, rtol=tolerance, obj=name)
    accuracies = ["train_accuracy", "test_accuracy"]
    pd.testing.assert_frame_equal(found["runs.csv"][accuracies], expected["runs.csv"][accuracies], check_exact=True)


@pytest.mark.slow
def test_a_study_kept_by_run_has_no_rows_of_nodes(workshop: Workshop) -> None:
    configure(workshop)
    path = workshop.folder / "config" / "config.yaml"
    path.write_text(f"measurements: by_run\n{path.read_text()}")
    for representation in ("intensity", "distance"):
        train(workshop, representation)
    done(workshop, "archive")
    of_nodes = {Path(file).stem for entry in MEASUREMENTS.values() for file in entry.of_nodes}
    by_run = {Path(file).stem for entry in MEASUREMENTS.values() for file in entry.files} - of_nodes
    tables = {table_of(path.name) for path in archive_files(workshop.results)}
    assert of_nodes & tables == set() and by_run <= tables and "projections_by_class" in of_nodes
    fresh = derived(workshop)
    shutil.move(workshop.results / "runs", workshop.folder / "moved")
    pd.testing.assert_frame_equal(fresh["orientation_by_run.csv"], derived(workshop)["orientation_by_run.csv"])
    assert {f"{name}.csv" for name in by_run | {"figure1"}} == set(fresh) - {"runs.csv"}
    said = workshop.refused("figure", "measurements", "--experiment", "raw")
    assert "measurements: by_run keeps no rows of nodes for the figures; set by_node" in said


def test_archived_and_fresh_runs_stand_in_one_table(archived: Workshop) -> None:
    configure(archived, seeds=2)
    assert held(archived)[1] == {DISTANCE._replace(seed=1), INTENSITY._replace(seed=1)}
    for representation in ("intensity", "distance"):
        train(archived, representation, "--seeds", "1")
    table = derived(archived)["activity.csv"].drop_duplicates(["representation", "epoch", "seed"])
    rows = [(representation, epoch) for representation in ("intensity", "distance") for epoch in (3, 6)]
    assert list(table[["representation", "epoch"]].itertuples(index=False, name=None)) == [
        row for row in rows for _ in range(2)
    ]
    assert table["seed"].tolist() == [0, 1] * 4


def test_a_shorter_run_counts_as_far_as_it_went(workshop: Workshop) -> None:
    configure(workshop)
    train(workshop, "distance", "--epochs", "3")
    assert "raw/relu/distance/0: archived at 3 epochs" in done(workshop, "archive")
    assert held(workshop) == (set(), {DISTANCE, INTENSITY})
    configure(workshop, missing="skip")
    assert held(workshop) == ({DISTANCE}, set())
    study = load_study(workshop.folder / "config" / "config.yaml")
    part = available_subset(study, workshop.results, workshop.folder / "config" / "datasets.yaml")
    assert part.experiments["raw"].kept_epochs == (3,) and part.seeds == 1
    assert [model.paper_name for model in part.models("raw")] == ["ReLU2-Neg"]
    assert part.title == "A small study: 1 of 2 runs so far"
    done(workshop, "collect")
    assert pd.read_csv(workshop.results / "runs.csv")[["model", "epoch"]].to_numpy().tolist() == [["ReLU2-Neg", 3]]


def test_runs_on_disk_count_as_far_as_they_went_where_missing_ones_are_skipped(archived: Workshop) -> None:
    """Seed 0 is archived; seeds 1 and 2 are on disk, one of them shorter."""
    configure(archived, seeds=4)
    train(archived, "distance", "--seeds", "1")
    train(archived, "distance", "--seeds", "2", "--epochs", "3")
    configure(archived, missing="skip", seeds=4)
    path, datasets = (archived.folder / "config" / name for name in ("config.yaml", "datasets.yaml"))
    part = available_subset(load_study(path), archived.results, datasets)
    fresh = sources(part, archived.results, datasets).fresh
    assert {run.seed: recipe.experiment.epochs for run, recipe in fresh.items()} == {1: 6, 2: 3} and part.seeds == 3
    tables = derived(archived)
    for name in ("runs.csv", "activity.csv"):
        rows = tables[name][tables[name]["representation"] == "distance"]
        epochs = rows.groupby("seed")["epoch"].unique()
        assert [list(epochs[seed]) for seed in range(3)] == [[3, 6], [3, 6], [3]]
    # One that is planned to be longer is made anew, as is what follows from it.
    shorter = archived.results / run_path(DISTANCE._replace(seed=2)) / "run.json"
    mark_stale(part, archived.results, datasets)
    assert shorter.stat().st_mtime > 1
    planned = {DISTANCE._replace(seed=2): 6}
    assert sources(part, archived.results, datasets, planned).fresh[DISTANCE._replace(seed=2)].experiment.epochs == 6
    mark_stale(part, archived.results, datasets, planned)
    assert shorter.stat().st_mtime == 1


def test_a_longer_run_takes_the_place_of_a_shorter_one(workshop: Workshop) -> None:
    configure(workshop)
    train(workshop, "distance", "--epochs", "3")
    done(workshop, "archive")
    train(workshop, "distance", "--overwrite")
    assert "archived at 3, 6 epochs" in done(workshop, "archive")
    assert "archived already" in done(workshop, "archive")
    study = load_study(workshop.folder / "config" / "config.yaml")
    [(run, entry)] = entries(study, workshop.results, workshop.folder / "config" / "datasets.yaml").items()
    assert run == DISTANCE and entry.milestones == (3, 6)
    assert entry.provenance["recipe"]["experiment"]["epochs"] == 6


def test_a_run_of_other_code_is_replaced_once_there_is_as_much(workshop: Workshop) -> None:
    configure(workshop)
    train(workshop, "distance")
    file = workshop.results / run_path(DISTANCE) / "run.json"
    made = read_sealed(file)
    file.write_text(sealed_text(made | {"code": made["code"] | {"fingerprint": "0" * 64}}))
    done(workshop, "archive")
    shutil.rmtree(workshop.results / "runs")
    train(workshop, "distance", "--epochs", "3")
    assert "archived already" in done(workshop, "archive")
    train(workshop, "distance")
    assert "archived at 3, 6 epochs" in done(workshop, "archive")
    [entry] = entries(
        load_study(workshop.folder / "config" / "config.yaml"),
        workshop.results,
        workshop.folder / "config" / "datasets.yaml",
    ).values()
    assert entry.provenance["code"]["fingerprint"] == made["code"]["fingerprint"]
    assert "archived already" in done(workshop, "archive")


def test_a_run_of_another_trajectory_is_none_of_the_study(archived: Workshop) -> None:
    configure(archived, learning_rate=0.01)
    assert held(archived) == (set(), {DISTANCE, INTENSITY})
    line = archived.refused("archive", str(archived.folder / "moved"))
    assert line.endswith("moved: contains no finished run of study 'small'")


def test_no_run_at_all_is_refused(archived: Workshop) -> None:
    configure(archived, missing="skip", learning_rate=0.01)
    study = load_study(archived.folder / "config" / "config.yaml")
    with pytest.raises(UserError, match="no run of study 'small' is archived or finished"):
        available_subset(study, archived.results, archived.folder / "config" / "datasets.yaml")


def test_a_damaged_archive_is_named(archived: Workshop) -> None:
    [path] = (archived.results / "archive" / "raw" / "relu" / "distance").glob("metrics-*.parquet")
    path.write_bytes(path.read_bytes()[:50])
    line = archived.refused("collect")
    assert f"results/small/archive/raw/relu/distance/{path.name}: damaged" in line and "--repair" in line


def test_another_node_than_the_archived_one_is_refused(archived: Workshop) -> None:
    path = archived.folder / "config" / "config.yaml"
    path.write_text(path.read_text().replace("node: 3", "node: 4"))
    assert "node 4 at epoch 6 is not in the archive" in archived.refused("measure", "figure1")


def test_an_archive_is_small_and_holds_no_weights(archived: Workshop) -> None:
    names = {table_of(path.name) for path in archive_files(archived.results)}
    tables = {Path(file).stem for entry in MEASUREMENTS.values() for file in entry.files}
    assert names == {"manifest", "runs", "metrics", "figure1", "correct"} | tables
    assert not list((archived.results / "archive").rglob("*.safetensors"))


@pytest.mark.parametrize(("seeds", "text"), [([0], "0"), ([0, 1, 2], "0-2"), ([1, 2, 4, 6, 7], "1-2,4,6-7")])
def test_seeds_are_written_as_they_are_read(seeds: list[int], text: str) -> None:
    assert seed_ranges(seeds) == text
