"""The data sets on disk: fetched once, written whole, checked at every load."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from safetensors import SafetensorError

from distancenets.configuration.datasets import DatasetSettings, FolderSource, Source
from distancenets.datasets.arrays import Arrays, fault
from distancenets.datasets.sources import SOURCES
from distancenets.errors import UserError
from distancenets.files import replacing, write_text

IMAGES_FILE = "images.safetensors"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class Dataset:
    """A data set of the pinned digests: uint8 pixels (images × pixels) and class indices (images)."""

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
    """Write the data set `name` below `root` from the first source that serves it, and return its folder.

    Parameters
    ----------
    name, settings
        The data set; its sources are tried in their order.
    root
        The folder of all data sets.
    folder
        Where a folder source looks, instead of its own path: in `folder`/`name` if that exists.
    say
        Takes one line for each source that fails before another, and one for the source that serves.

    Raises
    ------
    UserError
        Every source fails, or `root` cannot be written.
    """
    failures: list[str] = []
    for source in settings.sources:
        if failures:
            say(f"{name}: {failures[-1]}; trying {source.kind}")
        try:
            arrays = _arrays(_placed(source, name, folder), settings)
        except UserError as error:
            failures.append(f"{source.kind}: {error}")
            continue
        target = root / name
        _write(target, arrays, settings)
        say(f"{name}: fetched by {source.kind} into {target}")
        return target
    raise UserError(f"{name}: every source failed: {'; '.join(failures)}")


def read(folder: Path, settings: DatasetSettings) -> Dataset:
    """Return the data set that `fetch` wrote to `folder`, named after it.

    Raises
    ------
    UserError
        The file is missing, damaged, or not the data that `settings` pins.
    """
    path = folder / IMAGES_FILE
    remedy = f"fetch it with: distancenets data {folder.name}"
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; {remedy}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError) as error:
        raise UserError(f"{path}: damaged ({error}); {remedy}") from error
    if set(tensors) != set(Arrays._fields) or any(t.dtype != torch.uint8 for t in tensors.values()):
        raise UserError(f"{path}: expected the uint8 tensors {', '.join(Arrays._fields)}; {remedy}")
    wrong = fault(Arrays(**{key: tensor.numpy() for key, tensor in tensors.items()}), settings.sha256)
    if wrong is not None:
        raise UserError(f"{path}: {wrong}; {remedy}")
    return Dataset(name=folder.name, sha256=settings.sha256.combined, **tensors)


def _placed(source: Source, name: str, folder: Path | None) -> Source:
    """Return `source`, a folder source with the user's `folder` in place of its own path."""
    if folder is None or not isinstance(source, FolderSource):
        return source
    return source.replaced(path=folder / name if (folder / name).is_dir() else folder)


def _arrays(source: Source, settings: DatasetSettings) -> Arrays:
    arrays = SOURCES[source.kind](source)
    wrong = fault(arrays, settings.sha256)
    if wrong is not None:
        raise UserError(wrong)
    return arrays


def _write(target: Path, arrays: Arrays, settings: DatasetSettings) -> None:
    contiguous = {key: np.ascontiguousarray(array) for key, array in arrays._asdict().items()}
    with replacing(target / IMAGES_FILE) as temporary:
        temporary.write_bytes(safetensors.numpy.save(contiguous))
    # Not which source served it: the bytes are the same, so nothing that depends on them must run again.
    manifest = {
        "title": settings.title,
        "sha256": settings.sha256.model_dump(),
        "shapes": {key: list(array.shape) for key, array in contiguous.items()},
    }
    write_text(target / MANIFEST_FILE, json.dumps(manifest, indent=2) + "\n")
