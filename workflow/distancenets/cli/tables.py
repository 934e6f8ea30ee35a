"""`distancenets tables`: the tables of the paper, as CSV, Markdown and LaTeX."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import PUBLISHED, STUDY, PublishedFile, StudyFile


@app.command()
def tables(
    runs: Annotated[Path, typer.Argument(help="The study's runs.csv.")],
    output: Annotated[Path, typer.Option(help="The folder that the tables are written to.")],
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Write tables 1 to 5 and the running text's figures, published and measured side by side."""
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.derived import read_derived
    from distancenets.tables.accuracies import accuracy_caption, accuracy_cells, accuracy_table
    from distancenets.tables.models import distances_table, models_table
    from distancenets.tables.writers import write_table

    settings, measured = load_study(study), read_derived(runs)
    for name, table, caption in (
        ("table1", models_table(), "Table 1: the models"),
        ("table4", distances_table(), "Table 4: OffsetL2 beside the RBF unit and the Mahalanobis distance"),
    ):
        write_table(output / name, table, table, caption)
    for name, printed in load_published(published).tables.items():
        table = accuracy_table(printed, measured, settings, name)
        write_table(output / name, table, accuracy_cells(table, printed.deviation), accuracy_caption(printed))
