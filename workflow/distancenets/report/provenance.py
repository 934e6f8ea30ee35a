"""The provenance of the runs in a few lines: versions, digests, devices, time and cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from distancenets.derived import read_derived
from distancenets.runs.provenance import cost

# Heading → the columns of provenance.csv that it shows together.
ORIGINS = {
    "Code": ("code_version", "code_revision", "code_fingerprint"),
    "Python": ("python",),
    "Libraries": ("torch", "numpy", "safetensors", "pyarrow"),
    "Device": ("device", "device_name"),
    "Engine": ("engine",),
    "Threads a job": ("threads",),
}
SHORT = 12


class Fact(NamedTuple):
    """A heading and the lines below it: several if the runs differ."""

    heading: str
    lines: Sequence[str]


def read_provenance(path: Path) -> pd.DataFrame:
    """Return the table that `distancenets collect` wrote to `path`; a `UserError` names any other file."""
    text = {name: str for columns in ORIGINS.values() for name in columns} | {"pack": str}
    columns = ("experiment", "model", *text, "digest", "seconds")
    return read_derived(path, columns, dtype={name: kind for name, kind in text.items() if name != "threads"})


def facts(runs: pd.DataFrame) -> list[Fact]:
    """Return what the runs of a provenance table share, where they differ, and what they cost."""
    return [
        *(Fact(heading, _different(runs, columns)) for heading, columns in ORIGINS.items()),
        Fact("Training cost", [_cost(runs)]),
    ]


def cells(runs: pd.DataFrame) -> list[list[str]]:
    """Return one row per run, as text: experiment, model, seed, digest, device, engine, pack, seconds."""
    return [
        [
            str(run["experiment"]),
            str(run["model"]),
            str(run["seed"]),
            str(run["digest"])[:SHORT],
            str(run["device"]),
            str(run["engine"]),
            str(run["pack"]),
            f"{run['seconds']:,.1f}",
        ]
        for run in _records(runs)
    ]


def _different(runs: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    groups = runs.groupby(list(columns), sort=False, dropna=False).size()
    lines = [
        ", ".join(_told(name, value) for name, value in zip(columns, values, strict=True))
        for values in ((key if isinstance(key, tuple) else (key,)) for key in groups.index)
    ]
    if len(lines) == 1:
        return lines
    return [f"{line} ({count} of {len(runs)} runs)" for line, count in zip(lines, groups, strict=True)]


def _told(name: str, value: object) -> str:
    known = "unknown" if pd.isna(value) else str(value)  # type: ignore[call-overload]
    if name in ORIGINS["Libraries"]:
        return f"{name} {known}"
    return f"{name.removeprefix('code_')} {known[:SHORT]}" if name.startswith("code_") else known


def _cost(runs: pd.DataFrame) -> str:
    found = cost(runs)
    hours = [f"{value:,.2f} {unit}" for unit, value in (("CPU-hours", found.cpu_hours), ("GPU-hours", found.gpu_hours))]
    return " and ".join(text for text, value in zip(hours, found, strict=True) if value) or hours[0]


def _records(runs: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in runs.to_dict("records")]
