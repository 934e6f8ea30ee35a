"""`distancenets configure`: a study with everything that was overridden and left to its default written out."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.files import write_text


@app.command()
def configure(
    values: Annotated[str, typer.Argument(help="The study as JSON or YAML text.")],
    output: Annotated[Path, typer.Option(help="The YAML file to write.")],
) -> None:
    """Validate a study and write it in full."""
    import yaml

    from distancenets.configuration.settings import validated
    from distancenets.configuration.study import Study

    study = validated(Study, yaml.safe_load(values), "configuration")
    write_text(output, yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True))
