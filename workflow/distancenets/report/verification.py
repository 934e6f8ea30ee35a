"""Verification: compare committed results with those derived from the archive, and with their digests."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from distancenets.claims.sides import study_beside
from distancenets.configuration.datasets import DATASETS_FILE
from distancenets.configuration.study import load_study
from distancenets.derived import listed_faults
from distancenets.errors import UserError
from distancenets.files import read_text, write_text
from distancenets.report.findings import findings_page
from distancenets.report.readme import with_results
from distancenets.report.summary import summary
from distancenets.runs.committed import compared

# The files that the workflow needs to derive numbers.
SOURCES = ("Snakefile", "workflow", "config", "profiles", "envs")
# Other versions of libraries round differently; the tables show seven digits at most.
TOLERANCE = 1e-9


def derive(study_file: Path, study: str, folder: Path) -> Path:
    """Derive every table and verdict of `study` from a copy of its archive in `folder`, and return their folder.

    Raises
    ------
    UserError
        There is no archive, or the workflow failed; its first error is quoted.
    """
    root = Path("results", study)
    if not (root / "archive").exists():
        raise UserError(f"{root / 'archive'}: missing; the results cannot be verified")
    for source in SOURCES:
        copy = shutil.copytree if Path(source).is_dir() else shutil.copy
        copy(source, folder / source)
    shutil.copytree(root / "archive", folder / root / "archive")
    beside = study_beside(load_study(study_file), root.parent)
    if beside is not None:
        shutil.copytree(root.parent / beside.study, folder / root.parent / beside.study)
    snakemake = Path(sys.executable).parent / "snakemake"
    command: list[str | Path] = [snakemake, "numbers", "--configfile", study_file, "--config", "missing=skip"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode:
        lines = [line for line in answer.stderr.splitlines() if line.startswith("error: ")] or [answer.stderr.strip()]
        raise UserError(f"{root}: cannot be derived from its archive: {lines[0]}")
    derived = folder / root
    write_text(derived / "summary.md", summary(load_study(derived / "study.yaml"), derived))
    return derived


def differences(committed: Path, derived: Path) -> list[str]:
    """Return one line for every file that differs between `committed` and `derived`."""
    return [f"{path}: {fault}" for path, fault in _faults(committed, derived)]


def page_faults(study_file: Path, root: Path, further: Sequence[Path], folder: Path = Path()) -> Iterator[str]:
    """Yield a line for every page below `folder` that shows other results than those in `root`.

    `further` are the other studies that README.md and docs/findings.md summarise. Both pages are derived again;
    docs/report/ is compared with the digest that was listed when it was written.
    """
    held, wanted = load_study(root / "study.yaml"), load_study(study_file)
    readme, findings = folder / "README.md", folder / "docs" / "findings.md"
    others = [load_study(path) for path in further]
    if read_text(readme) != with_results(readme, held, root, others):
        yield f"{readme}: shows other results; run `make readme`"
    if read_text(findings) != findings_page(study_file, wanted, held, root, DATASETS_FILE, others):
        yield f"{findings}: shows other results; run `make findings`"
    yield from listed_faults(folder / "docs" / "report")


def _faults(committed: Path, derived: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted({*compared(committed), *compared(derived)}):
        ours, theirs = committed / path, derived / path
        if not ours.exists():
            yield ours, "is missing, but follows from the archive"
        elif not theirs.exists():
            yield ours, "does not follow from the archive"
        elif path.suffix == ".csv":
            yield from ((ours, fault) for fault in _csv_fault(ours, theirs))
        elif path.suffix == ".json":
            if not _alike(json.loads(read_text(ours)), json.loads(read_text(theirs))):
                yield ours, "differs from the values that follow from the archive"
        elif read_text(ours) != read_text(theirs):
            yield ours, "differs from the text that follows from the archive"


def _csv_fault(ours: Path, theirs: Path) -> Iterator[str]:
    try:
        pd.testing.assert_frame_equal(pd.read_csv(ours), pd.read_csv(theirs), rtol=TOLERANCE, atol=0)
    except AssertionError as error:
        yield f"differs from the values that follow from the archive ({' '.join(str(error).split())[:120]})"


def _alike(ours: object, theirs: object) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_alike(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_alike, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=TOLERANCE) or (math.isnan(ours) and math.isnan(theirs))
    return ours == theirs
