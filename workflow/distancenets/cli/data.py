"""`distancenets data …`: fetch and pin data sets."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import group
from distancenets.cli.options import DATA, DATASETS, DataFolder, DatasetsFile

data = group("data", "Fetch a data set, or pin a new one.")


@data.command()
def fetch(
    name: Annotated[str, typer.Argument(help="The data set's name in the data sets' YAML file.")],
    folder: Annotated[
        Path | None,
        typer.Option(
            envvar="DISTANCENETS_DATA",
            help="A folder with IDX files, or with a subfolder of them named after the data set.",
        ),
    ] = None,
    root: DataFolder = DATA,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Fetch a data set from the first source that serves it, check its digests, and write it."""
    from distancenets.configuration.datasets import load_dataset_settings

    settings = load_dataset_settings(name, datasets)
    from distancenets.datasets.store import fetch

    fetch(name, settings, root, folder)


@data.command()
def pin(
    name: Annotated[str, typer.Argument(help="The new data set's name: lower-case letters, digits and _.")],
    folder: Annotated[Path, typer.Argument(help="The folder with MNIST's four IDX files, plain or .gz.")],
) -> None:
    """Print the entry for config/datasets.yaml that pins the data in a folder.

    Edit the entry's title and class names afterwards.
    """
    import yaml

    from distancenets.datasets.pins import pinned

    entry = {name: pinned(name, folder).model_dump(mode="json", exclude_none=True)}
    print(yaml.safe_dump(entry, sort_keys=False, allow_unicode=True), end="")
