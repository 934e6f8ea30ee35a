"""Commands that check stored files, and what training computes."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import EVERYDAY, MAINTENANCE, app
from distancenets.cli.options import DATASETS, FURTHER, PAPER, RESULTS, STUDY, DatasetsFile, StudyDir, StudyFile, load


@app.command(rich_help_panel=EVERYDAY)
def verify(study: StudyFile = STUDY) -> None:
    """Check a study's archive, and every committed table and verdict against it.

    The archive is compared with its manifest, and its tables with one another. Figures are compared with the digests
    listed when they were drawn. For the paper's study, README.md, docs/findings.md and docs/report/ are checked as
    well. The command trains, draws and fetches nothing, and writes nothing to the study's folder.
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


@app.command("check-runs", rich_help_panel=MAINTENANCE)
def check_runs(study_dir: StudyDir = None, study: StudyFile = STUDY, datasets: DatasetsFile = DATASETS) -> None:
    """Fail if a run is missing or was made with other parameters."""
    from distancenets.runs.collect import check_runs

    settings, root = load(study, study_dir)
    print(f"{settings.study}: all {check_runs(settings, root, datasets)} runs belong to the study")


@app.command("check-dvc-cache", rich_help_panel=MAINTENANCE)
def check_dvc_cache(
    lock: Annotated[Path, typer.Option(help="DVC's lock file.")] = Path("dvc.lock"),
    cache: Annotated[Path, typer.Option(help="DVC's cache.")] = Path(".dvc/cache"),
) -> None:
    """Read every cached file that dvc.lock names, and fail if one is damaged."""
    from distancenets.artifacts import check_artifacts

    print(f"{cache}: {check_artifacts(lock, cache)} files are what {lock} says")


@app.command(rich_help_panel=MAINTENANCE)
def fingerprint(
    check: Annotated[
        Path | None, typer.Option(help="Compare with this file, printed by an earlier call; fail on a difference.")
    ] = None,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Print the fingerprint of each model, pixel scaling and OffsetL2 form as CSV.

    A fingerprint is the SHA-256 of the results of a few training steps on a small fixed problem. Runs with equal
    fingerprints have equal bits on every processor. A run with another fingerprint is trained again.
    """
    import csv
    import sys

    from distancenets.configuration.datasets import load_dataset_settings
    from distancenets.errors import UserError
    from distancenets.files import read_text
    from distancenets.training.fingerprint import FIELDS, fingerprints

    rows = list(fingerprints(load_dataset_settings("mnist", datasets)))
    if check is None:
        writer = csv.DictWriter(sys.stdout, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    expected = list(csv.DictReader(read_text(check).splitlines()))
    missing = [row for row in expected if row not in rows] + [row for row in rows if row not in expected]
    for row in missing:
        where = "here" if row in rows else check
        print(f"{where}: {', '.join(str(row.get(field)) for field in FIELDS)}")
    if missing:
        raise UserError(f"{check}: {len(missing)} lines differ from what this code computes")
    print(f"{check}: all {len(rows)} fingerprints are the same here ({_here()})")


def _here() -> str:
    """Return the compiler, target and processor that compute the fingerprints."""
    from distancenets.jobs.processor import processor
    from distancenets.training.engines.native.build import NoCompiler, build

    try:
        made = build()
    except NoCompiler as error:
        return f"the dense engine: {error}"
    return f"{made.target} by {made.compiler}, on {processor('model name') or 'an unnamed processor'}"
