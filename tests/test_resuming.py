"""Runs that go on: after a signal, from a checkpoint, from a shorter run that is finished."""

import shutil
import signal
import time
from pathlib import Path

import pytest
import yaml

from conftest import SPLITS, Answer, Workshop, write_dataset
from distancenets.datasets.store import Dataset
from distancenets.files import read_sealed, sealed_text
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, SplitScore
from distancenets.training.run_files import RunFolder
from requirements import needs_compiler
from run_helpers import MODEL, digests, folder, trained

pytestmark = pytest.mark.slow


def interrupted(workshop: Workshop, number: signal.Signals) -> Answer:
    """Start a long training, send `number` once it has a checkpoint, and return how it ended."""
    process = workshop.start("train", "--architecture", MODEL[0], "--representation", MODEL[1], "--seeds", "0-1")
    checkpoint = workshop.results / "checkpoints/raw/relu/distance/seeds-0-1.safetensors"
    deadline = time.monotonic() + 120
    while not checkpoint.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out, err)


def checkpoint_by_signal_alone(workshop: Workshop, seeds: int = 4) -> None:
    file = workshop.folder / "config/config.yaml"
    study = yaml.safe_load(file.read_text())
    study |= {"seeds": seeds, "training": {"checkpoint_seconds": 3600}}
    file.write_text(yaml.safe_dump(study))


def catches(process: int, number: signal.Signals) -> bool:
    """Whether the process with this id has a handler for `number`: training has then begun."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return bool(int(status["SigCgt"], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_an_interrupted_run_goes_on_to_the_same_bits(workshop: Workshop, number: signal.Signals) -> None:
    workshop.study(epochs=150, milestones=[10, 60])
    trained(workshop)
    expected = digests(workshop, range(2))
    for seed in range(2):
        for file in folder(workshop, seed).iterdir():
            file.unlink()
    answer = interrupted(workshop, number)
    assert answer.returncode != 0
    assert not (folder(workshop, 0) / "run.json").exists()
    trained(workshop)
    provenance = RunFolder(folder(workshop, 0)).read_provenance()
    assert 0 < provenance["resumed_at"] < 150
    assert digests(workshop, range(2)) == expected


def test_sigterm_says_where_the_run_goes_on(workshop: Workshop) -> None:
    workshop.study(epochs=5000)
    begun = time.monotonic()
    answer = interrupted(workshop, signal.SIGTERM)
    assert "stopped before epoch" in answer.stderr and "seeds-0-1.safetensors" in answer.stderr
    assert time.monotonic() - begun < 60


@needs_compiler
@pytest.mark.parametrize("call", [1, 2], ids=["test", "training"])
def test_sigterm_within_an_epoch_loses_that_epoch_alone(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """An epoch of two networks is four passes: two of test, two of training images. The signal comes in the sixth."""
    checkpoint_by_signal_alone(workshop)
    trained(workshop)
    expected = digests(workshop, range(2))
    shutil.rmtree(workshop.results / "runs")
    prepared = CompiledNetwork._prepared
    calls = iter(range(100))

    def interrupting(network: CompiledNetwork, split: Split) -> SplitScore:
        if next(calls) == 5 * 4 + call:
            signal.raise_signal(signal.SIGTERM)
        return prepared(network, split)

    with monkeypatch.context() as patch:
        patch.setattr(CompiledNetwork, "_prepared", interrupting)
        line = workshop.refused("train", "--architecture", MODEL[0], "--representation", MODEL[1], "--seeds", "0-1")
    assert "stopped before epoch 5" in line
    trained(workshop)
    assert RunFolder(folder(workshop, 0)).read_provenance()["resumed_at"] == 5
    assert digests(workshop, range(2)) == expected


def test_sigterm_ends_a_wide_pack_within_five_seconds(workshop: Workshop, mnist: Dataset) -> None:
    """An epoch of these 20 networks on all of MNIST takes longer than that on a CPU of today."""
    shutil.rmtree(workshop.folder / "data")
    write_dataset(workshop.folder, "tiny", {split: getattr(mnist, split) for split in SPLITS})
    workshop.study(epochs=1000, hidden=1024)
    checkpoint_by_signal_alone(workshop, seeds=20)
    process = workshop.start("train", "--architecture", MODEL[0], "--representation", MODEL[1], "--seeds", "0-19")
    deadline = time.monotonic() + 120
    while not catches(process.pid, signal.SIGTERM):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    time.sleep(0.5)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 5
    assert process.returncode == 1 and "stopped before epoch 0" in err
    assert (workshop.results / "checkpoints/raw/relu/distance/seeds-0-19.safetensors").exists()


def lengthened(workshop: Workshop, **shorter: object) -> int:
    """Train two seeds as `shorter` says, then to epoch 130; return where that began."""
    workshop.study(**shorter)
    trained(workshop)
    workshop.study(epochs=130, milestones=[8, 120], record_every=10)
    trained(workshop)
    return int(RunFolder(folder(workshop, 1)).read_provenance()["resumed_at"])


def test_a_longer_run_goes_on_from_a_shorter_one_to_the_same_bits(workshop: Workshop) -> None:
    workshop.study(epochs=130, milestones=[8, 120], record_every=10)
    trained(workshop)
    expected = digests(workshop, range(2))
    shutil.rmtree(workshop.results)
    # More rows and more weights than the longer run keeps.
    assert lengthened(workshop, epochs=115, milestones=[8, 30], record_every=5) == 115
    assert digests(workshop, range(2)) == expected


@pytest.mark.parametrize(
    "shorter",
    [
        {"epochs": 115, "record_every": 10},
        {"epochs": 125, "milestones": [8], "record_every": 10},
        {"epochs": 125, "milestones": [8, 120], "record_every": 20},
    ],
    ids=["without the first milestone", "without the second", "without a row"],
)
def test_a_shorter_run_that_kept_too_little_is_no_beginning(workshop: Workshop, shorter: dict[str, object]) -> None:
    workshop.study(**shorter)
    trained(workshop)
    workshop.study(epochs=130, milestones=[8, 120], record_every=10)
    assert "other parameters" in workshop.refused("train", "--architecture", *MODEL[:1], "--representation", MODEL[1])
    trained(workshop, "--overwrite")
    assert RunFolder(folder(workshop, 1)).read_provenance()["resumed_at"] == 0


def test_a_shorter_run_of_other_code_is_no_beginning(workshop: Workshop) -> None:
    trained(workshop)
    for seed in range(2):
        file = folder(workshop, seed) / "run.json"
        found = read_sealed(file)
        file.write_text(sealed_text(found | {"code": found["code"] | {"fingerprint": "another"}}))
    workshop.study(epochs=8)
    trained(workshop, "--overwrite")
    assert RunFolder(folder(workshop, 1)).read_provenance()["resumed_at"] == 0


def test_seeds_of_different_length_begin_together(workshop: Workshop) -> None:
    workshop.train("--seeds", "0", "--epochs", "3")
    workshop.train("--seeds", "1", "--epochs", "4")
    trained(workshop)
    assert RunFolder(folder(workshop, 0)).read_provenance()["resumed_at"] == 0


def test_a_checkpoint_of_another_configuration_is_refused(workshop: Workshop) -> None:
    workshop.study(epochs=5000)
    interrupted(workshop, signal.SIGKILL)
    workshop.study(epochs=5000, learning_rate=0.5)
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
    assert "seeds-0-1.safetensors" in line and "another configuration" in line
    assert not (folder(workshop, 0)).exists()


def test_a_damaged_checkpoint_is_named(workshop: Workshop) -> None:
    workshop.study(epochs=5000)
    interrupted(workshop, signal.SIGKILL)
    checkpoint = workshop.results / "checkpoints/raw/relu/distance/seeds-0-1.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    line = workshop.refused("train", "--architecture", "relu", "--representation", "distance", "--seeds", "0-1")
    assert "seeds-0-1.safetensors: not a readable checkpoint" in line
