"""Derived files: one stage writes them and lists their SHA-256, and a later stage reads them.

A file that was edited or damaged in between is rejected. A file without a listing, such as a table from git or from a
user, is read unchecked.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from distancenets.errors import Damaged, UserError
from distancenets.files import read_bytes, read_sealed, sealed_text, sha256, write_text

# The folder of listings, beside the files that they list.
DIGESTS = "digests"
# The columns that later stages read from runs.csv, and from learning_curves.parquet.
RUNS = ("experiment", "architecture", "representation", "model", "seed", "epoch", "test_accuracy")
CURVES = (*RUNS, "train_loss", "train_accuracy")


@contextmanager
def deriving(writer: str, *paths: Path) -> Iterator[None]:
    """List `paths`, all in one folder, as files of `writer` after the block has written them."""
    folder = paths[0].parent
    listing = folder / DIGESTS / f"{writer}.json"
    # Removed first, so that no outdated listing rejects the files of a process that is killed within the block.
    listing.unlink(missing_ok=True)
    yield
    write_text(listing, sealed_text({"files": {path.name: sha256(path.read_bytes()) for path in paths}}))


def read_content(path: Path) -> bytes:
    """Return the content of a derived file.

    Raises
    ------
    UserError
        The file cannot be read, or does not match its writer's listing.
    """
    content = read_bytes(path)
    for listing in (path.parent / DIGESTS).glob("*.json"):
        try:
            listed = read_sealed(listing)["files"]
        except Damaged as error:
            raise Damaged(f"{error}; delete it") from error
        if listed.get(path.name, sha256(content)) != sha256(content):
            raise Damaged(f"{path}: changed after it was written; delete it, and the workflow makes it again")
    return content


def listed_faults(folder: Path) -> Iterator[str]:
    """Yield a line for every file in `folder` that is changed, missing or not listed, according to its listings."""
    listed: dict[str, str] = {}
    for listing in sorted((folder / DIGESTS).glob("*.json")):
        listed |= read_sealed(listing)["files"]
    there = {path.name for path in folder.glob("*") if path.is_file()}
    for name in sorted(there | listed.keys()):
        if name not in there:
            yield f"{folder / name}: missing, though {folder / DIGESTS} lists it"
        elif name not in listed:
            yield f"{folder / name}: {folder / DIGESTS} does not list it"
        elif sha256(read_bytes(folder / name)) != listed[name]:
            yield f"{folder / name}: not the file that {folder / DIGESTS} lists"


def read_derived(path: Path, columns: Sequence[str] = (), **options: Any) -> pd.DataFrame:
    """Return the table in a derived CSV or Parquet file.

    Parameters
    ----------
    columns
        The columns that the table must have.
    options
        Arguments of `pandas.read_csv`.

    Raises
    ------
    UserError
        The file cannot be read, does not match its writer's listing, is not a table or lacks a column.
    """
    content = io.BytesIO(read_content(path))
    try:
        table = pd.read_parquet(content) if path.suffix == ".parquet" else pd.read_csv(content, **options)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: not a table: {' '.join(str(error).split())}") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path}: column {missing[0]} is missing (expected: {', '.join(columns)})")
    return table


def read_experiment(path: Path, experiment: str, epoch: int | None = None, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows of `experiment` in the derived CSV file `path`: at `epoch`, or at every milestone."""
    needed = ("experiment", "architecture", "representation", "seed", "epoch", *columns)
    table = read_derived(path, needed, keep_default_na=False, na_values=["NaN", ""])
    chosen = table[(table["experiment"] == experiment) & (table["epoch"].eq(epoch) if epoch else True)]
    if chosen.empty:
        raise UserError(f"{path}: no rows of experiment '{experiment}'{f' at epoch {epoch}' if epoch else ''}")
    return chosen
