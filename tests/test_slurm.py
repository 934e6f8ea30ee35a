"""A study through a real Slurm with two fake GPUs: a job is cancelled twice, and everything equals a local run."""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import slurm
from conftest import SPLITS, Checkout, Workshop, checkout, write_dataset
from distancenets.configuration.study import Run, load_study
from distancenets.datasets.store import Dataset
from distancenets.training.paths import run_path

ABSENT = slurm.missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.slurm,
    # Every job starts snakemake twice and torch once: a busy machine takes minutes.
    pytest.mark.timeout(1800),
    pytest.mark.skipif(" " in sys.executable, reason="Snakemake starts Python on other machines by a path unquoted"),
    pytest.mark.skipif(ABSENT is not None, reason=f"NO SLURM: {ABSENT}"),
]

# Only a signal writes a checkpoint: an hour passes before the first one that time brings.
STUDY = {
    "study": "small",
    "title": "Three jobs on two GPUs",
    "seeds": 1,
    "models_per_job": "one",
    "architectures": ["relu"],
    "representations": ["distance"],
    "experiments": {
        "long": {"dataset": "tiny", "epochs": 2000, "hidden": 16, "record_every": 100},
        "short": {"dataset": "tiny", "epochs": 3, "hidden": 16, "representations": ["unconstrained", "distance"]},
    },
    "training": {"checkpoint_seconds": 3600},
    "report": {"figure1": {"node": 3, "representation": "distance"}},
}
CANCELLED = Run("long", "relu", "distance", 0)
COLLECTED = ("results/small/runs.csv", "results/small/learning_curves.parquet")
# The profile waits for minutes where this cluster takes seconds.
FAST = ("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1")


@dataclass(frozen=True)
class Record:
    """What is left of the two runs of Snakemake, after Slurm is gone."""

    copy: Checkout
    jobs: list[slurm.Job]
    devices: dict[str, str]
    # The first run, without retries, and the second one.
    codes: tuple[int, int]
    # Whether the cancelled job had left a checkpoint when the first run ended, and what it said.
    checkpointed: bool
    log: str

    def run(self, run: Run) -> dict[str, Any]:
        return dict(json.loads((self.copy.folder / "results/small" / run_path(run) / "run.json").read_text()))

    @property
    def runs(self) -> list[dict[str, Any]]:
        study = load_study(self.copy.folder / "config/config.yaml")
        return [self.run(run) for run in study.runs()]

    def training(self, run: Run) -> list[slurm.Job]:
        return [job for job in self.jobs if job.comment == "rule_train_model_wildcards_" + "_".join(map(str, run))]


def cancel_in_training(copy: Checkout, devices: dict[str, str], *arguments: str) -> int:
    """Run snakemake, cancel one of its jobs once it trains, and return snakemake's exit code.

    `devices` is told job → GPU as Slurm has it, which forgets that when a job ends.
    """
    log = copy.folder / "results/small/logs/train" / run_path(CANCELLED).relative_to("runs").with_suffix(".log")
    output = copy.folder / "snakemake.out"
    command = [str(Path(sys.executable).parent / "snakemake"), "--workflow-profile", "profiles/slurm", *FAST]
    surroundings = os.environ | {"PYTHONPATH": str(copy.folder / "workflow")}
    with output.open("ab") as file:
        process = subprocess.Popen(
            [*command, *arguments, *COLLECTED], cwd=copy.folder, env=surroundings, stdout=file, stderr=file
        )
    deadline, cancelled = time.monotonic() + 1500, False
    try:
        while process.poll() is None:
            assert time.monotonic() < deadline, output.read_text()
            running = [job for job in slurm.jobs() if job.fields["JobState"] == "RUNNING"]
            devices |= {job.number: job.fields["GRES"] for job in running if job.fields.get("GRES")}
            text = log.read_text() if log.exists() else ""
            # A log that tells of an end is that of an attempt before.
            if not cancelled and "started" in text and "stopped" not in text:
                [job] = [job for job in running if job.comment.endswith("_".join(map(str, CANCELLED)))]
                slurm.answer("scancel", job.number)
                cancelled = True
            time.sleep(0.2)
        return process.returncode
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Record:
    copy = checkout(tmp_path_factory.mktemp("cluster") / "copy")
    prepare(copy.folder, mnist)
    for name, value in {"gpu_partition": "gpus", "cpu_partition": "short", "gpu_type": slurm.GPU_TYPE}.items():
        copy.edit("profiles/slurm/config.yaml", f'{name}: ""', f"{name}: {value}")
    checkpoint = copy.folder / "results/small/checkpoints/long/relu/distance/seed-0.safetensors"
    with slurm.cluster(tmp_path_factory.mktemp("slurm"), gpus=2):
        devices: dict[str, str] = {}
        first = cancel_in_training(copy, devices, "--retries", "0")
        checkpointed = checkpoint.exists()
        log = next((copy.folder / "results/small/logs/train").rglob("experiment~long/**/seed~0.log")).read_text()
        second = cancel_in_training(copy, devices)
        jobs = slurm.jobs()
    return Record(copy, jobs, devices, (first, second), checkpointed, log)


def prepare(folder: Path, mnist: Dataset) -> None:
    tensors = {split: getattr(mnist, split)[: 900 if "train" in split else 300].contiguous() for split in SPLITS}
    write_dataset(folder, "tiny", tensors)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(STUDY))


def test_every_job_ran_inside_slurm(record: Record) -> None:
    states = {job.number: job.fields["JobState"] for job in record.jobs}
    allocations = [run["allocation"] for run in record.runs]
    assert {allocation["scheduler"] for allocation in allocations} == {"slurm"}
    assert [states[allocation["job"]] for allocation in allocations] == ["COMPLETED"] * 3
    # Two jobs were cancelled and done again; the one that needs no GPU was a job, too.
    assert sorted(states.values()) == ["CANCELLED"] * 2 + ["COMPLETED"] * 4
    [collection] = [job for job in record.jobs if job.comment == "rule_collect_runs"]
    assert collection.fields["JobState"] == "COMPLETED" and "gpu" not in collection.fields.get("TresPerJob", "")


def test_no_two_jobs_share_a_device_at_a_time(record: Record) -> None:
    spans = [
        (run["allocation"]["gpus"], datetime.fromisoformat(run["started"]), datetime.fromisoformat(run["ended"]))
        for run in record.runs
    ]
    assert {device for device, *_ in spans} == {"0", "1"}
    assert [run["allocation"]["visible"] for run in record.runs] == [device for device, *_ in spans]
    assert not [pair for pair in itertools.combinations(spans, 2) if share(*pair)]
    # Slurm's own record, which holds the cancelled jobs, too.
    held = [job for job in record.jobs if job.comment.startswith("rule_train_model")]
    slots = [
        (
            record.devices[job.number],
            datetime.fromisoformat(job.fields["StartTime"]),
            datetime.fromisoformat(job.fields["EndTime"]),
        )
        for job in held
    ]
    assert {device for device, *_ in slots} == {f"gpu:{slurm.GPU_TYPE}:1(IDX:{index})" for index in range(2)}
    assert not [pair for pair in itertools.combinations(slots, 2) if share(*pair)]
    assert any(overlap(*pair) for pair in itertools.combinations(slots, 2)), "no two jobs ran at a time"


def overlap(one: tuple[str, datetime, datetime], other: tuple[str, datetime, datetime]) -> bool:
    return one[1] < other[2] and other[1] < one[2]


def share(one: tuple[str, datetime, datetime], other: tuple[str, datetime, datetime]) -> bool:
    return one[0] == other[0] and overlap(one, other)


def test_a_cancelled_job_is_finished_by_the_next_run_from_its_checkpoint(record: Record) -> None:
    assert record.codes[0] != 0 and record.codes[1] == 0, (record.copy.folder / "snakemake.out").read_text()
    assert record.checkpointed
    [stopped] = re.findall(r"stopped before epoch (\d+)", record.log)
    assert 0 < int(stopped) <= record.run(CANCELLED)["resumed_at"] < 2000


def test_the_next_attempt_asks_for_more_and_goes_on(record: Record) -> None:
    first, cancelled, last = (job.fields for job in record.training(CANCELLED))
    assert [job["JobState"] for job in (first, cancelled, last)] == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert [job["TimeLimit"] for job in (first, cancelled, last)] == ["08:00:00", "08:00:00", "16:00:00"]
    assert [job["MinMemoryNode"] for job in (first, cancelled, last)] == ["6000M", "6000M", "12000M"]
    assert record.run(CANCELLED)["allocation"]["job"] == last["JobId"]


def test_the_profile_says_where_jobs_run(record: Record) -> None:
    for job in record.jobs:
        training = job.comment.startswith("rule_train_model")
        assert job.fields["Partition"] == ("gpus" if training else "short")
        assert job.fields["Requeue"] == "1"
        assert (f"gpu:{slurm.GPU_TYPE}:1" in job.fields.get("TresPerJob", "")) == training


def test_the_results_equal_those_of_a_local_run(record: Record, tmp_path: Path, mnist: Dataset) -> None:
    prepare(tmp_path, mnist)
    local = Workshop(tmp_path)
    study = load_study(tmp_path / "config/config.yaml")
    for run in study.runs():
        answer = local.train("--experiment", run.experiment, model=(run.architecture, run.representation))
        assert answer.returncode == 0, answer.stderr
    assert local.run("collect").returncode == 0
    names = [
        *(run_path(run) / name for run in study.runs() for name in ("metrics.parquet", "weights.safetensors")),
        Path("runs.csv"),
    ]
    ours, theirs = local.results, record.copy.folder / "results/small"
    assert [name for name in names if (ours / name).read_bytes() != (theirs / name).read_bytes()] == []
