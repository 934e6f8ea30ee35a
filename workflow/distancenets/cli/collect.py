"""`distancenets collect`: all runs of a study in three tables."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, RESULTS, STUDY, DatasetsFile, StudyFile
from distancenets.files import replacing_all, write_text


@app.command()
def collect(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Gather runs.csv, learning_curves.parquet and provenance.csv.

    They have a row a run and milestone, a row a run and recorded epoch, and a row a run. A run that was made with other
    parameters than the study's is refused by name. `gathered/` then holds one file, named after the digest of what
    the study's runs come from.
    """
    from distancenets.configuration.recipes import study_digest
    from distancenets.configuration.study import load_study
    from distancenets.derived import deriving
    from distancenets.runs.collect import learning_curves, runs_at_milestones
    from distancenets.runs.provenance import provenance

    settings = load_study(study)
    root = output or RESULTS / settings.study
    curves = learning_curves(settings, root, datasets)
    origins = provenance(settings, root, datasets)
    files = [root / name for name in ("learning_curves.parquet", "runs.csv", "provenance.csv")]
    with deriving("collect", *files), replacing_all(*files) as [curves_file, runs_file, origins_file]:
        curves.to_parquet(curves_file, index=False)
        runs_at_milestones(curves, settings).to_csv(runs_file, index=False)
        origins.to_csv(origins_file, index=False)
    for earlier in (root / "gathered").glob("*"):
        earlier.unlink()
    write_text(root / "gathered" / study_digest(settings, datasets), f"{settings.study}\n")
