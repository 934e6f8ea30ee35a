"""Where the files of a run lie."""

from pathlib import Path

from distancenets.configuration.study import Run

RUN_FILES = ("metrics.parquet", "weights.safetensors", "run.json")


def run_path(run: Run) -> Path:
    """Return the folder of `run` below its study's, the axes written out as Snakemake's Paramspace does."""
    return Path("runs", *(f"{axis}~{value}" for axis, value in run._asdict().items()))
