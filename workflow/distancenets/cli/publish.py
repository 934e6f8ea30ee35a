"""What people read of a study: its summary and page, and the project's README and findings."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import MAINTENANCE, STEPS, app
from distancenets.cli.options import (
    DATASETS,
    PUBLISHED,
    RESULTS,
    STUDY,
    DatasetsFile,
    PublishedFile,
    StudyDir,
    StudyFile,
    load,
)
from distancenets.files import write_text

FURTHER = [Path("config/protocols.yaml"), Path("config/robustness.yaml")]


@app.command(rich_help_panel=STEPS)
def summary(study_dir: StudyDir = None, study: StudyFile = STUDY) -> None:
    """Write summary.md from the study's tables and figures."""
    from distancenets.report.summary import summary as summarise

    settings, root = load(study, study_dir)
    write_text(root / "summary.md", summarise(settings, root))


@app.command(rich_help_panel=STEPS)
def report(
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
    datasets: DatasetsFile = DATASETS,
    captions: Annotated[Path, typer.Option(help="The folder of the figures' captions.")] = Path("workflow/captions"),
) -> None:
    """Write report.html: verdicts, tables, figures and data on one offline page."""
    from distancenets.configuration.published import load_published
    from distancenets.report.html_page import page

    settings, root = load(study, study_dir)
    write_text(root / "report.html", page(settings, root, load_published(published), datasets, captions))


@app.command(rich_help_panel=MAINTENANCE)
def readme(
    file: Annotated[Path, typer.Argument(help="The file with the two marks.")] = Path("README.md"),
    study_dir: Annotated[Path, typer.Option(help="The folder of the study whose results are shown.")] = RESULTS
    / "paper",
) -> None:
    """Put the results of a study between the marks of README.md."""
    from distancenets.configuration.study import load_study
    from distancenets.report.readme import with_results

    write_text(file, with_results(file, load_study(study_dir / "study.yaml"), study_dir, RESULTS / "quick"))


@app.command(rich_help_panel=MAINTENANCE)
def findings(
    study: StudyFile = Path("config/paper.yaml"),
    page: Annotated[Path, typer.Option(help="The page that is written.")] = Path("docs/findings.md"),
    further: Annotated[list[Path], typer.Option(help="A study whose number of runs is given too.")] = FURTHER,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Write docs/findings.md: what a study reproduced, and how sure that is."""
    from distancenets.configuration.study import load_study
    from distancenets.report.findings import findings_page

    wanted, root = load(study, None)
    held = load_study(root / "study.yaml")
    write_text(page, findings_page(study, wanted, held, root, datasets, [load_study(path) for path in further]))
