"""The numerical results of a study that git stores."""

from pathlib import Path

# Without figures, which show the same numbers.
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


def shown(root: Path) -> list[Path]:
    """Return the files of the study in `root` that another study's report shows, relative to `root`."""
    figures = (path.relative_to(root) for path in (root / "figures").glob("*.svg"))
    return sorted({*compared(root), *figures})
