"""The one compiled function: built by the system's C compiler at first use, kept in the user's cache folder."""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from distancenets.errors import UserError
from distancenets.files import replacing, sha256

SOURCE = Path(__file__).with_name("gather.c")
FLAGS = ("-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC")
# Rows that share what they read; fewer mean more reading, more mean more zeros.
TILE = 6
REALS = {torch.float32: "float", torch.float64: "double"}


class NoCompiler(UserError):
    """There is no C compiler here, or it does not build the function."""


@dataclass(frozen=True)
class Gather:
    """The compiled function for one floating-point type.

    `columns`: its matrices have a multiple of that many columns. `compiler` and `flags` tell how it was built.
    """

    function: Callable[..., int]
    columns: int
    compiler: str
    flags: str


@cache
def gather(dtype: torch.dtype) -> Gather:
    """Return the function for `dtype`; `NoCompiler` says in one line why there is none."""
    command = os.environ.get("CC") or "cc"
    path = shutil.which(command)
    if path is None:
        raise NoCompiler(f"no C compiler ('{command}' is not there)")
    version = _answer([path, "--version"]).partition("\n")[0]
    flags = (*FLAGS, f"-DREAL={REALS[dtype]}", f"-DTILE={TILE}")
    # A home folder may be shared by machines of several kinds.
    kind = "\n".join([SOURCE.read_text(), version, *flags, platform.machine(), _features()])
    library = _load([path, *flags], f"gather-{sha256(kind.encode())[:16]}.so")
    library.gather.restype = ctypes.c_int
    columns = ctypes.c_int64.in_dll(library, "columns").value
    return Gather(library.gather, columns, version, " ".join(flags))


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
                raise NoCompiler(f"the compiled function cannot be loaded ({error})") from error


def _build(command: list[str], path: Path) -> None:
    _answer([*command, str(SOURCE), "-o", str(path)])


def _answer(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoCompiler(f"the C compiler {command[0]} does not run ({error.strerror})") from error
    if answer.returncode != 0:
        reason = (answer.stderr.strip() or f"exit code {answer.returncode}").splitlines()[0]
        raise NoCompiler(f"the C compiler {command[0]} fails ({reason})")
    return answer.stdout


def _features() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
