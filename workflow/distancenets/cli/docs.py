"""`distancenets docs`: the generated pages of docs/."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS


@app.command()
def docs(
    folder: Annotated[Path, typer.Argument(help="The folder of the pages.")] = Path("docs"),
    study: Annotated[str, typer.Option(help="The study with the examples.")] = "paper",
) -> None:
    """Write configuration.md, outputs.md and interpreting-results.md."""
    from distancenets.configuration.study import load_study
    from distancenets.files import write_text
    from distancenets.report.reference import configuration_page, interpreting_page, outputs_page

    root = RESULTS / study
    write_text(folder / "interpreting-results.md", interpreting_page(load_study(root / "study.yaml"), root))
    write_text(folder / "configuration.md", configuration_page())
    write_text(folder / "outputs.md", outputs_page())
