"""`distancenets statistics`: from the table of runs to summaries and comparisons."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import STUDY, StudyFile


@app.command()
def statistics(
    runs: Annotated[Path, typer.Argument(metavar="RUNS_CSV", help="Table of runs, one row a run and milestone.")],
    output: Annotated[Path, typer.Option(help="Folder for summary.csv, comparisons.csv and columns.csv.")],
    study: StudyFile = STUDY,
) -> None:
    """Summarise every model over its seeds and compare every pair of models."""
    from distancenets.configuration.study import load_study
    from distancenets.files import write_text
    from distancenets.statistics import columns
    from distancenets.statistics.comparisons import comparison_table
    from distancenets.statistics.runs import read_runs
    from distancenets.statistics.summaries import summary_table

    chosen = load_study(study).statistics
    table = read_runs(runs)
    write_text(output / "summary.csv", columns.as_csv(summary_table(table, chosen), columns.SUMMARY))
    write_text(output / "comparisons.csv", columns.as_csv(comparison_table(table, chosen), columns.COMPARISONS))
    described = columns.descriptions()
    write_text(output / "columns.csv", columns.as_csv(described, dict.fromkeys(described.columns, "")))
