"""`distancenets export`: a study as a Workflow Run RO-Crate."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, RESULTS, STUDY, DatasetsFile, StudyFile


@app.command()
def export(
    study: StudyFile = STUDY,
    output: Annotated[
        Path | None, typer.Option(help="The ZIP file.  [default: results/<study>/<study>.crate.zip]")
    ] = None,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Pack a study's results, archive, workflow, lock and provenance as a Workflow Run RO-Crate."""
    from distancenets.configuration.study import load_study
    from distancenets.report.crate import SUFFIX, write_crate

    settings = load_study(study)
    root = RESULTS / settings.study
    target = output or root / f"{settings.study}{SUFFIX}"
    print(f"{target}: {write_crate(target, study, settings, root, datasets)} files")
