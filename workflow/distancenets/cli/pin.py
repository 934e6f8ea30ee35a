"""`distancenets pin`: the entry that pins a new data set."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app


@app.command()
def pin(
    name: Annotated[str, typer.Argument(help="What the data set is to be called: lower-case letters, digits and _.")],
    folder: Annotated[Path, typer.Argument(help="The folder with MNIST's four IDX files, plain or .gz.")],
) -> None:
    """Print the entry for config/datasets.yaml that pins the data in a folder; edit its title and class names."""
    import yaml

    from distancenets.datasets.pins import pinned

    entry = {name: pinned(name, folder).model_dump(mode="json", exclude_none=True)}
    print(yaml.safe_dump(entry, sort_keys=False, allow_unicode=True), end="")
