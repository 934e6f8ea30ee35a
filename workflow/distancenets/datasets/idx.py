"""The IDX format of MNIST: a magic number, big-endian sizes, then one unsigned byte per value.

QMNIST (Yadav and Bottou 2019) has 50,000 more test images for MNIST. Its labels are rows of eight 32-bit integers.
The first of them is the class.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distancenets.datasets.arrays import Arrays
from distancenets.errors import UserError

IMAGES_MAGIC = 0x0803
LABELS_MAGIC = 0x0801
QMNIST_LABELS_MAGIC = 0x0C02
TYPES = {0x08: "u1", 0x0C: ">i4"}
# The files of each array, MNIST's before QMNIST's.
FILES = {
    "train_images": ("train-images-idx3-ubyte", "qmnist-train-images-idx3-ubyte"),
    "train_labels": ("train-labels-idx1-ubyte", "qmnist-train-labels-idx2-int"),
    "test_images": ("t10k-images-idx3-ubyte", "qmnist-test-images-idx3-ubyte"),
    "test_labels": ("t10k-labels-idx1-ubyte", "qmnist-test-labels-idx2-int"),
}
# The most bytes of one file, decompressed. Larger files are refused.
MOST_BYTES = 2**30


def read_folder(folder: Path) -> Arrays:
    """The four arrays in MNIST's or QMNIST's files in `folder`, each plain or .gz, images flattened.

    Raises
    ------
    UserError
        A file is missing, cannot be read, or is not the IDX file that its name says.
    """
    return Arrays(
        train_images=read_images(find(folder, "train_images")),
        train_labels=read_labels(find(folder, "train_labels")),
        test_images=read_images(find(folder, "test_images")),
        test_labels=read_labels(find(folder, "test_labels")),
    )


def has_files(folder: Path) -> bool:
    """Whether `folder` has a file of training images."""
    return any(path.exists() for path in _spellings(folder, "train_images"))


def find(folder: Path, array: str) -> Path:
    """The path of the file in `folder` that contains `array`, plain before .gz."""
    for path in _spellings(folder, array):
        if path.is_dir():
            raise UserError(f"{path}: a folder, not a file")
        if path.exists():
            return path
    raise UserError(f"{folder / FILES[array][0]}: no such file, plain or .gz")


def _spellings(folder: Path, array: str) -> list[Path]:
    return [folder / f"{name}{ending}" for name in FILES[array] for ending in ("", ".gz")]


def read_images(path: Path) -> NDArray[np.uint8]:
    """The square images in the IDX file `path`, flattened to the shape (images, pixels)."""
    values = decode(content_of(path), IMAGES_MAGIC, path)
    images, rows, columns = values.shape
    if rows != columns:
        raise UserError(f"{path}: images of {rows} × {columns} pixels, expected square ones")
    return values.reshape(images, rows * columns)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """The labels in the IDX file `path`, shape (images,)."""
    content = content_of(path)
    if content[:4] != QMNIST_LABELS_MAGIC.to_bytes(4, "big"):
        return decode(content, LABELS_MAGIC, path)
    classes = decode(content, QMNIST_LABELS_MAGIC, path)[:, 0]
    if classes.min() < 0 or classes.max() > 255:
        raise UserError(f"{path}: classes of {classes.min()} to {classes.max()}, expected 0 to 9")
    return classes.astype(np.uint8)


def content_of(path: Path) -> bytes:
    """The bytes of `path`, decompressed if its name ends in .gz. More than `MOST_BYTES` are refused."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > MOST_BYTES:
        raise UserError(f"{path}: more than {MOST_BYTES // 2**20:,} MiB of values (MNIST has 45 MiB)")
    return content


def decode(content: bytes, magic: int, path: Path) -> NDArray[Any]:
    """The array in the IDX `content` of `path`. The last bytes of `magic` are its type and number of dimensions."""
    value, dimensions = np.dtype(TYPES[magic >> 8]), magic & 0xFF
    header = 4 * (1 + dimensions)
    if len(content) < header:
        raise UserError(f"{path}: {len(content)} bytes, too short for an IDX header of {header}")
    found, *shape = struct.unpack_from(f">{1 + dimensions}I", content)
    if found != magic:
        raise UserError(f"{path}: magic number 0x{found:08x}, expected 0x{magic:08x}")
    expected = header + value.itemsize * math.prod(shape)
    if len(content) != expected:
        raise UserError(f"{path}: {len(content)} bytes, its header promises {expected}")
    return np.frombuffer(content, dtype=value, offset=header).reshape(shape)
