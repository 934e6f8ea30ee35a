"""Pages about a study: its summary and report, and the project's README and findings."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import EVERYDAY, MAINTENANCE, STEPS, app
from distancenets.cli.options import (
    DATASETS,
    FURTHER,
    PAPER,
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
    file: Annotated[Path, typer.Argument(help="The file that contains the two marks.")] = Path("README.md"),
    study_dir: Annotated[Path, typer.Option(help="The folder of the study whose results are shown.")] = RESULTS
    / "paper",
    further: Annotated[list[Path], typer.Option(help="Another study whose verdicts are shown.")] = FURTHER,
) -> None:
    """Write the results of a study between the marks in README.md."""
    from distancenets.configuration.study import load_study
    from distancenets.report.readme import with_results

    write_text(
        file,
        with_results(file, load_study(study_dir / "study.yaml"), study_dir, [load_study(path) for path in further]),
    )


@app.command(rich_help_panel=MAINTENANCE)
def findings(
    study: StudyFile = PAPER,
    page: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/findings.md"),
    further: Annotated[
        list[Path], typer.Option(help="Another study whose runs are counted and whose claims are summarised.")
    ] = FURTHER,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Write docs/findings.md: what a study reproduced, and how certain that is.

    The study's report.html is copied to report/index.html beside the page, and its SHA-256 is listed.
    """
    from distancenets.configuration.study import load_study
    from distancenets.derived import deriving, read_content
    from distancenets.files import replacing
    from distancenets.report.findings import findings_page

    wanted, root = load(study, None)
    held = load_study(root / "study.yaml")
    write_text(page, findings_page(study, wanted, held, root, datasets, [load_study(path) for path in further]))
    report = page.parent / "report" / "index.html"
    with deriving("findings", report), replacing(report) as copy:
        copy.write_bytes(read_content(root / "report.html"))


@app.command(rich_help_panel=MAINTENANCE)
def docs(
    folder: Annotated[Path, typer.Argument(help="The folder to write the pages to.")] = Path("docs"),
    study_dir: Annotated[Path, typer.Option(help="The folder of the study that the examples are from.")] = RESULTS
    / "paper",
) -> None:
    """Write configuration.md, outputs.md and interpreting-results.md."""
    from distancenets.configuration.study import load_study
    from distancenets.report.reference import configuration_page, interpreting_page, outputs_page

    examples = interpreting_page(load_study(study_dir / "study.yaml"), study_dir)
    write_text(folder / "interpreting-results.md", examples)
    write_text(folder / "configuration.md", configuration_page())
    write_text(folder / "outputs.md", outputs_page())


@app.command(rich_help_panel=EVERYDAY)
def export(
    study: StudyFile = STUDY,
    crate: Annotated[
        Path | None, typer.Option(help="The ZIP file to write.", show_default="results/<study>/<study>.crate.zip")
    ] = None,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Write a study's results, archive and provenance as a Workflow Run RO-Crate."""
    from distancenets.report.crate import SUFFIX, write_crate

    settings, root = load(study, None)
    target = crate or root / f"{settings.study}{SUFFIX}"
    print(f"{target}: {write_crate(target, study, settings, root, datasets)} files")
