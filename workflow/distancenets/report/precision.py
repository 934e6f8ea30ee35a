"""Precision: what has to stand wherever results of less than float32's accuracy are shown."""

from collections.abc import Sequence
from pathlib import Path

from distancenets.report.provenance import read_provenance


def in_tf32(root: Path) -> Sequence[str]:
    """Return a warning where runs of the study in `root` were made in TF32, or nothing.

    Raises
    ------
    UserError
        The study's provenance cannot be read.
    """
    runs = read_provenance(root / "provenance.csv")
    rounded = runs[runs["engine"] == "tf32"]
    if rounded.empty:
        return ()
    models = ", ".join(dict.fromkeys(rounded["model"]))
    return (
        f"Made in TF32, with less accuracy than float32: {len(rounded)} of {len(runs)} runs ({models}). "
        "Every number and figure below that shows these models rests on such runs.",
    )
