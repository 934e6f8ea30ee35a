"""`distancenets findings`: the pages about what was reproduced."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, FURTHER, PAPER, RESULTS, DatasetsFile, StudyFile


@app.command()
def findings(
    study: StudyFile = PAPER,
    page: Annotated[Path, typer.Option(help="The page that is written.")] = Path("docs/findings.md"),
    further: Annotated[list[Path], typer.Option(help="A study whose number of runs is told as well.")] = FURTHER,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Write what was reproduced, what was not and how sure that is, from the committed results of a study.

    The study's report.html goes beside it as report/index.html, listed with its SHA-256.
    """
    from distancenets.configuration.study import load_study
    from distancenets.derived import deriving, read_content
    from distancenets.files import replacing, write_text
    from distancenets.report.findings import findings_page

    wanted = load_study(study)
    root = RESULTS / wanted.study
    held = load_study(root / "study.yaml")
    write_text(page, findings_page(study, wanted, held, root, datasets, [load_study(path) for path in further]))
    report = page.parent / "report" / "index.html"
    with deriving("findings", report), replacing(report) as copy:
        copy.write_bytes(read_content(root / "report.html"))
