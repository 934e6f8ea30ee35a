"""`distancenets verify`: whether a study's committed tables and verdicts follow from its archive."""

import tempfile
from pathlib import Path

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS, STUDY, StudyFile


@app.command()
def verify(study: StudyFile = STUDY) -> None:
    """Check the archive of a study against its manifest and itself, and every table and verdict against the archive.

    Nothing is trained, drawn or fetched, and nothing in the study's folder is written.
    """
    from distancenets.configuration.study import load_study
    from distancenets.errors import UserError
    from distancenets.measurements.coherence import archive_faults, count_runs
    from distancenets.report.verification import compared, derive, differences

    name = load_study(study).study
    root = RESULTS / name
    faults = list(archive_faults(root))
    if faults:
        raise UserError("; ".join(faults))
    with tempfile.TemporaryDirectory() as folder:
        found = differences(root, derive(study, name, Path(folder)))
    if found:
        raise UserError("; ".join(found))
    print(f"{root / 'archive'}: all {count_runs(root)} runs agree with the manifest and with one another")
    print(f"{root}: all {len(compared(root))} files follow from the archive")
