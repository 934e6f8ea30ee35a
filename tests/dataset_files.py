"""Digits small enough to write out, and the files and packages that sources serve them in."""

import base64
import gzip
import hashlib
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conftest import REPOSITORY
from distancenets.configuration.datasets import DatasetSettings, load_dataset_settings
from distancenets.datasets.arrays import Arrays
from distancenets.datasets.store import Dataset

CONFIG = REPOSITORY / "config" / "datasets.yaml"
IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
FOLDER = {"kind": "folder"}
NOTHING = {"kind": "folder", "path": "nowhere"}


def digests_of(arrays: Arrays) -> dict[str, str]:
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays._asdict().items()}


def settings_of(arrays: Arrays, *places: dict[str, Any]) -> DatasetSettings:
    return load_dataset_settings("mnist", CONFIG).replaced(sha256=digests_of(arrays), sources=places)


def idx_content(array: NDArray[np.uint8], side: int) -> bytes:
    shape = (len(array), side, side) if array.ndim == 2 else array.shape
    return struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape) + array.tobytes()


def write_idx(folder: Path, arrays: Arrays, side: int, compressed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(IDX_NAMES, arrays, strict=True):
        content = idx_content(array, side)
        if compressed:
            content = gzip.compress(content, 1)
        (folder / f"{name}{'.gz' if compressed else ''}").write_bytes(content)
    return folder


def write_wheel(folder: Path, member_content: bytes) -> dict[str, Any]:
    """Write the wheel `tiny-digits` 1.0 and return the source that names it."""
    info = "tiny_digits-1.0.dist-info"
    members = {
        "tiny/digits.pkl.gz": gzip.compress(member_content),
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-digits\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    wheel = folder / "tiny_digits-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in (members | {f"{info}/RECORD": record.encode()}).items():
            archive.writestr(name, content)
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return {
        "kind": "package",
        "package": "tiny-digits",
        "version": "1.0",
        "sha256": sha256,
        "member": "tiny/digits.pkl.gz",
    }


def pickle_of(arrays: Arrays) -> bytes:
    """Return a pickle of `arrays` as the real package holds them, the training set cut after four images."""
    train_images, train_labels, test_images, test_labels = arrays
    images = [part.astype(np.float32) / 256 for part in (train_images[:4], train_images[4:], test_images)]
    labels = [part.astype(np.int64) for part in (train_labels[:4], train_labels[4:], test_labels)]
    return pickle.dumps(tuple(zip(images, labels, strict=True)), protocol=2)


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_serves(data: Dataset, arrays: Arrays) -> None:
    for name, array in arrays._asdict().items():
        assert np.array_equal(getattr(data, name).numpy(), array), name
