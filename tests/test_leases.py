"""Leases: two jobs of one machine never share a device, and a dead job leaves none behind."""

import os
import random
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import Checkout, checkout, environment
from distancenets.configuration.study import load_study
from distancenets.jobs.gpu_locks import lease
from distancenets.training.paths import RUN_FILES, run_path

JOB = """
import os, sys, time
from pathlib import Path
from distancenets.jobs.gpu_locks import lease

def note(journal, *words):
    # One write to a file opened for appending: the lines of many processes do not mix.
    os.write(journal, (" ".join(map(str, [time.monotonic(), os.getpid(), *words])) + "\\n").encode())

def hold(names, allocation, journal, seconds):
    with lease(names, allocation, poll_seconds=0.02) as name:
        note(journal, "takes", name)
        time.sleep(seconds)
        note(journal, "gives", name)
"""
HOLD = """
names, allocation, journal, seconds = sys.argv[1].split(","), sys.argv[2], sys.argv[3], float(sys.argv[4])
hold(names, allocation, os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT), seconds)
"""
# In place of `distancenets train`, for the jobs of a whole study: claims a device as training does, and writes files.
TRAIN = """
options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
root = Path(options["--study"]).parent
journal = os.open(os.environ["JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
note(journal, "starts", root.name)
assert options["--gpus"] == "1"
hold(os.environ["CUDA_VISIBLE_DEVICES"].split(","), os.environ["JOURNAL"], journal, 0.2)
axes = [f"{axis}~{options['--' + axis]}" for axis in ("experiment", "architecture", "representation")]
for name in ("metrics.parquet", "weights.safetensors", "run.json"):
    (root.joinpath("runs", *axes, f"seed~{options['--seeds']}") / name).touch()
"""


class Event(NamedTuple):
    """A line of the journal."""

    seconds: float
    process: int
    verb: str
    name: str


def events(journal: Path) -> list[Event]:
    lines = journal.read_text().splitlines() if journal.exists() else []
    fields = (line.split() for line in lines)
    return sorted(Event(float(seconds), int(process), verb, name) for seconds, process, verb, name in fields)


def conflicts(journal: Iterable[Event], killed: dict[int, float]) -> list[Event]:
    """Return every taking of a device that another process holds, which has neither given it back nor been killed."""
    holders: dict[str, int] = {}
    found = []
    for event in journal:
        if event.verb == "gives":
            holders.pop(event.name, None)
        elif event.verb == "takes":
            holder = holders.get(event.name)
            if holder is not None and killed.get(holder, float("inf")) > event.seconds:
                found.append(event)
            holders[event.name] = event.process
    return found


def test_conflicts_are_seen() -> None:
    journal = [Event(1, 10, "takes", "0"), Event(2, 11, "takes", "0")]
    assert conflicts(journal, {}) == [journal[1]]
    assert conflicts(journal, {10: 2.5}) == [journal[1]]
    assert conflicts(journal, {10: 1.5}) == []


def test_leases_are_exclusive_and_end_with_the_block(tmp_path: Path) -> None:
    here = str(tmp_path)
    with lease(["0", "1"], here) as first:
        with lease(["0", "1"], here) as second:
            assert {first, second} == {"0", "1"}
        with lease(["0", "1"], here) as third:
            assert third == second


@pytest.mark.parametrize("name", ["MIG-GPU-5e/1/0", "../../x", "x" * 300])
def test_a_lease_leaves_no_file_and_takes_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whatever TMPDIR says, and for a user without a name or a home."""
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    answers: list[str] = []

    def wait() -> None:
        with lease([name], str(tmp_path), said.append, poll_seconds=0.01) as held:
            answers.append(held)

    waiting = threading.Thread(target=wait)
    with lease([name], str(tmp_path)):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.delenv("HOME", raising=False)
        waiting.start()
        while not said:
            time.sleep(0.01)
        assert answers == []
    waiting.join(timeout=30)
    assert answers == [name] and said == [f"Waiting for a GPU: other jobs use {name}"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_fifty_jobs_share_four_devices_though_some_are_killed(tmp_path: Path) -> None:
    """Every third job holds its device until it is killed, which happens at a random time after it took it."""
    devices, chance, killed = "0,1,2,3", random.Random(7), dict[int, float]()
    journal, allocation = tmp_path / "journal", str(tmp_path)
    command = [sys.executable, "-c", JOB + HOLD, devices, allocation, str(journal)]
    doomed: list[subprocess.Popen[bytes]] = []
    others: list[subprocess.Popen[bytes]] = []
    for index in range(50):
        seconds = 600 if index % 3 == 0 else chance.uniform(0.0, 0.1)
        process = subprocess.Popen([*command, str(seconds)], env=environment())
        (doomed if index % 3 == 0 else others).append(process)
    try:
        deadline, alive = time.monotonic() + 120, {process.pid: process for process in doomed}
        while alive:
            assert time.monotonic() < deadline
            time.sleep(chance.uniform(0.0, 0.05))
            holders = [event.process for event in events(journal) if event.verb == "takes" and event.process in alive]
            if holders:
                process = alive.pop(chance.choice(holders))
                killed[process.pid] = time.monotonic()
                process.kill()
        assert [process.wait(timeout=60) for process in others] == [0] * len(others)
    finally:
        for process in (*doomed, *others):
            process.kill()
            process.wait()
    seen = events(journal)
    assert len([event for event in seen if event.verb == "takes"]) == 50
    assert len([event for event in seen if event.verb == "gives"]) == len(others) == 33
    assert conflicts(seen, killed) == []
    with ExitStack() as stack:
        begun = time.monotonic()
        left = {stack.enter_context(lease(devices.split(","), allocation, poll_seconds=60)) for _ in range(4)}
        assert left == set(devices.split(",")) and time.monotonic() - begun < 30


@pytest.fixture(scope="module")
def stubbed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy with a data set that nobody reads."""
    copy = checkout(tmp_path_factory.mktemp("sharing"))
    (copy.folder / "data/mnist").mkdir(parents=True)
    for name in ("images.safetensors", "manifest.json"):
        (copy.folder / "data/mnist" / name).touch()
    return copy


@pytest.mark.slow
def test_two_snakemakes_share_the_devices(stubbed: Checkout, tmp_path: Path) -> None:
    """Two studies at once, in one checkout, on two devices; of both, only the training is run."""
    trainer, journal = tmp_path / "distancenets", tmp_path / "journal"
    (tmp_path / "job.py").write_text(JOB + TRAIN)
    # The path of an interpreter in a first line holds no space.
    trainer.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(tmp_path / "job.py"))} "$@"\n')
    trainer.chmod(0o755)
    surroundings = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(stubbed.folder / "workflow"),
        "CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b",
        "JOURNAL": str(journal),
    }
    command = [str(Path(sys.executable).parent / "snakemake"), "--cores", "8", "--configfile", "config/test.yaml"]
    # Snakemake counts devices that exist; these do not.
    command += ["--resources", "gpu=2", "--until", "train_model"]
    command += ["--config", "models_per_job=one", "architectures=[relu]", "seeds=2"]
    processes = [
        subprocess.Popen(
            [*command, f"study={study}"], cwd=stubbed.folder, env=surroundings, stderr=subprocess.PIPE, text=True
        )
        for study in ("one", "other")
    ]
    answers = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    seen = events(journal)
    assert conflicts(seen, {}) == []
    studies = {event.process: event.name for event in seen if event.verb == "starts"}
    takes = [event for event in seen if event.verb == "takes"]
    assert {(studies[event.process], event.name) for event in takes} == {
        (study, device) for study in ("one", "other") for device in ("GPU-a", "GPU-b")
    }
    for study in ("one", "other"):
        root = stubbed.folder / "results" / study
        runs = list(load_study(root / "study.yaml").runs())
        assert all((root / run_path(run) / name).exists() for run in runs for name in RUN_FILES)
    assert len(takes) == 2 * len(runs)
