"""`distancenets show`: one run in the terminal."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS, STUDY, StudyFile


@app.command()
def show(
    run: Annotated[
        str,
        typer.Argument(
            help="A run's folder, or experiment/architecture/representation/seed, such as raw/relu/distance/0; "
            "without an experiment, the study's reported one.",
        ),
    ],
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
) -> None:
    """Show what a run is, its numbers at the milestones, its learning curves, and where its files are."""
    from rich.console import Console

    from distancenets.configuration.study import load_study
    from distancenets.report.run_sheet import run_sheet
    from distancenets.report.runs import parse_run, read_run, run_folder

    folder = Path(run)
    if not folder.is_dir():
        settings = load_study(study)
        folder = run_folder(parse_run(run, settings), output or RESULTS / settings.study)
    found = read_run(folder)
    console = Console(highlight=False, markup=False)
    for part in run_sheet(found):
        console.print(part)
    for path in (found.files.metrics, found.files.weights, found.files.provenance):
        console.print(f"{path} ({path.stat().st_size / 1000:,.1f} kB)", soft_wrap=True)
