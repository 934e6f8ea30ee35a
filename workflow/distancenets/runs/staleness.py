"""Staleness: mark results of other settings, so that Snakemake makes them again.

Only Snakemake's records say which settings made a file. A clone, a copy or a clean-up loses these records. Then only
modification times remain.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from distancenets.configuration.datasets import DATASETS_FILE
from distancenets.configuration.recipes import study_digest
from distancenets.configuration.study import Study, study_text
from distancenets.errors import UserError
from distancenets.runs.inventory import NONE, Planned, sources
from distancenets.training.paths import run_path
from distancenets.training.run_files import RunFolder

# Seconds after 1970. Snakemake treats 0 as no time at all.
OLD = 1
# Results that depend only on the runs, not on the settings for judging and showing them.
OF_RUNS = ("runs.csv", "learning_curves.parquet", "provenance.csv", "measurements")
# Files that are not results of the study's settings.
APART = ("study.yaml", "gathered", "planned.csv", "runs", "archive", "checkpoints", "logs", "benchmarks", "audit.*")
# Files about checks of another study's results.
CHECKS = ("recheck.csv", "verified.txt")


def mark_stale(study: Study, root: Path, datasets: Path = DATASETS_FILE, planned: Planned = NONE) -> None:
    """Set the time of results of other settings than `study` to 1970, so that they are older than their inputs.

    Snakemake then makes them again, unless its records say that nothing changed. The same applies to shorter runs that
    are `planned` to be longer (run → epochs).

    Raises
    ------
    UserError
        A file belongs to another user.
    """
    if not root.exists():
        return
    gathered = (root / "gathered" / study_digest(study, datasets)).exists()
    path = root / "study.yaml"
    if gathered and not planned and path.is_file() and path.read_bytes() == study_text(study).encode():
        return
    stale = set(_results(root))
    if gathered:
        stale -= {file for name in OF_RUNS for file in _files(root / name)}
    if planned or not gathered:
        stale |= set(_other_runs(study, root, datasets, planned))
    for file in sorted(stale):
        try:
            os.utime(file, (OLD, OLD))
        except OSError as error:
            raise UserError(f"{file}: stale, and its time cannot be set: {error.strerror}") from error


def _results(root: Path) -> Iterator[Path]:
    for entry in root.iterdir():
        if not any(entry.match(pattern) for pattern in (*APART, *CHECKS)):
            yield from _files(entry)


def _files(entry: Path) -> Iterator[Path]:
    yield from (path for path in (entry.rglob("*") if entry.is_dir() else [entry]) if path.is_file())


def _other_runs(study: Study, root: Path, datasets: Path, planned: Planned) -> Iterator[Path]:
    """Yield the provenance of every run that was made with other parameters."""
    for run, recipe in sources(study, root, datasets, planned).fresh.items():
        folder = RunFolder(root / run_path(run))
        if folder.provenance.is_file() and _digest(folder) != recipe.run_digest(run.seed):
            yield folder.provenance


def _digest(folder: RunFolder) -> str | None:
    try:
        return str(folder.read_provenance().get("digest"))
    except UserError:
        # Training or reading the run reports the fault.
        return None
