"""``distancenets data``: fetch a data set."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.configuration.datasets import DATASETS_FILE, dataset


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="The data set, by its name in the file of data sets.")],
    folder: Annotated[
        Path | None,
        typer.Option(
            envvar="DISTANCENETS_DATA",
            help="IDX files at hand, here or in a subfolder of the data set's name.",
        ),
    ] = None,
    root: Annotated[Path, typer.Option(help="Where the data sets are kept.")] = Path("data"),
    datasets: Annotated[Path, typer.Option(help="The file of data sets.")] = DATASETS_FILE,
) -> None:
    """Fetch a data set from the first source that serves it, and check its digests."""
    settings = dataset(name, datasets)
    from distancenets.datasets.store import fetch

    fetch(name, settings, root, folder)
