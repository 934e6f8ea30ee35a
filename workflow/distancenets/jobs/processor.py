"""The processor, as the system describes it."""

from pathlib import Path

INFORMATION = Path("/proc/cpuinfo")


def processor(*fields: str) -> str:
    """Return the first value in /proc/cpuinfo under one of `fields`, or an empty string if there is none."""
    lines = INFORMATION.read_text().splitlines() if INFORMATION.exists() else []
    told = (line.partition(":") for line in lines)
    return next((value.strip() for field, _, value in told if field.strip() in fields), "")
