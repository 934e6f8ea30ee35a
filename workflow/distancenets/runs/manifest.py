"""The manifest of an archive lists its files and runs. Unlisted files are ignored.

Renaming this one file replaces the previous version of the archive. The manifest contains its own SHA-256.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from distancenets.errors import Damaged, UserError
from distancenets.files import PART, clear_parts, locked, read_bytes, read_sealed, sealed_text, sha256, write_text

MANIFEST = "manifest.json"
# Outside the archive's folder, because git stores that.
LOCK = ".archive.lock"
REPAIR = "restore it from git, or keep the intact models with `distancenets archive --repair`"

# Experiment, architecture, representation.
Axes = tuple[str, str, str]


class Listed(NamedTuple):
    """The SHA-256 of a table's file, and how many rows the table has."""

    sha256: str
    rows: int


@dataclass(frozen=True)
class Holding:
    """The archive of one model: seed → fingerprint of the code that made the run, and file → digest.

    Runs that are older than fingerprints have None. A file is named after its table and its content.
    """

    runs: Mapping[int, str | None] = field(default_factory=dict)
    files: Mapping[str, Listed] = field(default_factory=dict)

    def file(self, table: str) -> str | None:
        """Return the name of the file of `table`, or None if the model has none."""
        return next((name for name in self.files if table_of(name) == table), None)


Manifest = Mapping[Axes, Holding]


def archive_folder(root: Path) -> Path:
    """The archive of the study whose folder is `root`."""
    return root / "archive"


def model_folder(root: Path, axes: Axes) -> Path:
    """The folder of a model in the archive below `root`."""
    return archive_folder(root).joinpath(*axes)


def table_files(root: Path) -> list[Path]:
    """Return all files of tables in the archive below `root`, listed or not."""
    return sorted(archive_folder(root).glob("*/*/*/*.parquet"))


def table_of(name: str) -> str:
    """Return the table in the file `name`, such as `runs` for `runs-0123456789ab.parquet`."""
    return Path(name).stem.partition("-")[0]


def read_manifest(root: Path) -> Manifest:
    """The manifest of the archive below `root`, empty if there is no archive.

    Raises
    ------
    Damaged
        The manifest was changed, or tables exist without a manifest.
    """
    path = archive_folder(root) / MANIFEST
    if not path.exists():
        if table_files(root):
            raise Damaged(f"{path}: missing; {REPAIR}")
        return {}
    try:
        return {_axes(name): _holding(values) for name, values in read_sealed(path)["models"].items()}
    except (Damaged, KeyError, ValueError, TypeError, AttributeError) as error:
        told = error if isinstance(error, Damaged) else f"{path}: not the manifest of an archive ({error})"
        raise Damaged(f"{told}; {REPAIR}") from error


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Write the manifest of the archive below `root` in one move."""
    models = {
        "/".join(axes): {
            "runs": {str(seed): holding.runs[seed] for seed in sorted(holding.runs)},
            "files": {name: holding.files[name]._asdict() for name in sorted(holding.files)},
        }
        for axes, holding in sorted(manifest.items())
    }
    write_text(archive_folder(root) / MANIFEST, sealed_text({"models": models}))


def listed_content(folder: Path, name: str, listed: Listed) -> bytes:
    """The content of a listed file; `Damaged` names one that is missing or has another SHA-256."""
    path = folder / name
    try:
        content = read_bytes(path)
    except UserError as error:
        raise Damaged(f"{error}, though {MANIFEST} lists it; {REPAIR}") from error
    if sha256(content) != listed.sha256:
        raise Damaged(f"{path}: damaged, {MANIFEST} lists another SHA-256; {REPAIR}")
    return content


def unlisted(root: Path, manifest: Manifest) -> Iterator[Path]:
    """Yield the files of tables below `root` that `manifest` does not list; a killed writer leaves such files."""
    known = {model_folder(root, axes) / name for axes, holding in manifest.items() for name in holding.files}
    yield from (path for path in table_files(root) if path not in known)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Wait until no other process writes to the archive below `root`."""
    with locked(root / LOCK):
        yield


def clear_unlisted(root: Path) -> None:
    """Remove unlisted tables and files of killed writers from the archive below `root`."""
    for path in unlisted(root, read_manifest(root)):
        path.unlink()
    for folder in {archive_folder(root), *(path.parent for path in archive_folder(root).glob(f"*/*/*/.*{PART}"))}:
        clear_parts(folder)


def _axes(name: str) -> Axes:
    experiment, architecture, representation = name.split("/")
    return experiment, architecture, representation


def _holding(values: Mapping[str, Mapping[str, Any]]) -> Holding:
    files = {name: Listed(str(entry["sha256"]), int(entry["rows"])) for name, entry in values["files"].items()}
    return Holding({int(seed): made for seed, made in values["runs"].items()}, files)
