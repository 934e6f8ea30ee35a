"""Writing files completely or not at all, and the digests that verify their content."""

import errno
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from distancenets.errors import Damaged, UserError

ATTEMPTS = 100
PART = ".part"
SEAL = "sha256"


def with_ending(stem: Path, ending: str) -> Path:
    """Return `stem` with an `ending` such as ".csv"; unlike `with_suffix`, it keeps the dot of `rate_0.001`."""
    return stem.with_name(stem.name + ending)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it after a block without an error.

    Temporary files that killed processes left in the folder are removed.

    Raises
    ------
    UserError
        The folder cannot be written or the disk is full; nothing is left behind.
    """
    with replacing_all(path) as [temporary]:
        yield temporary


@contextmanager
def replacing_all(*paths: Path) -> Iterator[list[Path]]:
    """Yield temporary paths that replace `paths`, all in one folder, in this order, once all are on the disk.

    Raises
    ------
    UserError
        The folder cannot be written or the disk is full; no path has changed.
    """
    parts: dict[Path, int] = {}
    try:
        for path in paths:
            part, descriptor = _open_part(path)
            parts[part] = descriptor
        clear_parts(paths[0].parent)
        yield list(parts)
        for descriptor in parts.values():
            os.fsync(descriptor)
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
        _sync_folder(paths[0].parent)
    except OSError as error:
        raise UserError(f"{paths[0]}: cannot be written: {error.strerror or error}") from error
    finally:
        for part, descriptor in parts.items():
            part.unlink(missing_ok=True)
            os.close(descriptor)


def clear_parts(folder: Path) -> None:
    """Remove the temporary files in `folder` that no process locks, because their writers are dead."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError), part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def remove_empty(folder: Path, root: Path) -> None:
    """Remove `folder` and the folders above it up to `root`, as long as they are empty."""
    while folder != root.parent:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process is in this block for the lock file `path`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        raise UserError(f"{path}: cannot be locked: {error.strerror or error}") from error
    # The lock ends with the open file, so a killed process leaves none.
    with file:
        yield


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in one move."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_text(path: Path) -> str:
    """Return the text of `path`; a `UserError` names a file that cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: cannot be read: not UTF-8 (byte {error.start}); save it in UTF-8") from error


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`; a `UserError` names a file that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error


def sha256_of_files(paths: Iterable[Path]) -> str:
    """Return one SHA-256 over the names and contents of `paths`, whatever their order."""
    total = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.as_posix()):
        total.update(f"{path.name}\0{sha256(path.read_bytes())}\n".encode())
    return total.hexdigest()


def sha256(content: bytes | memoryview) -> str:
    """Return the SHA-256 of `content` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with their own SHA-256 under the key `sha256`, which replaces an earlier one."""
    content = {key: value for key, value in values.items() if key != SEAL}
    return content | {SEAL: sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())}


def sealed_text(values: Mapping[str, Any]) -> str:
    """Return `values` as a sealed JSON document."""
    return json.dumps(sealed(values), indent=2, ensure_ascii=False) + "\n"


def read_sealed(path: Path) -> dict[str, Any]:
    """Return the sealed JSON document in `path`.

    Raises
    ------
    Damaged
        The file cannot be read, is not such a document, or was changed after it was written.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text)
    except OSError as error:
        raise Damaged(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise Damaged(f"{path}: not a JSON document ({error})") from error
    if not isinstance(values, dict) or SEAL not in values:
        raise Damaged(f"{path}: has no digest of its content")
    if sealed_text(values) != text:
        raise Damaged(f"{path}: its content does not match its digest")
    return values


def _open_part(path: Path) -> tuple[Path, int]:
    """Return a new, locked file beside `path`: its path and its descriptor."""
    for _ in range(ATTEMPTS):
        part = path.parent / f".{path.name}.{secrets.token_hex(4)}{PART}"
        # Another process may remove the folder while it is empty, or the part while it is not locked yet.
        with suppress(FileNotFoundError):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
            # Some file systems have no locks; parts of killed writers remain there.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return part, descriptor
            os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    # Some file systems cannot do this for a folder; the files themselves are on the disk.
    with suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)
