"""`distancenets recheck`: train archived runs again and compare them."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distancenets.cli.application import EVERYDAY, app
from distancenets.cli.options import DATA, DATASETS, STUDY, DataFolder, DatasetsFile, StudyDir, StudyFile, load

if TYPE_CHECKING:
    from distancenets.configuration.study import Study
    from distancenets.datasets.store import Dataset


@app.command(rich_help_panel=EVERYDAY)
def recheck(
    runs: Annotated[
        int | None,
        typer.Option(min=1, help="Number of runs to draw. Without it: each model's lowest seed and one of its others."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Number of epochs to train again, from the first.")] = 50,
    draw: Annotated[int | None, typer.Option(help="Seed of the draw. Without it: a new one each time.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Draw runs of this experiment only.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads; they change no bit. Without it: all cores.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write one row per run to this CSV file.")] = None,
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Train archived runs again for their first epochs, and compare every number.

    Runs of the compiled engine and of the same code must be equal to the bit. Other runs must agree within a
    tolerance for their first few epochs. A run cannot be compared if older code drew other initial weights.
    The exit status is 1 if a run differs.
    """
    import random

    import torch
    from rich.console import Console

    from distancenets.configuration.recipes import study_recipe
    from distancenets.errors import UserError
    from distancenets.files import write_text
    from distancenets.report.rechecks import following, recheck_table
    from distancenets.runs import recheck as recheck_runs
    from distancenets.runs import recheck_record
    from distancenets.runs.archive import METRICS, archived_table, entries
    from distancenets.runs.manifest import archive_folder

    settings, root = load(study, study_dir)
    if experiment is not None:
        settings.experiment(experiment)
    held = entries(settings, root, datasets)
    candidates = [run for run in held if experiment in (None, run.experiment)]
    if not candidates:
        where = f"experiment '{experiment}'" if experiment else f"study '{settings.study}'"
        raise UserError(
            f"{archive_folder(root)}: contains no run of {where}; `distancenets archive` adds finished ones"
        )
    seed = random.randrange(10**6) if draw is None else draw
    drawn = recheck_runs.draw(candidates, seed, runs)
    console, errors = Console(highlight=False, markup=False), Console(stderr=True, highlight=False, markup=False)
    errors.print(f"{len(drawn)} of {len(candidates)} archived runs, drawn with --draw {seed}", soft_wrap=True)
    images = _images({settings.experiments[run.experiment].dataset for run in drawn}, settings, datasets, data)
    training = settings.training.replaced(engine="auto", threads=threads or torch.get_num_threads())
    done = []
    for run in following(drawn, errors):
        recipe = study_recipe(settings, *run[:3], datasets)
        archived = archived_table(METRICS, [run], root)
        known = images[recipe.experiment.dataset]
        done.append(recheck_runs.recheck(run, recipe, held[run].provenance, archived, known, epochs, training))
    console.width = max(console.width, 110)
    console.print(recheck_table(done))
    table = recheck_record.table(done, seed)
    if csv is not None:
        write_text(csv, table.to_csv(index=False, lineterminator="\n"))
    print(recheck_record.verdict(table))


def _images(names: set[str], study: "Study", datasets: Path, data: Path) -> "dict[str, Dataset]":
    """Return the data sets `names`, fetched first if they are missing."""
    from distancenets.configuration.datasets import load_dataset_settings
    from distancenets.datasets.store import fetch, load_dataset

    sources = {name: load_dataset_settings(name, datasets) for name in sorted(names)}
    for name, source in sources.items():
        if not (data / name).exists():
            fetch(name, source, data, study.data_folder, partial(print, file=sys.stderr))
    return {name: load_dataset(data / name, source) for name, source in sources.items()}
