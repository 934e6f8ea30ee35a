"""`distancenets robustness`: the claims across the experiments of a study."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app


@app.command()
def robustness(
    claims: Annotated[Path, typer.Argument(help="The study's claims.json.")],
    output: Annotated[Path, typer.Option(help="The table's path without its ending.")],
) -> None:
    """Write the verdicts as a table claims × experiments."""
    from distancenets.claims.serialization import read
    from distancenets.tables.robustness import CAPTION, robustness_table, with_reading
    from distancenets.tables.writers import write_table

    table = with_reading(robustness_table(read(claims)))
    write_table(output, table, table, CAPTION)
