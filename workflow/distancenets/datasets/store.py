"""The data sets on disk: fetched once, written whole, checked at every load."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from distancenets.configuration.datasets import DatasetSettings, FolderSource, Source, load_dataset_settings
from distancenets.datasets import idx
from distancenets.datasets.arrays import Arrays, fault
from distancenets.datasets.sources import SOURCES
from distancenets.errors import UserError
from distancenets.files import read_text, replacing, write_text

if TYPE_CHECKING:
    import torch

IMAGES_FILE = "images.safetensors"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with the pinned digests: uint8 pixels (images × pixels) and class indices (images).

    It is equal only to itself, so that it can be the key of a cache of results.
    """

    name: str
    sha256: str
    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


def fetch(
    name: str,
    settings: DatasetSettings,
    root: Path,
    folder: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Write the data set `name` below `root` from the first source that works, and return its folder.

    An existing file with the pinned digests is kept.

    Parameters
    ----------
    name, settings
        The data set. Its sources are tried in order.
    root
        The folder of all data sets.
    folder
        Replaces a folder source's own path. The files are in it or in its subfolder with the data set's name, which
        may have torchvision's layout (`MNIST/raw`).
    say
        Receives one line per failed source that another one follows, and one line for the source that works.

    Raises
    ------
    UserError
        Every source fails, or `root` cannot be written.
    """
    target = root / name
    if _is_kept(target, settings):
        say(f"{name}: {target} has the pinned digests already")
        return target
    failures: list[str] = []
    for source in settings.sources:
        if failures:
            say(f"{name}: {failures[-1]}; trying {source.kind}")
        try:
            arrays = _arrays(source, name, folder, settings)
        except UserError as error:
            failures.append(f"{source.kind}: {error}")
            continue
        _write(target, arrays, settings)
        say(f"{name}: fetched by {source.kind} into {target}")
        return target
    raise UserError(f"{name}: every source failed: {'; '.join(failures)}")


def loader(datasets: Path, data: Path) -> Callable[[str], Dataset]:
    """Return a cached function that loads a data set by its name in the file `datasets` from the folder `data`."""
    return cache(lambda name: load_dataset(data / name, load_dataset_settings(name, datasets)))


def load_dataset(folder: Path, settings: DatasetSettings) -> Dataset:
    """The data set that `fetch` wrote to `folder`, named after it; errors are those of `load_arrays`."""
    import torch  # noqa: PLC0415 (slow to import, and figures need arrays alone)

    return Dataset(folder.name, settings.sha256.combined, *map(torch.from_numpy, load_arrays(folder, settings)))


def load_arrays(folder: Path, settings: DatasetSettings) -> Arrays:
    """The arrays of the data set that `fetch` wrote to `folder`.

    Raises
    ------
    UserError
        The file is missing, damaged, or not the data that `settings` pins.
    """
    path = folder / IMAGES_FILE
    remedy = f"fetch it with: distancenets data fetch {folder.name}"
    try:
        arrays = safetensors.numpy.load(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; {remedy}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError) as error:
        raise UserError(f"{path}: damaged ({error}); {remedy}") from error
    if set(arrays) != set(Arrays._fields) or any(array.dtype != np.uint8 for array in arrays.values()):
        raise UserError(f"{path}: expected the uint8 tensors {', '.join(Arrays._fields)}; {remedy}")
    found = Arrays(**arrays)
    wrong = fault(found, settings.sha256)
    if wrong is not None:
        raise UserError(f"{path}: {wrong}; {remedy}")
    return found


def _is_kept(target: Path, settings: DatasetSettings) -> bool:
    """Whether `target` has the pinned data. If so, a missing or different manifest is rewritten."""
    try:
        kept = load_arrays(target, settings)
    except UserError:
        return False
    try:
        known = json.loads(read_text(target / MANIFEST_FILE))["sha256"] == settings.sha256.model_dump()
    except (UserError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        _write_manifest(target, {name: list(getattr(kept, name).shape) for name in Arrays._fields}, settings)
    return True


def _placed(source: Source, name: str, folder: Path | None) -> Source:
    """`source` itself. A folder source gets the path of its files, below the user's `folder` if given."""
    if not isinstance(source, FolderSource):
        return source
    chosen = source if folder is None else source.replaced(path=folder)
    return chosen if chosen.path is None else chosen.replaced(path=_place(chosen.path, name))


def _place(folder: Path, name: str) -> Path:
    """The folder with the data set `name`: `folder` itself, `folder`/`name`, or torchvision's `MNIST/raw`."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    own = [entry for entry in entries if entry.name.lower().replace("_", "") == name.replace("_", "")]
    places = [place for parent in (*own, folder) for place in (parent, parent / "raw")]
    return next((place for place in places if idx.has_files(place)), folder)


def _arrays(source: Source, name: str, folder: Path | None, settings: DatasetSettings) -> Arrays:
    try:
        placed = _placed(source, name, folder)
        arrays = SOURCES[source.kind](placed)
    except OSError as error:
        # For example an unreadable folder, or no space for temporary files.
        place = error.filename or f"TMPDIR ({tempfile.gettempdir()})"
        raise UserError(f"{place}: {error.strerror or error}") from error
    wrong = fault(arrays, settings.sha256)
    if wrong is not None:
        raise UserError(wrong)
    return arrays


def _write(target: Path, arrays: Arrays, settings: DatasetSettings) -> None:
    contiguous = {key: np.ascontiguousarray(array) for key, array in arrays._asdict().items()}
    with replacing(target / IMAGES_FILE) as temporary:
        temporary.write_bytes(safetensors.numpy.save(contiguous))
    _write_manifest(target, {key: list(array.shape) for key, array in contiguous.items()}, settings)


def _write_manifest(target: Path, shapes: dict[str, list[int]], settings: DatasetSettings) -> None:
    # Without the source's name: the bytes are the same, so another source must not cause reruns.
    manifest = {"title": settings.title, "sha256": settings.sha256.model_dump(), "shapes": shapes}
    write_text(target / MANIFEST_FILE, json.dumps(manifest, indent=2) + "\n")
