"""Progress of the workflow in one line, in place of Snakemake's log; failed jobs and errors are still shown."""

import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

# Seconds between two lines without a terminal, and the assumed duration of a job if no job of its rule has finished.
LINE_SECONDS = 20.0
ASSUMED = 8.0
# Below this share, a job's progress is too small to extrapolate its duration.
LEAST_SHARE = 0.02
TRAIN = "train_model"
# Matches the counts in the last line of a log: "epoch 30/75" or "run 3 of 32".
PART = re.compile(r"\b(\d[\d,]*)(?:/| of )(\d[\d,]*)")


@dataclass
class Job:
    """A job under way."""

    rule: str
    seeds: int
    logs: Sequence[str]
    started: float

    @property
    def spent(self) -> float:
        """The seconds since it started."""
        return time.monotonic() - self.started

    def share(self) -> float:
        """Return the share of the job that is done, from the last line of its log; 0 if unknown."""
        done, total = numbers(self.logs)
        return min(done / total, 1.0) if total else 0.0


def numbers(logs: Iterable[str]) -> tuple[int, int]:
    """Return the counts in the last line of the first log, such as (3, 32); zeros if it has none."""
    for path in logs:
        try:
            lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return 0, 0
        found = PART.search(lines[-1]) if lines else None
        return (int(found[1].replace(",", "")), int(found[2].replace(",", ""))) if found else (0, 0)
    return 0, 0


class Progress:
    """Finished and remaining jobs, from the events of Snakemake's log."""

    def __init__(self) -> None:
        self.due: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.running: dict[int, Job] = {}
        self.seconds: dict[str, list[float]] = {}
        self.cores, self.runs, self.seeds = 1, 0, 0

    def planned(self, stats: Mapping[str, int]) -> None:
        """Store the number of jobs per rule."""
        self.due = Counter({rule: count for rule, count in stats.items() if rule not in ("total", "all")})

    def started(self, job: int, rule: str, resources: Mapping[str, Any], logs: Sequence[str]) -> None:
        """Add a job that starts."""
        self.running[job] = Job(rule, count_seeds(resources.get("seeds", "")), logs, time.monotonic())
        if rule == TRAIN:
            self.seeds = max(self.seeds, self.running[job].seeds)

    def finished(self, job: int) -> None:
        """Count a job that finished."""
        if job in self.running:
            ended = self.running.pop(job)
            self.done[ended.rule] += 1
            self.runs += ended.seeds if ended.rule == TRAIN else 0
            self.seconds.setdefault(ended.rule, []).append(ended.spent)

    def seconds_left(self) -> float:
        """Return the seconds that running and waiting jobs need on all cores."""
        running = list(self.running.values())
        waiting = self.due - self.done - Counter(job.rule for job in running)
        left = sum(max(self._usual(job.rule, [job]) - job.spent, 1) for job in running)
        return (left + sum(count * self._usual(rule, running) for rule, count in waiting.items())) / self.cores

    def line(self) -> str:
        """Return the line: runs, rechecked runs, steps, time left."""
        total = self.due[TRAIN] * self.seeds
        parts = [f"{self.runs} of {total} runs trained"] if total else []
        for job in list(self.running.values()):
            if job.rule == "recheck_archived" and (found := numbers(job.logs))[1]:
                parts.append(f"{found[0]} of {found[1]} checked")
        left = max(round(self.seconds_left()), 0)
        parts += [f"{self.done.total()} of {self.due.total()} steps", f"{left // 60}:{left % 60:02} left"]
        return ", ".join(parts)

    def _usual(self, rule: str, running: Sequence[Job]) -> float:
        """Return the seconds of a job of `rule`: estimated from `running` jobs, or else from finished ones."""
        known = [job.spent / share for job in running if job.rule == rule and (share := job.share()) > LEAST_SHARE]
        known = known or self.seconds.get(rule) or [ASSUMED]
        return sum(known) / len(known)


def count_seeds(ranges: object) -> int:
    """Return how many seeds `ranges` names, such as "0-4,7"; 1 for a lone seed."""
    parts = [part.split("-") for part in str(ranges).split(",") if part]
    return sum(int(part[-1]) - int(part[0]) + 1 for part in parts) if parts else 1


class WorkflowProgress(LogHandlerBase):
    """Snakemake's log handler `distancenets`: a line of progress, errors as they occur, and the closing lines."""

    def __post_init__(self) -> None:
        """Start without a line, because the number of jobs is not known yet."""
        self.progress = Progress()
        self.console = Console(stderr=True, highlight=False, markup=False)
        self.status: Status | None = None
        self.last_words: Callable[[], Sequence[str]] = list
        self.failed = False
        self.shown = 0.0

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Update the line of progress from an event of the log; print failures."""
        try:
            self._take(record)
            self._show()
        except Exception:
            self.handleError(record)

    def _take(self, record: logging.LogRecord) -> None:
        event, progress, values = getattr(record, "event", None), self.progress, record.__dict__
        if event == LogEvent.RUN_INFO:
            progress.planned(values["stats"])
        elif event == LogEvent.RESOURCES_INFO:
            progress.cores = values.get("cores") or progress.cores
        elif event == LogEvent.JOB_INFO:
            progress.started(values["jobid"], values["rule_name"], dict(values["resources"].items()), values["log"])
        elif event == LogEvent.JOB_FINISHED:
            progress.finished(values["job_id"])
        elif event == LogEvent.JOB_ERROR:
            self.failed = True
            self._print(failure(values["rule_msg"] or values["rule_name"], values["log"], values["shellcmd"]))
        elif record.levelno >= logging.ERROR:
            self.failed = True
            self._print(self.format(record))
        if self.common_settings.dryrun and event != LogEvent.SHELLCMD:
            self._print(self.format(record))

    def _show(self) -> None:
        if not self.progress.due or self.common_settings.dryrun:
            return
        line = self.progress.line
        if self.console.is_terminal:
            if self.status is None:
                self.status = Status(Line(line), console=self.console, refresh_per_second=2)
                self.status.start()
        elif time.monotonic() - self.shown >= LINE_SECONDS:
            self.shown = time.monotonic()
            self._print(line())

    def _print(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Remove the line, and print the closing lines unless something failed."""
        if self.status is not None:
            self.status.stop()
        if not self.failed and not self.common_settings.dryrun:
            for line in self.last_words():
                print(line)
            sys.stdout.flush()
            # Snakemake and the end of the process both close the handler; the lines are printed once.
            self.last_words = list
        super().close()


class Line:
    """A text that is computed each time it is drawn."""

    def __init__(self, text: Callable[[], str]) -> None:
        self.text = text

    def __rich__(self) -> str:
        """Return the text as it is now."""
        return self.text()


def failure(what: str, logs: Sequence[str], command: str | None) -> str:
    """Return one line about a failed job: the last error in its log, and the log's path."""
    said = ""
    for path in logs:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines() if Path(path).exists() else []
        errors = [line for line in lines if line.startswith("error: ")] or lines
        said = errors[-1].removeprefix("error: ") if errors else ""
    where = f"log: {', '.join(logs)}" if logs else f"command: {command}"
    return f"failed: {what}: {said or 'no message'} ({where})"
