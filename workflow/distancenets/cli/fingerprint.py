"""`distancenets fingerprint`: what training computes, in one digest a model."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, DatasetsFile


@app.command()
def fingerprint(
    check: Annotated[Path | None, typer.Option(help="A file that this command printed: fail if it differs.")] = None,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Print the fingerprint of each model, pixel scaling and OffsetL2 form as CSV.

    It is the SHA-256 of what a few steps of a small fixed problem give. With equal fingerprints, runs have equal bits
    on every processor. A run with another fingerprint is trained again.
    """
    import csv
    import sys

    from distancenets.configuration.datasets import dataset
    from distancenets.errors import UserError
    from distancenets.files import read_text
    from distancenets.training.fingerprint import FIELDS, fingerprints

    rows = list(fingerprints(dataset("mnist", datasets)))
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
    """Return what computes the fingerprints."""
    from distancenets.jobs.processor import processor
    from distancenets.training.engines.native.build import NoCompiler, build

    try:
        made = build()
    except NoCompiler as error:
        return f"the dense engine: {error}"
    return f"{made.target} by {made.compiler}, on {processor('model name') or 'an unnamed processor'}"
