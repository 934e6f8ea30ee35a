"""`distancenets claims`: a verdict on every claim of the paper."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import PUBLISHED, STUDY, PublishedFile, StudyFile


@app.command()
def claims(
    runs: Annotated[Path, typer.Argument(help="The study's runs.csv.")],
    output: Annotated[Path, typer.Option(help="Folder for claims.md and claims.json.")],
    measurements: Annotated[
        Path | None, typer.Option(help="Folder of measurement tables.  [default: measurements beside the runs]")
    ] = None,
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Hold every claim of the paper against the runs: supported, contradicted, mixed or undetermined."""
    from rich.console import Console

    from distancenets.claims import serialization
    from distancenets.claims.evidence import read_measurements
    from distancenets.claims.judgement import rulings
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.statistics.runs import read_runs

    settings, record = load_study(study), load_published(published)
    tables = read_measurements(measurements or runs.parent / "measurements")
    found = rulings(settings, read_runs(runs), tables, record)
    serialization.write(found, settings, output)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for ruling in found:
        if ruling.experiment == settings.reported_experiment:
            console.print(f"{ruling.claim.id:2d} {ruling.claim.name}: {ruling.verdict}; {ruling.why}")
