"""`distancenets report`: the study as one page for a browser."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, PUBLISHED, RESULTS, STUDY, DatasetsFile, PublishedFile, StudyFile
from distancenets.files import write_text


@app.command()
def report(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
    datasets: DatasetsFile = DATASETS,
    captions: Annotated[Path, typer.Option(help="The folder of the figures' captions.")] = Path("workflow/captions"),
) -> None:
    """Write report.html: verdicts, tables, figures and their data on one page that needs no network."""
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.report.html_page import page

    settings = load_study(study)
    root = output or RESULTS / settings.study
    write_text(root / "report.html", page(settings, root, load_published(published), datasets, captions))
