"""What git keeps of a study's numbers."""

from pathlib import Path

# What git keeps of a study's numbers; its figures show them again.
COMMITTED = (
    "study.yaml",
    "runs.csv",
    "provenance.csv",
    "metrics.json",
    "verdicts.json",
    "audit.*",
    "claims.*",
    "tables/*",
    "summary.md",
)


def compared(committed: Path) -> list[Path]:
    """Return the files below `committed` that are verified, relative to it."""
    found = {path for pattern in COMMITTED for path in committed.glob(pattern)}
    return sorted(path.relative_to(committed) for path in found)
