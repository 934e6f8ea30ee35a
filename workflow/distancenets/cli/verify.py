"""`distancenets verify`: whether all that is committed of a study follows from its archive, or is as it was made."""

import tempfile
from pathlib import Path

from distancenets.cli.application import app
from distancenets.cli.options import FURTHER, PAPER, RESULTS, STUDY, StudyFile


@app.command()
def verify(study: StudyFile = STUDY) -> None:
    """Check the archive of a study against its manifest and itself, and every table and verdict against the archive.

    Figures are held against the digests that were listed when they were drawn. Of the paper's study, README.md,
    docs/findings.md and docs/report/ are checked as well. Nothing is trained, drawn or fetched, and nothing in the
    study's folder is written.
    """
    from distancenets.configuration.study import load_study
    from distancenets.derived import listed_faults
    from distancenets.errors import UserError
    from distancenets.measurements.coherence import archive_faults, count_runs
    from distancenets.report.verification import derive, differences, page_faults
    from distancenets.runs.committed import compared

    name = load_study(study).study
    root = RESULTS / name
    faults = list(archive_faults(root))
    if faults:
        raise UserError("; ".join(faults))
    with tempfile.TemporaryDirectory() as folder:
        found = [*differences(root, derive(study, name, Path(folder))), *listed_faults(root / "figures")]
    shown = load_study(PAPER).study == name
    if shown:
        found += page_faults(study, root, FURTHER)
    if found:
        raise UserError("; ".join(found))
    print(f"{root / 'archive'}: all {count_runs(root)} runs agree with the manifest and with one another")
    print(f"{root}: all {len(compared(root))} files follow from the archive")
    print(f"{root / 'figures'}: all figures are listed with their digests")
    if shown:
        print("README.md, docs/findings.md, docs/report/index.html: show these results")
