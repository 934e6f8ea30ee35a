"""The paths of a run's files, and the document with their digests. Nothing here imports torch."""

from pathlib import Path
from typing import Any

from distancenets.configuration.study import Run
from distancenets.errors import Damaged
from distancenets.files import read_sealed

# `run.json` is last: it lists the SHA-256 of the others, so a run is complete once it exists.
RUN_FILES = ("metrics.parquet", "weights.safetensors", "run.json")
REMEDY = "`distancenets train --overwrite` or `snakemake --forcerun train_model` trains the run again"


def run_path(run: Run) -> Path:
    """Return the folder of `run` below its study's folder, with the axes as in Snakemake's Paramspace."""
    return Path("runs", *(f"{axis}~{value}" for axis, value in run._asdict().items()))


def read_run_document(path: Path) -> dict[str, Any]:
    """Return the content of the `run.json` in `path`.

    Raises
    ------
    Damaged
        The file cannot be read, was changed, or is not a run's. The message says how to replace it.
    """
    try:
        values = read_sealed(path)
    except Damaged as error:
        raise Damaged(f"{error}; {REMEDY}") from error
    if not {"digest", "files", "run", "recipe", "code"} <= values.keys() or not set(RUN_FILES[:-1]) <= set(
        values["files"]
    ):
        raise Damaged(f"{path}: not the provenance of a run; {REMEDY}")
    return values
