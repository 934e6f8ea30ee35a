"""`distancenets verify`: whether a study's committed tables and verdicts follow from its archive."""

import tempfile
from pathlib import Path

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS, STUDY, StudyFile


@app.command()
def verify(study: StudyFile = STUDY) -> None:
    """Derive every table and verdict anew from the archive of a study, and fail on any difference.

    Nothing is trained, drawn or fetched, and nothing in the study's folder is written.
    """
    from distancenets.configuration.study import load_study
    from distancenets.errors import UserError
    from distancenets.report.verification import compared, derive, differences

    name = load_study(study).study
    root = RESULTS / name
    with tempfile.TemporaryDirectory() as folder:
        found = differences(root, derive(study, name, Path(folder)))
    if found:
        raise UserError("; ".join(found))
    print(f"{root}: all {len(compared(root))} files follow from the archive")
