"""Where the files of a run are, and the document that vouches for their content. Nothing here imports torch."""

from pathlib import Path
from typing import Any

from distancenets.configuration.study import Run
from distancenets.errors import Damaged
from distancenets.files import read_sealed

# `run.json` comes last: it lists the SHA-256 of the others, so they count once it is there.
RUN_FILES = ("metrics.parquet", "weights.safetensors", "run.json")
REMEDY = "`distancenets train --overwrite` or `snakemake --forcerun train_model` trains the run again"


def run_path(run: Run) -> Path:
    """Return the folder of `run` below its study's, the axes written out as Snakemake's Paramspace does."""
    return Path("runs", *(f"{axis}~{value}" for axis, value in run._asdict().items()))


def read_run_document(path: Path) -> dict[str, Any]:
    """Return the content of the `run.json` in `path`.

    Raises
    ------
    Damaged
        The file cannot be read, was changed, or is not the document of a run; how to replace it is said.
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
