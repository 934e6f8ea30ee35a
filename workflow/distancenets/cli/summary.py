"""`distancenets summary`: the study on one page."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS, STUDY, StudyFile
from distancenets.files import write_text


@app.command()
def summary(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
) -> None:
    """Write summary.md from the study's tables and figures."""
    from distancenets.configuration.study import load_study
    from distancenets.report.summary import summary as summarise

    settings = load_study(study)
    root = output or RESULTS / settings.study
    write_text(root / "summary.md", summarise(settings, root))
