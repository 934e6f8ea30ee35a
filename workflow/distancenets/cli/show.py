"""`distancenets show`: one run in the terminal."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, RESULTS, STUDY, DatasetsFile, StudyFile


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
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Show what a run is, its numbers at the milestones, its learning curves, its files, and how to repeat it."""
    from rich.console import Console

    from distancenets.configuration.study import load_study
    from distancenets.report.runs import find_run, parse_run, read_run
    from distancenets.terminal.run_sheet import again, run_sheet

    folder = Path(run)
    # A run's folder is enough; the study then only tells how to repeat it.
    settings = None if folder.is_dir() and not study.exists() else load_study(study)
    if settings is None or folder.is_dir():
        found = read_run(folder)
    else:
        found = find_run(parse_run(run, settings), settings, output or RESULTS / settings.study, datasets)
    console = Console(highlight=False, markup=False)
    for part in run_sheet(found):
        console.print(part)
    for path in (found.files.metrics, found.files.weights, found.files.provenance):
        size = f"{path.stat().st_size / 1000:,.1f} kB" if path.exists() else "not here: the run is archived"
        console.print(f"{path} ({size})", soft_wrap=True)
    command = settings and again(found, settings, study)
    print(f"again: {command}" if command else f"again: {study} has no such run; name its study by --study")
