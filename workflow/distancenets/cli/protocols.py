"""`distancenets protocols`: which protocol produced the published numbers."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import PUBLISHED, STUDY, PublishedFile, StudyFile


@app.command()
def protocols(
    runs: Annotated[Path, typer.Argument(help="The study's runs.csv.")],
    output: Annotated[Path, typer.Option(help="The table's path without its ending.")],
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Write how far each protocol of the study lies from each published column of means and SDs."""
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.derived import read_derived
    from distancenets.tables.protocols import CAPTION, protocols_cells, protocols_table
    from distancenets.tables.writers import write_table

    tables = load_published(published).tables
    table = protocols_table(load_study(study), read_derived(runs), tables)
    write_table(output, table, protocols_cells(table, tables), CAPTION)
