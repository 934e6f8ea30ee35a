"""Files that change together: a killed writer leaves the old ones, the new ones, or what is finished from there."""

import shutil
from pathlib import Path

import pytest
import yaml

from conftest import Workshop, open_workshop
from distancenets.datasets.store import Dataset
from distancenets.training.checkpoints import read_checkpoint, write_checkpoint
from distancenets.training.paths import RUN_FILES
from distancenets.training.runs import RunFolder
from kills import killed
from runs import MODEL, digests, folder

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
        if not killed(place, step, lambda path: "runs" in path.parts, *TRAIN, *PACK):
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


def test_what_a_pack_did_is_gone_on_from_by_fewer_of_its_seeds(workshop: Workshop) -> None:
    """As after a kill between two runs of the pack: the rest does not begin at epoch 0."""
    workshop.study(epochs=40)
    assert workshop.train("--seeds", "0-3").returncode == 0
    expected = digests(workshop, range(4))
    shutil.rmtree(workshop.results)
    assert killed(workshop, 6, lambda path: "seed~1" in path.parts, *TRAIN, "--seeds", "0-3")
    assert not (folder(workshop, 1) / "run.json").exists() and (folder(workshop, 0) / "run.json").exists()
    assert "seed~0" not in workshop.train("--seeds", "0-3").stderr
    begun = [RunFolder(folder(workshop, seed)).read_provenance() for seed in range(4)]
    assert [found["pack"] for found in begun] == [[0, 1, 2, 3], *[[1, 2, 3]] * 3]
    assert all(found["resumed_at"] > 20 for found in begun[1:])
    assert digests(workshop, range(4)) == expected and left_over(workshop) == []


def test_a_checkpoint_of_other_code_or_of_another_engine_is_refused(workshop: Workshop) -> None:
    workshop.study(epochs=40)
    assert killed(workshop, 0, lambda path: "runs" in path.parts, *TRAIN, *PACK)
    [checkpoint] = (workshop.results / "checkpoints").rglob("*.safetensors")
    header, state = read_checkpoint(checkpoint)
    for other in (header._replace(fingerprint="another"), header._replace(engine="abacus")):
        write_checkpoint(checkpoint, other, state)
        line = workshop.refused(*TRAIN, *PACK)
        assert str(checkpoint.name) in line and other.engine in line and other.fingerprint[:12] in line
        assert header.engine in line and header.fingerprint[:12] in line and "--overwrite" in line
    answer = workshop.run(*TRAIN, *PACK, "--overwrite")
    assert answer.returncode == 0 and "begins afresh" in answer.stderr
    assert RunFolder(folder(workshop, 0)).read_provenance()["resumed_at"] == 0 and left_over(workshop) == []


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
    for command in (["archive"], ["collect"], ["check"], ["show", "relu/distance/1"]):
        line = short.refused(*command)
        assert "seed~1/run.json: " in line and "trains the run again" in line
    only_this_model(short, missing="skip")
    assert "seed~1/run.json: " in short.refused("check")
    answer = short.train("--seeds", "1")
    assert answer.returncode == 0 and "seed~1/run.json: " in answer.stderr


def only_this_model(workshop: Workshop, **changes: object) -> None:
    path = workshop.folder / "config" / "config.yaml"
    study = yaml.safe_load(path.read_text()) | {"architectures": [MODEL[0]], "representations": [MODEL[1]], "seeds": 2}
    path.write_text(yaml.safe_dump(study | changes))


def flip(path: Path, place: int = -5, bit: int = 0) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)
