"""Options that several commands share, so that a name has the same meaning everywhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from distancenets.configuration.study import Study

StudyFile = Annotated[Path, typer.Option("--study", help="The study's YAML file.")]
StudyDir = Annotated[
    Path | None, typer.Option("--study-dir", help="The study's folder.", show_default="results/<study>")
]
OutDir = Annotated[Path, typer.Option("--out-dir", help="The folder to write into.")]
Stem = Annotated[Path, typer.Option("--stem", help="The path to write to, without its extension.")]
Experiment = Annotated[str, typer.Option("--experiment", help="The experiment to draw.")]
RunsTable = Annotated[Path, typer.Argument(metavar="RUNS_CSV", help="The study's runs.csv.")]
DatasetsFile = Annotated[Path, typer.Option("--datasets", help="The data sets' YAML file.")]
PublishedFile = Annotated[Path, typer.Option("--published", help="The published record's YAML file.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.", show_default="the study's")]
DataFolder = Annotated[Path, typer.Option("--data", help="The folder of all data sets.")]

STUDY = Path("config/config.yaml")
DATASETS = Path("config/datasets.yaml")
PUBLISHED = Path("config/published.yaml")
DATA = Path("data")
RESULTS = Path("results")
# The study that README.md and docs/ show, and further studies that they summarise.
PAPER = Path("config/paper.yaml")
FURTHER = [Path("config/robustness.yaml")]


def load(study: Path, study_dir: Path | None, threads: int | None = None) -> "tuple[Study, Path]":
    """Return the settings in the file `study`, and the study's folder."""
    from distancenets.configuration.study import load_study

    settings = load_study(study)
    if threads is not None:
        settings = settings.replaced(training=settings.training.with_threads(threads))
    return settings, study_dir or RESULTS / settings.study
