"""`distancenets archive`: finished runs, measured and put into a study's archive."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATA, DATASETS, RESULTS, STUDY, DataFolder, DatasetsFile, StudyFile


@app.command()
def archive(
    runs: Annotated[Path | None, typer.Argument(help="A folder with runs.  [default: results/<study>]")] = None,
    repaired: Annotated[
        bool,
        typer.Option("--repair", help="Archive nothing; list what is intact in the manifest."),
    ] = False,
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Put finished runs, measured at the study's milestones, into the archive that git keeps, without their weights.

    Runs that were trained for fewer epochs than the study's count as far as they went. What is archived is not
    trained again, and tables, figures and claims are made from it as from runs on disk.
    """
    from distancenets.configuration.datasets import dataset
    from distancenets.configuration.study import load_study
    from distancenets.datasets.store import Dataset, read
    from distancenets.errors import UserError
    from distancenets.measurements.archiving import adds, finished_runs, tables_of
    from distancenets.runs.archive import deposit, entries
    from distancenets.runs.manifest import archive_folder
    from distancenets.runs.repairs import repair

    settings = load_study(study)
    root = output or RESULTS / settings.study
    if repaired:
        lines = repair(root)
        print("\n".join(lines) or f"{archive_folder(root)}: nothing to repair")
        return
    held = entries(settings, root, datasets)
    images: dict[str, Dataset] = {}
    found = list(finished_runs(settings, runs or root, datasets))
    if not found:
        raise UserError(f"{runs or root}: holds no finished run of study '{settings.study}'")
    for finished in found:
        label = "/".join(str(axis) for axis in finished.run)
        if not adds(finished, held.get(finished.run)):
            print(f"{label}: archived already")
            continue
        name = settings.experiments[finished.run.experiment].dataset
        if name not in images:
            images[name] = read(data / name, dataset(name, datasets))
        deposit(root, tables_of(finished, settings, datasets, images[name]))
        print(f"{label}: archived at {', '.join(f'{epoch:,}' for epoch in finished.milestones)} epochs")
