"""Repairs: rebuild an archive from its intact models."""

import tempfile
from pathlib import Path

from distancenets.errors import Damaged, UserError
from distancenets.files import sha256
from distancenets.runs.archive import RUNS, fingerprints, parse_table, read_table
from distancenets.runs.manifest import (
    MANIFEST,
    Axes,
    Holding,
    Listed,
    Manifest,
    clear_unlisted,
    model_folder,
    read_manifest,
    table_files,
    table_of,
    write_manifest,
    writing,
)


def repair(root: Path) -> list[str]:
    """Rebuild the archive below `root`, and return a line for every model that was listed or dropped.

    A model with a missing or damaged file is dropped: its files are moved out of the archive. If there is no intact
    manifest, a new one lists the existing tables. Unlisted files are removed.

    Raises
    ------
    UserError
        No manifest is intact, and the tables are ambiguous or lack a table of runs.
    """
    with writing(root):
        try:
            manifest = read_manifest(root)
        except Damaged:
            manifest = _found(root)
            lines = [f"{'/'.join(axes)}: {len(holding.runs)} runs listed" for axes, holding in manifest.items()]
        else:
            faults = {axes: fault for axes, holding in manifest.items() if (fault := _fault(root, axes, holding))}
            manifest = {axes: holding for axes, holding in manifest.items() if axes not in faults}
            lines = [f"{_dropped(root, axes)}: {fault}" for axes, fault in faults.items()]
        write_manifest(root, manifest)
        clear_unlisted(root)
    return lines


def _found(root: Path) -> Manifest:
    """Return a manifest of the tables in the archive."""
    held: dict[Axes, dict[str, Path]] = {}
    for path in table_files(root):
        experiment, architecture, representation = path.parts[-4:-1]
        tables = held.setdefault((experiment, architecture, representation), {})
        other = tables.setdefault(table_of(path.name), path)
        if other != path:
            raise UserError(f"{path}: a second table beside {other.name}; restore {MANIFEST} from git, or remove one")
    manifest = {}
    for axes, tables in held.items():
        if RUNS not in tables:
            raise UserError(f"{model_folder(root, axes)}: has no table of runs; remove the folder")
        contents = {path: path.read_bytes() for path in tables.values()}
        parsed = {path: parse_table(content, path) for path, content in contents.items()}
        files = {path.name: Listed(sha256(contents[path]), len(parsed[path])) for path in contents}
        manifest[axes] = Holding(fingerprints(parsed[tables[RUNS]]), files)
    return manifest


def _fault(root: Path, axes: Axes, holding: Holding) -> str:
    """Return the first fault in the files of a model, or an empty string."""
    try:
        for name in holding.files:
            read_table(table_of(name), root, axes, holding)
    except Damaged as error:
        return str(error).partition(";")[0]
    return ""


def _dropped(root: Path, axes: Axes) -> str:
    """Move the files of a model out of the archive, and return a line about it."""
    paths = sorted(model_folder(root, axes).glob("*.parquet"))
    if not paths:
        return f"{'/'.join(axes)}: dropped"
    (root / "dropped").mkdir(exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=root / "dropped", prefix=f"{'-'.join(axes)}-"))
    for path in paths:
        path.rename(place / path.name)
    return f"{'/'.join(axes)}: dropped, its files are in {place}"
