"""The build: the compiler pinned in the lock turns the C source into a library in the user's cache."""

import ctypes
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from distancenets.errors import UserError
from distancenets.files import replacing, sha256
from distancenets.jobs.processor import processor
from distancenets.models.activations import ACTIVATIONS, Activation

FOLDER = Path(__file__).parent
SOURCES = ("vectors.h", "lists.h", "heads.h", "batches.h", "optimisers.h", "step.c")
# No product is fused with a sum unless the source says so. Nothing is linked, since the functions call no library.
FLAGS = ("-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-shared", "-fPIC", "-nostdlib", "-s")
# The processor features that each target needs, the fastest target first. All targets give the same bits.
TARGETS = {
    "x86_64_v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "x86_64_v3": {"avx2", "fma"},
}
TARGET_VARIABLE = "DISTANCENETS_MARCH"


class NoCompiler(UserError):
    """This platform has no compiled engine."""


@dataclass(frozen=True)
class Build:
    """The library with its compiler and target, as recorded in `run.json`."""

    functions: ctypes.CDLL
    compiler: str
    target: str


@cache
def build() -> Build:
    """Return the compiled functions.

    Raises
    ------
    NoCompiler
        The processor has no target, or there is no compiler.
    UserError
        The compiler fails, or there is no disk space for its output.
    """
    goal = target()
    command, name = _compiler(goal)
    sources = {source: (FOLDER / source).read_text(encoding="utf-8") for source in SOURCES}
    sources["activations.h"] = activations_header()
    key = sha256("\n".join([name, *FLAGS, goal, platform.system(), *sources.values()]).encode())
    return Build(_load([*command, *FLAGS], sources, f"step-{key[:24]}"), name, goal)


def target() -> str:
    """Return the instruction set to build for: DISTANCENETS_MARCH, or the fastest that the processor has."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return "aarch64"
    wanted = os.environ.get(TARGET_VARIABLE)
    if wanted is not None and wanted not in TARGETS:
        raise UserError(f"{TARGET_VARIABLE}={wanted}: expected one of: {', '.join(TARGETS)}")
    features = set(processor("flags").split())
    found = next((name for name, needed in TARGETS.items() if wanted in (None, name) and needed <= features), None)
    if found is None and wanted is not None:
        raise UserError(f"{TARGET_VARIABLE}={wanted}: this processor lacks {', '.join(TARGETS[wanted] - features)}")
    if found is None:
        raise NoCompiler("the processor has no AVX2 and FMA")
    return found


def compiled_activations() -> list[Activation]:
    """Return the activations that have a C form, in the order of their numbers in C."""
    return [activation for activation in ACTIVATIONS.values() if activation.value and activation.slope]


def activations_header() -> str:
    """Return the C source of every activation and its slope, made of the registry's expressions."""
    lines: list[str] = []
    for number, activation in enumerate(compiled_activations()):
        lines += [
            f"static inline float value_{number}(float z) {{ return {activation.value}; }}",
            f"static inline float slope_{number}(float z) {{ return {activation.slope}; }}",
        ]
    for name, to, step in (
        ("activate", "h", "h[i] = value_{}(z[i])"),
        ("multiply_by_slope", "d", "d[i] *= slope_{}(z[i])"),
    ):
        cases = [
            f"    case {number}: for (int64_t i = 0; i < n; i++) {step.format(number)}; break;"
            for number in range(len(compiled_activations()))
        ]
        start = f"static void {name}(int64_t which, int64_t n, const float *z, float *{to}) {{"
        lines += [start, "  switch (which) {", *cases, "  }", "}"]
    return "\n".join(lines) + "\n"


def _compiler(goal: str) -> tuple[list[str], str]:
    """Return the command and the name of the compiler: CC if it is set, else the one in the lock."""
    chosen = os.environ.get("CC")
    if chosen:
        command = chosen.split()
        if shutil.which(command[0]) is None:
            raise UserError(f"CC={chosen}: there is no '{command[0]}'; unset CC to use the compiler in the lock")
        name = _answer([*command, "--version"]).partition("\n")[0]
        return [*command, *_march(goal.replace("_", "-"))], name
    try:
        name = f"ziglang {version('ziglang')}"
    except PackageNotFoundError as error:
        raise NoCompiler("the package ziglang, its compiler, is not installed") from error
    return [sys.executable, "-m", "ziglang", "cc", *_march(goal)], name


def _march(goal: str) -> list[str]:
    return [] if goal == "aarch64" else [f"-march={goal}", "-mprefer-vector-width=512"]


def _load(command: list[str], sources: dict[str, str], name: str) -> ctypes.CDLL:
    """Return the library `name` from the cache, or build it. Without a usable cache, only this process has it."""
    folder = _cache_folder()
    found = sorted(folder.glob(f"{name}-*.so")) if folder else []
    kept = next((path for path in found if _is_intact(path)), None)
    if kept is not None:
        return ctypes.CDLL(str(kept))
    built = _compile(command, sources)
    if folder is None:
        return _loaded_from_memory(built)
    kept = folder / f"{name}-{sha256(built)[:16]}.so"
    try:
        for damaged in found:
            damaged.unlink(missing_ok=True)
        with replacing(kept) as path:
            path.write_bytes(built)
        return ctypes.CDLL(str(kept))
    except (OSError, UserError):
        return _loaded_from_memory(built)


def _cache_folder() -> Path | None:
    """Return the cache, or None if it is not this user's alone: a library in it runs with the user's rights."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(base) if base else Path.home() / ".cache"
        folder = folder / "distancenets"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_private(folder) else None
    except (OSError, RuntimeError):
        return None


def _is_private(path: Path) -> bool:
    found = path.lstat()
    return found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode) and not found.st_mode & 0o022


def _is_intact(path: Path) -> bool:
    """Whether the library is the user's own and its bytes have the digest in its name."""
    return _is_private(path) and path.stem.endswith(sha256(path.read_bytes())[:16])


def _loaded_from_memory(built: bytes) -> ctypes.CDLL:
    """Load a library without a file system: no folder has to be writable or to allow programs."""
    handle = os.memfd_create("distancenets")
    with os.fdopen(handle, "wb", closefd=False) as file:
        file.write(built)
    return ctypes.CDLL(f"/proc/self/fd/{handle}")


def _compile(command: list[str], sources: dict[str, str]) -> bytes:
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for source, text in sources.items():
                (folder / source).write_text(text, encoding="utf-8")
            # The compiler's own cache: a home folder may be missing or full.
            caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), name)
            _answer([*command, "step.c", "-o", "step.so"], cwd=folder, env=os.environ | caches)
            return (folder / "step.so").read_bytes()
    except OSError as error:
        raise UserError(f"{tempfile.gettempdir()}: no room to compile the engine: {error.strerror or error}") from error


def _answer(command: list[str], **place: Any) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, **place)
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"]
        reason = next((line for line in lines if "error" in line), lines[0])
        remedy = "; unset CC to use the compiler in the lock, a clang" if os.environ.get("CC") else ""
        raise UserError(f"the C compiler fails ({' '.join(command[:4])}): {reason}{remedy}")
    return str(answer.stdout)
