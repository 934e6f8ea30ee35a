"""`distancenets artifacts`: whether DVC's cache still holds what dvc.lock says."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app


@app.command()
def artifacts(
    lock: Annotated[Path, typer.Option(help="DVC's lock file.")] = Path("dvc.lock"),
    cache: Annotated[Path, typer.Option(help="DVC's cache.")] = Path(".dvc/cache"),
) -> None:
    """Read every cached file that dvc.lock names, and refuse a damaged one by name."""
    from distancenets.artifacts import check_artifacts

    print(f"{cache}: {check_artifacts(lock, cache)} files are what {lock} says")
