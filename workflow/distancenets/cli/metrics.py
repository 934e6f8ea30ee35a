"""`distancenets metrics`: what `dvc metrics` and `dvc plots` compare between revisions."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import RESULTS, STUDY, StudyFile
from distancenets.files import write_text


@app.command()
def metrics(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
) -> None:
    """Write metrics.json (final test accuracy by model) and curves/ (mean learning curves) from the collected runs."""
    import json

    from distancenets.configuration.study import load_study
    from distancenets.derived import read_derived
    from distancenets.tables.dvc import CURVES_FOLDER, METRICS_FILE, final_accuracies, mean_curves

    root = output or RESULTS / load_study(study).study
    found = final_accuracies(read_derived(root / "runs.csv"))
    folder = root / CURVES_FOLDER
    curves = dict(mean_curves(read_derived(root / "learning_curves.parquet")))
    for path, curve in curves.items():
        write_text(folder / path, curve.to_csv(index=False, lineterminator="\n"))
    # Curves of models that the study has no longer would be compared as if they were its own.
    for old in {path.relative_to(folder) for path in folder.rglob("*.csv")} - set(curves):
        (folder / old).unlink()
    write_text(root / METRICS_FILE, json.dumps(found, indent=2) + "\n")
