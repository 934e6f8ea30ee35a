"""Compiled functions: built by the system's C compiler at first use, kept in the user's cache folder."""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from distancenets.errors import UserError
from distancenets.files import replacing, sha256
from distancenets.training.processor import processor

FLAGS = ("-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC")


class NoCompiler(UserError):
    """There is no C compiler here, or it does not build the functions."""


@dataclass(frozen=True)
class Library:
    """The compiled functions of a source; `compiler` and `flags` tell how they were built."""

    functions: ctypes.CDLL
    compiler: str
    flags: str


@cache
def compiled(source: Path, *own_flags: str) -> Library:
    """Return the functions of `source`; `NoCompiler` says in one line why there are none."""
    command = os.environ.get("CC") or "cc"
    path = shutil.which(command)
    if path is None:
        raise NoCompiler(f"no C compiler ('{command}' is not there)")
    version = _answer([path, "--version"]).partition("\n")[0]
    flags = (*FLAGS, *own_flags)
    # A home folder may be shared by machines of several kinds.
    kind = "\n".join([source.read_text(), version, *flags, platform.machine(), features()])
    name = f"{source.stem}-{sha256(kind.encode())[:16]}.so"
    return Library(_load([path, *flags, str(source)], name), version, " ".join(flags))


def features() -> str:
    """Return what the processor says it can do; empty where the system does not tell."""
    return processor("flags", "Features")


def _load(command: list[str], name: str) -> ctypes.CDLL:
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "distancenets", name)
    try:
        if not kept.exists():
            with replacing(kept) as path:
                _build(command, path)
        return ctypes.CDLL(str(kept))
    except NoCompiler:
        raise
    except (OSError, UserError):
        # No cache folder that can be written, or none that code may be loaded from: built for this process alone.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            _build(command, path)
            try:
                return ctypes.CDLL(str(path))
            except OSError as error:
                raise NoCompiler(f"the compiled functions cannot be loaded ({error})") from error


def _build(command: list[str], path: Path) -> None:
    _answer([*command, "-o", str(path)])


def _answer(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoCompiler(f"the C compiler {command[0]} does not run ({error.strerror})") from error
    if answer.returncode != 0:
        reason = (answer.stderr.strip() or f"exit code {answer.returncode}").splitlines()[0]
        raise NoCompiler(f"the C compiler {command[0]} fails ({reason})")
    return answer.stdout
