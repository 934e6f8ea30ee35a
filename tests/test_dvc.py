"""DVC beside Snakemake, with the real tools, in temporary repositories with a study of six short runs.

The tools are started as a user starts them. What takes long is done once: `first` is a repository after `dvc repro`,
pushed to a remote; `second` goes on from it with a changed experiment. The tests work on clones and copies of these.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import REPOSITORY, SPLITS
from dataset_files import digests_of, write_idx
from distancenets.configuration.datasets import datasets
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.store import Dataset
from repository import RAW, STUDY, Repository, Trainings

pytestmark = [pytest.mark.slow, pytest.mark.dvc, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Repository:
    """A clone of the working tree with a small study in it: nothing is fetched, nothing is trained."""
    place = tmp_path_factory.mktemp("dvc")
    repository = Repository(place / "origin")
    listed = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, text=True
    )
    for name in listed.splitlines():
        if (REPOSITORY / name).exists() and name != "dvc.lock" and not name.startswith(("tests/", "results/")):
            (repository.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, repository.folder / name)
    arrays = Arrays(*(getattr(mnist, split)[: 900 if "train" in split else 300].numpy() for split in SPLITS))
    source = {
        "title": "tiny",
        "class_names": list("0123456789"),
        "pixel_mean": 0.1307,
        "pixel_sd": 0.3081,
        "sha256": digests_of(arrays),
        "sources": [{"kind": "folder", "path": str(write_idx(place / "idx", arrays, 28))}],
    }
    (repository.folder / "config" / "datasets.yaml").write_text(yaml.safe_dump({"tiny": source}))
    choice = {"study": "small", "configfile": "config/config.yaml", "datasets": ["tiny"]}
    (repository.folder / "params.yaml").write_text(yaml.safe_dump(choice))
    repository.configure()
    repository.run("git", "init", "--quiet")
    repository.commit("The code")
    return repository.with_remote(place / "store")


@pytest.fixture(scope="module")
def first(fresh: Repository) -> Repository:
    """The repository after `dvc repro`, committed and pushed."""
    fresh.run("dvc", "repro")
    fresh.commit("The results")
    fresh.run("dvc", "push")
    return fresh


@pytest.fixture(scope="module")
def second(first: Repository) -> tuple[Repository, Trainings]:
    """A copy that goes on with more epochs of one experiment, by Snakemake alone; and its runs before that."""
    repository = first.copy(first.folder.parent / "second")
    before = repository.trainings()
    repository.configure(experiments=STUDY["experiments"] | {"slow": STUDY["experiments"]["slow"] | {"epochs": 5}})
    repository.run("snakemake")
    return repository, before


def test_repro_in_a_fresh_clone_does_everything_and_again_nothing(first: Repository) -> None:
    assert len(first.trainings()) == 6
    for name in (
        "summary.md",
        "metrics.json",
        "verdicts.json",
        "tables/table2.csv",
        "figures/figure1.png",
        "curves/slow/relu_distance.csv",
    ):
        assert (first.results / name).stat().st_size > 0
    tracked = first.run("git", "ls-files", "results").split()
    assert "results/small/tables/table2.csv" in tracked and "results/small/summary.md" in tracked
    assert not [name for name in tracked if "/runs/" in name]
    before = first.trainings()
    assert "Data and pipelines are up to date" in first.run("dvc", "repro")
    assert first.trainings() == before
    assert first.run("git", "status", "--porcelain") == ""


def test_what_was_pulled_is_not_trained_again(first: Repository, tmp_path: Path) -> None:
    clone = first.clone(tmp_path / "clone")
    assert clone.trainings() == {}
    clone.run("dvc", "pull")
    pulled = clone.trainings()
    assert [text for _, text in pulled.values()] == [text for _, text in first.trainings().values()]
    assert "Nothing to be done" in clone.run("snakemake", "--cores", "2")
    assert clone.trainings() == pulled
    assert "Data and pipelines are up to date" in clone.run("dvc", "repro")
    # Without Snakemake's records the same would be trained again: it is they that this rests on.
    shutil.rmtree(clone.folder / ".snakemake")
    for path in (clone.folder / "workflow" / "distancenets" / "training").glob("*.py"):
        path.touch()
    assert "train_model" in clone.run("snakemake", "--dry-run")


def test_more_epochs_of_one_experiment_train_that_one_only(second: tuple[Repository, Trainings]) -> None:
    repository, before = second
    after = repository.trainings()
    assert set(after) == set(before)
    assert {path for path in after if after[path] != before[path]} == {path for path in after if "~slow" in path}
    assert '"epochs": 5' in next(text for path, (_, text) in after.items() if "~slow" in path)


def test_what_snakemake_did_alone_is_taken_over_compared_and_undone(
    second: tuple[Repository, Trainings], tmp_path: Path
) -> None:
    repository = second[0].copy(tmp_path / "copy")
    done = repository.trainings()
    assert "results/small/runs" in repository.run("dvc", "status")
    repository.run("dvc", "commit", "--force")
    assert "Data and pipelines are up to date" in repository.run("dvc", "repro")
    assert repository.trainings() == done
    changes = json.loads(repository.run("dvc", "params", "diff", "--json"))
    assert changes["config/config.yaml"]["experiments.slow.epochs"] == {"old": 3, "new": 5, "diff": 2}
    metrics = json.loads(repository.run("dvc", "metrics", "diff", "--json"))["results/small/metrics.json"]
    assert metrics and all(name.startswith("slow.") for name in metrics)
    plots = json.loads(repository.attempt("dvc", "plots", "diff", "--json", "HEAD").stdout)
    assert not plots.get("errors")
    [curve] = plots["data"]["results/small/curves/slow/relu_distance.csv"]
    assert set(curve["revisions"]) == {"HEAD", "workspace"} and len(curve["content"]["data"]["values"]) == 4 + 6
    repository.commit("More epochs")
    repository.run("git", "checkout", "--quiet", "HEAD~1")
    repository.run("dvc", "checkout")
    restored = repository.trainings()
    assert [text for _, text in restored.values()] == [text for _, text in second[1].values()]
    assert "Nothing to be done" in repository.run("snakemake")
    assert repository.trainings() == restored


def test_a_figure_s_code_redraws_without_training(first: Repository, tmp_path: Path) -> None:
    repository = first.copy(tmp_path / "copy")
    before = repository.trainings()
    curves = repository.folder / "workflow" / "distancenets" / "figures" / "learning_curves.py"
    curves.write_text(curves.read_text().replace('set_xlabel("epochs")', 'set_xlabel("steps")'))
    said = repository.run("dvc", "repro")
    assert "Stage 'study' didn't change, skipping" in said and "draw_learning_curves" in said
    assert "train_model" not in said and "collect_runs" not in said
    assert repository.trainings() == before
    picture = "results/small/figures/learning_curves_raw.svg"
    assert picture in repository.run("git", "diff", "--name-only")


def test_a_raised_seed_count_adds_runs_and_keeps_the_others(first: Repository, tmp_path: Path) -> None:
    repository = first.copy(tmp_path / "copy")
    before = repository.trainings()
    repository.configure(seeds=3)
    repository.run("dvc", "repro", "study")
    after = repository.trainings()
    # Snakemake sets the times of all seeds of a job anew; the provenance holds the time that a training took.
    assert [after[path][1] for path in before] == [text for _, text in before.values()]
    assert {path.split("/")[-1] for path in set(after) - set(before)} == {"seed~2"} and len(after) == 9


def test_an_experiment_with_another_learning_rate(first: Repository, tmp_path: Path) -> None:
    repository = first.copy(tmp_path / "copy")
    before = repository.trainings()
    rate = "config/config.yaml:experiments.slow.learning_rate=0.002"
    more = "config/config.yaml:+experiments.brief={dataset: tiny, epochs: 1, hidden: 16, representations: [distance]}"
    repository.run("dvc", "exp", "run", "--name", "faster", "--set-param", rate, "--set-param", more, "study")
    after = repository.trainings()
    assert {path: after[path] for path in before if "~raw" in path} == {
        path: before[path] for path in before if "~raw" in path
    }
    assert all('"learning_rate": 0.002' in text for path, (_, text) in after.items() if "~slow" in path)
    assert len([path for path in after if "~brief" in path]) == 2
    assert "faster" in repository.run("dvc", "exp", "list", "--name-only")


def test_old_runs_are_not_recorded_under_new_parameters(first: Repository, tmp_path: Path) -> None:
    """Without its records, Snakemake alone sees no changed parameter, and DVC would record the old runs as new ones."""
    repository = first.copy(tmp_path / "copy")
    before = repository.trainings()
    shutil.rmtree(repository.folder / ".snakemake" / "metadata")
    repository.configure(experiments=STUDY["experiments"] | {"raw": RAW | {"learning_rate": 0.5}})
    repository.run("dvc", "repro", "study")
    after = repository.trainings()
    assert all(('"learning_rate": 0.5' in text) == ("~raw" in path) for path, (_, text) in after.items())
    assert [after[path][1] for path in before if "~raw" not in path] == [
        text for path, (_, text) in before.items() if "~raw" not in path
    ]


def test_repro_finds_the_environment_of_make(first: Repository, tmp_path: Path) -> None:
    repository = first.copy(tmp_path / "copy")
    (repository.folder / ".venv").symlink_to(sys.prefix)
    shutil.rmtree(repository.folder / "data")
    surroundings = repository.environment | {"PATH": "/usr/bin:/bin"}
    command = [".venv/bin/dvc", "repro", "--force", "data@tiny"]
    subprocess.run(command, cwd=repository.folder, env=surroundings, check=True, capture_output=True)
    assert (repository.folder / "data" / "tiny" / "manifest.json").exists()


def test_results_written_in_place_leave_the_cache_alone(first: Repository, tmp_path: Path) -> None:
    repository = first.copy(tmp_path / "copy")
    shutil.rmtree(repository.results / "runs")
    repository.run("dvc", "checkout")
    [weights, *_] = sorted(repository.results.rglob("weights.safetensors"))
    assert not weights.is_symlink() and weights.stat().st_nlink == 1
    content = weights.read_bytes()
    with weights.open("r+b") as file:
        file.write(b"overwritten in place")
    assert "files are what dvc.lock says" in repository.run("distancenets", "check-dvc-cache")
    repository.run("dvc", "checkout", "--force")
    assert weights.read_bytes() == content


@pytest.mark.parametrize("name", ["data/tiny/images.safetensors", "runs"])
def test_a_damaged_cache_file_is_named(first: Repository, tmp_path: Path, name: str) -> None:
    repository = first.copy(tmp_path / "copy")
    cache = repository.folder / ".dvc" / "cache" / "files" / "md5"
    [md5] = [
        output["md5"]
        for stage in repository.lock().values()
        for output in stage["outs"]  # type: ignore[attr-defined]
        if output["path"].endswith(name)
    ]
    if md5.endswith(".dir"):
        entry = json.loads((cache / md5[:2] / md5[2:]).read_text())[0]
        name, md5 = entry["relpath"], entry["md5"]
    file = cache / md5[:2] / md5[2:]
    assert "files are what dvc.lock says" in repository.run("distancenets", "check-dvc-cache")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    file.chmod(0o444)
    line = repository.refused("distancenets", "check-dvc-cache")
    assert f"{name}: damaged in DVC's cache" in line and md5[2:] in line and "Traceback" not in line


def test_damaged_data_is_not_trained_on(first: Repository, tmp_path: Path) -> None:
    repository = first.copy(tmp_path / "copy")
    images = repository.folder / "data" / "tiny" / "images.safetensors"
    images.write_bytes(images.read_bytes()[:-1] + b"?")
    model = ("--architecture", "abs", "--representation", "distance")
    assert "data/tiny/images.safetensors: " in repository.refused("distancenets", "train", *model)


def test_the_lock_pins_the_data_that_the_settings_pin(mnist: Dataset) -> None:
    stages = yaml.safe_load((REPOSITORY / "dvc.lock").read_text())["stages"]
    known = datasets(REPOSITORY / "config" / "datasets.yaml")
    choice = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    assert [f"data@{name}" for name in choice["datasets"]] == [name for name in stages if name.startswith("data@")]
    for name in choice["datasets"]:
        stage = stages[f"data@{name}"]
        assert stage["params"]["config/datasets.yaml"][name]["sha256"] == known[name].sha256.model_dump()
        for output in stage["outs"]:
            assert output["path"].startswith(f"data/{name}/")
            content = (REPOSITORY / output["path"]).read_bytes()
            assert hashlib.md5(content).hexdigest() == output["md5"], output["path"]


def test_the_chosen_study_is_the_one_that_its_file_names() -> None:
    choice = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    study = yaml.safe_load((REPOSITORY / choice["configfile"]).read_text())
    assert choice["study"] == study["study"]
    used = {experiment.get("dataset", "mnist") for experiment in study["experiments"].values()}
    assert used == set(choice["datasets"])


def test_what_is_shipped_reports_nothing_and_points_nowhere() -> None:
    text = (REPOSITORY / ".dvc" / "config").read_text()
    assert "analytics = false" in text and 'type = "reflink,copy"' in text
    assert "remote" not in text and "://" not in text and "key" not in text
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    stages["data"] = stages["data"]["do"]
    for stage in stages.values():
        for output in (*stage["outs"], *stage.get("metrics", ()), *stage.get("plots", ())):
            [(path, options)] = output.items()
            assert options["persist"] is True, path
    assert ".snakemake/metadata" in {path for output in stages["results"]["outs"] for path in output}
