"""Pins: the entry of config/datasets.yaml that fixes the bytes of a new data set by their SHA-256."""

from pathlib import Path

import numpy as np

from distancenets.configuration.datasets import NAME, DatasetSettings
from distancenets.configuration.settings import validated
from distancenets.datasets import idx
from distancenets.errors import UserError
from distancenets.files import sha256
from distancenets.models.networks import CLASSES, INPUTS


def pinned(name: str, folder: Path) -> DatasetSettings:
    """The settings of the data set `name`, made from the IDX files in `folder`, which becomes its source.

    Raises
    ------
    UserError
        The name is invalid, a file is missing or broken, or the networks cannot use such images or labels.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{name}: a data set's name is lower-case letters, digits and _")
    arrays = idx.read_folder(folder)
    for split, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:])):
        if images.shape[1] != INPUTS or len(images) != len(labels):
            raise UserError(
                f"{folder}: {split}: {len(labels)} labels for {len(images)} images of {images.shape[1]} pixels "
                f"(expected one label per image and {INPUTS} pixels)"
            )
        if set(np.unique(labels)) != set(range(CLASSES)):
            raise UserError(f"{folder}: {split}: expected labels of all {CLASSES} classes, 0 to {CLASSES - 1}")
    share = arrays.train_images / 255
    values = {
        "title": name,
        "class_names": [str(label) for label in range(CLASSES)],
        "pixel_mean": round(float(share.mean()), 4),
        "pixel_sd": round(float(share.std()), 4),
        "sha256": {split: sha256(array.tobytes()) for split, array in arrays._asdict().items()},
        "sources": [{"kind": "folder", "path": str(folder)}],
    }
    return validated(DatasetSettings, values, folder)
