"""Provenance: the code, libraries, device and allocation of a run."""

import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import distancenets
from distancenets.jobs.processor import processor
from distancenets.jobs.schedulers import allocation

PACKAGE = Path(distancenets.__file__).parent
LIBRARIES = ("torch", "numpy", "safetensors", "pyarrow")


def environment(device: torch.device) -> dict[str, Any]:
    """Return code version, library versions, device and scheduler's allocation, as recorded in `run.json`."""
    # Processors of the same name may differ in them, and so in speed and rounding.
    instructions = torch.backends.cpu.get_cpu_capability()
    return {
        "code": {"version": distancenets.__version__, "revision": _revision()},
        "libraries": {"python": platform.python_version()} | {library: version(library) for library in LIBRARIES},
        "device": {"kind": device.type, "name": _device_name(device), "cpu_instructions": instructions},
        "threads": torch.get_num_threads(),
        "allocation": allocation(),
    }


def _revision() -> str | None:
    # An exported copy inside another repository does not belong to its commits.
    if not _git("ls-files", "."):
        return None
    found = _git("describe", "--always", "--abbrev=12")
    # Check the package alone: git also tracks results, which a study rewrites.
    return f"{found}-dirty" if _git("status", "--porcelain", ".") else found or None


def _git(*arguments: str) -> str:
    """Return git's output for the package, or an empty string without git or a repository."""
    if shutil.which("git") is None:
        return ""
    command = ["git", "-C", str(PACKAGE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout.strip()


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor("model name") or platform.processor() or platform.machine()
