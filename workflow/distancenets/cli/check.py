"""`distancenets check`: whether the runs on disk are those that a study asks for."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, RESULTS, STUDY, DatasetsFile, StudyFile


@app.command()
def check(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Refuse a run that is missing, or was made with other parameters than the study's, by name."""
    from distancenets.configuration.study import load_study
    from distancenets.runs.collect import check_runs

    settings = load_study(study)
    count = check_runs(settings, output or RESULTS / settings.study, datasets)
    print(f"{settings.study}: all {count} runs belong to the study")
