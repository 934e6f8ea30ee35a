"""The IDX format of MNIST: a magic number, big-endian sizes, then one unsigned byte a value."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distancenets.datasets.arrays import Arrays
from distancenets.errors import UserError

IMAGES_MAGIC = 0x0803
LABELS_MAGIC = 0x0801
# Of one file, decompressed: reading stops beyond.
MOST_BYTES = 2**30


def read_folder(folder: Path) -> Arrays:
    """The four arrays in MNIST's four files in `folder`, each plain or .gz, images flattened.

    Raises
    ------
    UserError
        A file is missing, cannot be read, or is not the IDX file that its name says.
    """
    return Arrays(
        train_images=read_images(find(folder, "train-images-idx3-ubyte")),
        train_labels=read_labels(find(folder, "train-labels-idx1-ubyte")),
        test_images=read_images(find(folder, "t10k-images-idx3-ubyte")),
        test_labels=read_labels(find(folder, "t10k-labels-idx1-ubyte")),
    )


def has_files(folder: Path) -> bool:
    """Whether `folder` has the first of MNIST's files, plain or .gz."""
    return any(path.exists() for path in _spellings(folder, "train-images-idx3-ubyte"))


def find(folder: Path, name: str) -> Path:
    """The path of `name` in `folder`, plain before .gz."""
    for path in _spellings(folder, name):
        if path.is_dir():
            raise UserError(f"{path}: a folder, not a file")
        if path.exists():
            return path
    raise UserError(f"{folder / name}: no such file, plain or .gz")


def _spellings(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / name, folder / f"{name}.gz"


def read_images(path: Path) -> NDArray[np.uint8]:
    """The images in the IDX file `path`, which are square, shape (images, pixels)."""
    values = decode(content_of(path), IMAGES_MAGIC, path)
    images, rows, columns = values.shape
    if rows != columns:
        raise UserError(f"{path}: images of {rows} × {columns} pixels, expected square ones")
    return values.reshape(images, rows * columns)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """The labels in the IDX file `path`, shape (images,)."""
    return decode(content_of(path), LABELS_MAGIC, path)


def content_of(path: Path) -> bytes:
    """The bytes of `path`, decompressed where its name ends in .gz; more than `MOST_BYTES` are refused."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > MOST_BYTES:
        raise UserError(f"{path}: more than {MOST_BYTES // 2**20:,} MiB of values, MNIST has 45")
    return content


def decode(content: bytes, magic: int, path: Path) -> NDArray[np.uint8]:
    """The array in the IDX `content` of `path`; the last byte of `magic` counts its dimensions."""
    dimensions = magic & 0xFF
    header = 4 * (1 + dimensions)
    if len(content) < header:
        raise UserError(f"{path}: {len(content)} bytes, too short for an IDX header of {header}")
    found, *shape = struct.unpack_from(f">{1 + dimensions}I", content)
    if found != magic:
        raise UserError(f"{path}: magic number 0x{found:08x}, expected 0x{magic:08x}")
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise UserError(f"{path}: {len(content)} bytes, its header promises {expected}")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
