"""`distancenets readme`: the newest results in README.md."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS
from distancenets.files import write_text


@app.command()
def readme(
    file: Annotated[Path, typer.Argument(help="The file with the two marks.")] = Path("README.md"),
    study: Annotated[str, typer.Option(help="The study whose results are shown.")] = "paper",
) -> None:
    """Put the results of a study between the marks of README.md."""
    from distancenets.configuration.study import load_study
    from distancenets.report.readme import with_results

    root = RESULTS / study
    write_text(file, with_results(file, load_study(root / "study.yaml"), root))
