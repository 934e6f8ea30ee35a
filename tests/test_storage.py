"""Files that change together: a killed writer leaves the old ones, the new ones, or what is finished from there."""

import json
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import Workshop, environment, open_workshop
from distancenets.configuration.study import Run
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.files import sealed_text, sha256
from distancenets.measurements.coherence import archive_faults, count_runs
from distancenets.runs.archive import add_to_archive, archive_files, archived_table
from distancenets.runs.manifest import MANIFEST
from distancenets.training.checkpoints import read_checkpoint, write_checkpoint
from distancenets.training.paths import RUN_FILES
from distancenets.training.run_files import RunFolder
from kills import flip, killed
from run_helpers import MODEL, digests, folder

TRAIN = ("train", "--architecture", MODEL[0], "--representation", MODEL[1])
PACK = ("--seeds", "0-1")


def copied(workshop: Workshop, place: Path) -> Workshop:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(workshop.folder, place)
    return Workshop(place)


def left_over(workshop: Workshop) -> list[str]:
    """Return temporary files and what is left of checkpoints."""
    names = [path.relative_to(workshop.results).as_posix() for path in workshop.results.rglob("*")]
    return [name for name in names if name.endswith(".part") or name.startswith("checkpoints")]


@pytest.fixture
def short(tmp_path: Path, mnist: Dataset) -> Workshop:
    """Two runs of 6 epochs."""
    workshop = open_workshop(tmp_path / "short", mnist)
    assert workshop.run(*TRAIN, *PACK).returncode == 0
    return workshop


@pytest.mark.slow
def test_runs_killed_while_they_are_lengthened_go_on_forth_and_back(short: Workshop, tmp_path: Path) -> None:
    """Before every change of the runs' files, and of the checkpoint that is removed after them."""
    expected = {6: digests(short, range(2))}
    long = copied(short, tmp_path / "long")
    long.study(epochs=20)
    assert long.run(*TRAIN, *PACK).returncode == 0
    expected[20] = digests(long, range(2))
    step, begun = 0, set()
    while True:
        place = copied(short, tmp_path / "killed")
        place.study(epochs=20)
        if not killed(step, lambda path: "runs" in path.parts, partial(place.run, *TRAIN, *PACK)):
            break
        forth, back = copied(place, tmp_path / "forth"), copied(place, tmp_path / "back")
        assert forth.run(*TRAIN, *PACK).returncode == 0
        assert digests(forth, range(2)) == expected[20] and left_over(forth) == []
        documents = [folder(where, seed) / "run.json" for seed in range(2) for where in (place, forth)]
        for before, after in zip(documents[::2], documents[1::2], strict=True):
            if before.read_bytes() != after.read_bytes():
                begun.add(RunFolder(after.parent).read_provenance()["resumed_at"])
        back.study(epochs=6)
        answer = back.run(*TRAIN, *PACK, "--overwrite")
        assert answer.returncode == 0, answer.stderr
        assert digests(back, range(2)) == expected[6] and left_over(back) == []
        step += 1
    assert step >= 2 * 6 and min(begun) > 6


@pytest.mark.slow
def test_a_run_killed_while_a_checkpoint_is_written_goes_on_to_the_same_bits(short: Workshop, tmp_path: Path) -> None:
    short.study(epochs=20)
    long = copied(short, tmp_path / "long")
    assert long.run(*TRAIN, *PACK).returncode == 0
    expected = digests(long, range(2))
    for step in range(12):
        place = copied(short, tmp_path / "killed")
        assert killed(step, lambda path: "checkpoints" in path.parts, partial(place.run, *TRAIN, *PACK))
        assert place.run(*TRAIN, *PACK).returncode == 0
        assert digests(place, range(2)) == expected and left_over(place) == []


def test_what_a_pack_did_is_gone_on_from_by_fewer_of_its_seeds(workshop: Workshop) -> None:
    """As after a kill between two runs of the pack: the rest does not begin at epoch 0."""
    workshop.study(epochs=40)
    assert workshop.train("--seeds", "0-3").returncode == 0
    expected = digests(workshop, range(4))
    shutil.rmtree(workshop.results)
    assert killed(6, lambda path: "seed~1" in path.parts, lambda: workshop.train("--seeds", "0-3"))
    assert not (folder(workshop, 1) / "run.json").exists() and (folder(workshop, 0) / "run.json").exists()
    assert "seed~0" not in workshop.train("--seeds", "0-3").stderr
    begun = [RunFolder(folder(workshop, seed)).read_provenance() for seed in range(4)]
    assert [found["pack"] for found in begun] == [[0, 1, 2, 3], *[[1, 2, 3]] * 3]
    assert all(found["resumed_at"] > 20 for found in begun[1:])
    assert digests(workshop, range(4)) == expected and left_over(workshop) == []


def test_a_checkpoint_of_other_code_or_of_another_engine_is_refused(workshop: Workshop) -> None:
    workshop.study(epochs=40)
    assert killed(0, lambda path: "runs" in path.parts, lambda: workshop.train(*PACK))
    [checkpoint] = (workshop.results / "checkpoints").rglob("*.safetensors")
    header, state = read_checkpoint(checkpoint)
    for other in (header._replace(fingerprint="another"), header._replace(engine="abacus")):
        write_checkpoint(checkpoint, other, state)
        line = workshop.refused(*TRAIN, *PACK)
        assert str(checkpoint.name) in line and other.engine in line and other.fingerprint[:12] in line
        assert header.engine in line and header.fingerprint[:12] in line and "--overwrite" in line
    answer = workshop.run(*TRAIN, *PACK, "--overwrite")
    assert answer.returncode == 0 and "starts over" in answer.stderr and "--overwrite" not in answer.stderr
    assert RunFolder(folder(workshop, 0)).read_provenance()["resumed_at"] == 0 and left_over(workshop) == []


@pytest.mark.slow
def test_a_hundred_seeds_that_are_no_neighbours_fit_into_a_files_name(workshop: Workshop) -> None:
    settings = workshop.folder / "config" / "config.yaml"
    workshop.study(hidden=4, epochs=30)
    settings.write_text(settings.read_text().replace("seeds: 4", "seeds: 200"))
    seeds = ",".join(str(seed) for seed in range(0, 200, 2))
    answer = workshop.train("--seeds", seeds)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", RUN_FILES)
def test_a_damaged_run_is_named_and_trained_again(short: Workshop, name: str) -> None:
    expected = digests(short, range(2))
    path = folder(short, 1) / name
    flip(path)
    assert f"seed~1/{name}: " in short.refused("archive", "--study", "config/config.yaml")
    answer = short.train(*PACK)
    assert answer.returncode == 0 and "trained again: results/small/runs/" in answer.stderr
    assert f"seed~1/{name}: " in answer.stderr and "seed~0" not in answer.stderr
    assert digests(short, range(2)) == expected
    assert "finished already" in short.train(*PACK).stderr


@pytest.mark.parametrize("content", ["", "null", "[1]", '{"digest": "d"}', "\udcff"])
def test_a_run_document_of_anything_else_is_one_line(short: Workshop, content: str) -> None:
    path = folder(short, 1) / "run.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    only_this_model(short)
    for command in (["archive"], ["collect"], ["check-runs"], ["show-run", "relu/distance/1"]):
        line = short.refused(*command)
        assert "seed~1/run.json: " in line and "trains the run again" in line
    only_this_model(short, missing="skip")
    assert "seed~1/run.json: " in short.refused("check-runs")
    answer = short.train("--seeds", "1")
    assert answer.returncode == 0 and "seed~1/run.json: " in answer.stderr


def only_this_model(workshop: Workshop, **changes: object) -> None:
    path = workshop.folder / "config" / "config.yaml"
    study = yaml.safe_load(path.read_text()) | {"architectures": [MODEL[0]], "representations": [MODEL[1]], "seeds": 2}
    path.write_text(yaml.safe_dump(study | changes))


def generation(number: int, seeds: range) -> dict[str, pd.DataFrame]:
    """Return tables of an archive in which everything tells the generation."""
    axes = {"experiment": "raw", "architecture": MODEL[0], "representation": MODEL[1], "model": "ReLU2-Neg"}
    rows = pd.DataFrame({"seed": list(seeds)}).assign(**axes)
    made = json.dumps({"code": {"fingerprint": f"{number}"}})
    tables = {"runs": rows.assign(trajectory="t", provenance=made)}
    return tables | {name: rows.assign(generation=number) for name in ("metrics", "activity", "correct")}


def generations(root: Path) -> dict[str, list[int]]:
    """Return the generation of each seed by each table that a reader finds."""
    runs = [Run("raw", *MODEL, seed) for seed in range(3)]
    try:
        return {name: archived_table(name, runs, root)["generation"].tolist() for name in ("metrics", "activity")}
    except UserError as error:
        assert "no run has the table" in str(error)
        return {}


@pytest.mark.slow
@pytest.mark.parametrize("held", [0, 3], ids=["the first archive", "rows replaced"])
def test_an_archive_killed_while_it_is_written_is_the_old_or_the_new_one(tmp_path: Path, held: int) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    if held:
        add_to_archive(old, generation(1, range(held)))
    shutil.copytree(old, new)
    add_to_archive(new, generation(2, range(2)))
    before, after = generations(old), generations(new)
    assert before != after and after["metrics"] == [2, 2, 1][: max(held, 2)]
    step, seen = 0, []
    while True:
        place = tmp_path / "killed"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(old, place)
        if not killed(
            step, lambda path: "archive" in path.parts, partial(add_to_archive, place, generation(2, range(2)))
        ):
            break
        found = generations(place)
        assert found in (before, after), step
        seen.append(found == after)
        add_to_archive(place, generation(2, range(2)))
        assert generations(place) == after
        assert {path.name for path in archive_files(place)} == {
            path.name for path in (place / "archive").rglob("*") if path.is_file()
        }
        step += 1
    # New tables are written before the manifest is renamed; old ones are removed after it.
    assert seen == sorted(seen) and step >= 4 * 3 and sum(seen) >= (4 if held else 0)


@pytest.mark.slow
def test_two_archivers_at_once_lose_nothing(workshop: Workshop) -> None:
    assert workshop.train("--seeds", "0-3").returncode == 0
    for seed in range(4):
        shutil.move(folder(workshop, seed), workshop.folder / f"part{seed % 2}" / f"seed~{seed}")
    processes = [workshop.start("archive", f"part{part}") for part in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert list(archive_faults(workshop.results)) == [] and count_runs(workshop.results) == 4


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [2, 4])
def test_a_full_disk_leaves_the_archive_as_it_was(short: Workshop, kilobytes: int) -> None:
    """A limit on the size of files fails writes as a full disk does."""
    command = f"{shlex.quote(sys.executable)} -m distancenets archive"
    script = f"ulimit -f {kilobytes}; trap '' XFSZ; exec {command}"
    answer = subprocess.run(
        ["bash", "-c", script], cwd=short.folder, capture_output=True, text=True, env=environment(), check=False
    )
    assert answer.returncode == 1 and "cannot be written" in answer.stderr and "Traceback" not in answer.stderr
    assert count_runs(short.results) < 2 and list(archive_faults(short.results)) == []
    left = {path for path in (short.results / "archive").rglob("*") if path.is_file()}
    assert left - {short.results / "archive" / MANIFEST} == {*archive_files(short.results)[1:]}


def test_the_same_run_in_two_folders_is_refused(short: Workshop) -> None:
    shutil.copytree(folder(short, 0), short.results / "runs" / "copy")
    line = short.refused("archive")
    assert "seed~0/run.json: the same run as" in line or "copy/run.json: the same run as" in line


def test_a_run_that_counted_other_answers_is_not_archived(short: Workshop) -> None:
    """Files that fit one another: only the weights tell."""
    run, other = RunFolder(folder(short, 0)), RunFolder(folder(short, 1))
    shutil.copy(other.weights, run.weights)
    document = run.read_provenance()
    document["files"][run.weights.name] = sha256(run.weights.read_bytes())
    run.provenance.write_text(sealed_text(document))
    line = short.refused("archive")
    assert "seed~0/weights.safetensors: answers " in line and "but the run recorded" in line
