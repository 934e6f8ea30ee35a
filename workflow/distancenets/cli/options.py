"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

StudyFile = Annotated[Path, typer.Option("--study", help="The study's YAML file.")]
DatasetsFile = Annotated[Path, typer.Option("--datasets", help="The data sets' YAML file.")]
PublishedFile = Annotated[Path, typer.Option("--published", help="The published record's YAML file.")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads.  [default: the study's]")]
DataFolder = Annotated[Path, typer.Option("--data", help="The folder that data sets are kept in.")]

STUDY = Path("config/config.yaml")
DATASETS = Path("config/datasets.yaml")
PUBLISHED = Path("config/published.yaml")
DATA = Path("data")
RESULTS = Path("results")
# The study that README.md and docs/ show, and those whose number of runs is told there as well.
PAPER = Path("config/paper.yaml")
FURTHER = [Path("config/robustness.yaml")]
