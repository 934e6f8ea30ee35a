"""Provenance: what a run was made from, with and on."""

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
    """Return code version, library versions, device and what a scheduler gave, as `run.json` keeps them."""
    # Processors of one name differ in them, and so in speed and rounding.
    instructions = torch.backends.cpu.get_cpu_capability()
    return {
        "code": {"version": distancenets.__version__, "revision": _revision()},
        "libraries": {"python": platform.python_version()} | {library: version(library) for library in LIBRARIES},
        "device": {"kind": device.type, "name": _device_name(device), "cpu_instructions": instructions},
        "threads": torch.get_num_threads(),
        "allocation": allocation(),
    }


def _revision() -> str | None:
    # An exported copy within another repository is none of its commits.
    if not _git("ls-files", "."):
        return None
    found = _git("describe", "--always", "--abbrev=12")
    # Of the package alone: the results that a study rewrites stand in git, too.
    return f"{found}-dirty" if _git("status", "--porcelain", ".") else found or None


def _git(*arguments: str) -> str:
    """Return what git says of the package, or nothing where there is no git or no repository."""
    if shutil.which("git") is None:
        return ""
    command = ["git", "-C", str(PACKAGE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout.strip()


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor("model name") or platform.processor() or platform.machine()
