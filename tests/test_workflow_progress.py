"""The line of progress in place of Snakemake's log, and the last lines below it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.settings import OutputSettingsLoggerInterface

from distancenets.terminal import workflow_progress
from distancenets.terminal.workflow_progress import Progress, WorkflowProgress, count_seeds, failure


class Clock:
    """A time that only moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(workflow_progress, "time", clock)
    return clock


def handler(dryrun: bool = False) -> WorkflowProgress:
    settings = cast(OutputSettingsLoggerInterface, SimpleNamespace(dryrun=dryrun))
    made = WorkflowProgress(settings, None)
    made.setFormatter(logging.Formatter("%(message)s"))
    return made


def told(target: WorkflowProgress, event: str | None, level: int = logging.INFO, **values: Any) -> None:
    record = logging.LogRecord("snakemake", level, "", 0, values.pop("msg", ""), None, None)
    record.__dict__.update(values)
    if event:
        record.__dict__["event"] = event
    target.emit(record)


def start(target: WorkflowProgress, job: int, rule: str, resources: Mapping[str, object], log: Path) -> None:
    told(target, "job_info", jobid=job, rule_name=rule, resources=resources, log=[str(log)])


def test_snakemake_finds_the_logger() -> None:
    assert LoggerPluginRegistry().get_plugin("distancenets").log_handler is WorkflowProgress  # type: ignore[attr-defined]


def test_runs_steps_and_the_time_left_are_counted(clock: Clock, tmp_path: Path) -> None:
    target, train, check = handler(), tmp_path / "train.log", tmp_path / "check.log"
    told(target, "resources_info", cores=2)
    told(target, "run_info", stats={"train_model": 2, "recheck_archived": 1, "write_report": 1, "all": 1, "total": 5})
    start(target, 1, "train_model", {"seeds": "0-2,7"}, train)
    start(target, 2, "recheck_archived", {}, check)
    train.write_text("raw: epoch 10/40, loss 1\n")
    check.write_text("32 of 160 archived runs\nrun 8 of 32: raw/ReLU, seed 0\n")
    clock.now += 10
    # 30 s of the first, 30 s of the check, 40 s of the other training; the report is assumed to take 8 s. On two cores.
    assert target.progress.line() == "0 of 8 runs trained, 8 of 32 checked, 0 of 4 steps, 0:54 left"
    clock.now += 30
    told(target, "job_finished", job_id=1)
    told(target, "job_finished", job_id=2)
    # As the first took 40 s, so will the other.
    assert target.progress.line() == "4 of 8 runs trained, 2 of 4 steps, 0:24 left"


def test_a_log_that_is_missing_or_says_nothing_counts_as_not_begun(tmp_path: Path, clock: Clock) -> None:
    progress = Progress()
    progress.planned({"draw": 1})
    (tmp_path / "log").write_text("nothing to count\n")
    progress.started(1, "draw", {}, [str(tmp_path / "log")])
    progress.started(2, "draw", {}, [str(tmp_path / "none")])
    assert [job.share() for job in progress.running.values()] == [0, 0]
    assert [count_seeds(text) for text in ("3", 0, "0-19", "0-2,5,7-8", "")] == [1, 1, 20, 6, 1]


def test_without_a_terminal_a_line_comes_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    target = handler()
    told(target, None, msg="Building DAG of jobs...")
    assert capsys.readouterr().err == ""
    told(target, "run_info", stats={"draw": 3})
    told(target, None, msg="Select jobs to execute...")
    assert capsys.readouterr().err == "0 of 3 steps, 0:24 left\n"
    clock.now += 21
    told(target, None, msg="Select jobs to execute...")
    assert capsys.readouterr().err == "0 of 3 steps, 0:24 left\n"


def test_a_failed_job_is_one_line_and_the_last_words_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "draw.log"
    log.write_text("a warning\nerror: runs.csv: not a table\n")
    target = handler()
    target.last_words = lambda: ["The answer"]
    told(target, "job_error", logging.ERROR, rule_msg="Draw", rule_name="draw", log=[str(log)], shellcmd="x")
    told(target, None, logging.ERROR, msg="Exiting because a job execution failed.")
    told(target, None, logging.WARNING, msg="noise")
    target.close()
    said = capsys.readouterr()
    assert said.err == (f"failed: Draw: runs.csv: not a table (log: {log})\nExiting because a job execution failed.\n")
    assert said.out == ""
    assert failure("Draw", [], "cmd") == "failed: Draw: no message (command: cmd)"
    log.write_text("first\nKilled\n")
    assert "failed: Draw: Killed (log: " in failure("Draw", [str(log)], None)


@pytest.mark.parametrize(("dryrun", "expected"), [(False, ("The answer\n", "")), (True, ("", "Nothing to be done\n"))])
def test_the_last_words_come_alone_and_a_dry_run_is_shown(
    dryrun: bool, expected: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    target = handler(dryrun)
    target.last_words = lambda: ["The answer"]
    told(target, None, msg="Nothing to be done")
    target.close()
    assert capsys.readouterr() == expected
