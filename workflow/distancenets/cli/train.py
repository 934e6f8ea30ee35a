"""Everyday commands about runs: plan, train, archive and show them."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from distancenets.cli.application import EVERYDAY, app
from distancenets.cli.options import (
    DATA,
    DATASETS,
    PUBLISHED,
    STUDY,
    DataFolder,
    DatasetsFile,
    PublishedFile,
    StudyDir,
    StudyFile,
    Threads,
    load,
)


@app.command(rich_help_panel=EVERYDAY)
def models() -> None:
    """List the models: their axes, the paper's names and their formulas."""
    from rich.table import Table

    from distancenets.models.registry import models

    table = Table("paper", "architecture", "representation", "hidden features h", "outputs", box=None)
    for model in models():
        hidden = model.activation.formula.replace("z", "Wx + b")
        table.add_row(model.paper_name, model.architecture, model.representation.name, hidden, model.formula)
    Console(width=max(Console().width, 100), markup=False).print(table)


@app.command(rich_help_panel=EVERYDAY)
def train(
    architecture: Annotated[
        str, typer.Option(help="The architecture, such as relu or abs_l2; `distancenets models` lists all.")
    ],
    representation: Annotated[str, typer.Option(help="The representation: unconstrained, intensity or distance.")],
    seeds: Annotated[str, typer.Option(help="Seeds to train as one pack, such as 7, 0-19 or 0,2,5.")] = "0",
    experiment: Annotated[
        str | None, typer.Option(help="The experiment of the study.", show_default="its reported one")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Number of epochs to train.", show_default="the experiment's")
    ] = None,
    device: Annotated[str, typer.Option(help="The device: auto (a free GPU, else the CPU), cpu, cuda:1, …")] = "auto",
    gpus: Annotated[int | None, typer.Option(help="Number of GPUs that `auto` may use; 0 means the CPU.")] = None,
    threads: Threads = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace runs made with other parameters.")] = False,
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Train seeds of one model; write their metrics, weights and provenance.

    A killed run continues from its checkpoint. A finished run continues from its end if more epochs are asked for,
    and stays unchanged otherwise.
    """
    # Imported here because torch takes seconds to import, and `--help` should not wait for it.
    from distancenets.configuration.datasets import load_dataset_settings
    from distancenets.configuration.recipes import Recipe
    from distancenets.configuration.study import parse_seeds
    from distancenets.datasets.splits import images_of
    from distancenets.datasets.store import fetch, load_dataset
    from distancenets.jobs.devices import check_device, claimed_device
    from distancenets.models.registry import find_model
    from distancenets.training.initial_state import clear_up
    from distancenets.training.seed_packs import Pack, unfinished
    from distancenets.training.trainer import train as descend

    console = Console(stderr=True, markup=False)
    settings, root = load(study, study_dir)
    name = experiment or settings.reported_experiment
    find_model(architecture, representation)
    chosen = settings.experiment(name)
    if epochs is not None:
        chosen = chosen.shortened(epochs)
    source = load_dataset_settings(chosen.dataset, datasets)
    recipe = Recipe(architecture=architecture, representation=representation, experiment=chosen, dataset=source)
    check_device(device)
    wanted = Pack(root, name, recipe, parse_seeds(seeds, settings.seeds))

    def tell(line: str) -> None:
        console.print(f"{wanted.label}: {line}", markup=False, soft_wrap=True, highlight=False)

    pack = unfinished(wanted, overwrite, tell)
    if pack is None:
        clear_up(wanted, overwrite)
        tell("finished already")
        return
    if not (data / chosen.dataset).exists():
        fetch(chosen.dataset, source, data, settings.data_folder, console.print)
    images = load_dataset(data / chosen.dataset, source)
    # Seeds with their own split share no images, so each is a pack of one.
    packs = [pack] if chosen.split == "published" else [replace(pack, seeds=(seed,)) for seed in pack.seeds]
    with claimed_device(device, gpus, console.print) as claimed:
        for part in packs:
            own = images_of(images, chosen.split, part.seeds[0])
            descend(part, own, settings.training.with_threads(threads), claimed, console, overwrite)
    clear_up(wanted, overwrite)


@app.command("show-run", rich_help_panel=EVERYDAY)
def show_run(
    run: Annotated[
        str,
        typer.Argument(
            help="A run's folder, or experiment/architecture/representation/seed, such as raw/relu/distance/0; "
            "without an experiment, the study's reported one is shown.",
        ),
    ],
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Show one run: its numbers, learning curves, files, and how to repeat it."""
    from distancenets.configuration.study import load_study
    from distancenets.report.runs import find_run, parse_run, read_run
    from distancenets.terminal.run_sheet import again, run_sheet

    folder = Path(run)
    # A run's folder is enough; the study is then only needed for the command that repeats it.
    settings = None if folder.is_dir() and not study.exists() else load_study(study)
    if settings is None or folder.is_dir():
        found = read_run(folder)
    else:
        found = find_run(parse_run(run, settings), *load(study, study_dir), datasets)
    console = Console(highlight=False, markup=False)
    for part in run_sheet(found):
        console.print(part)
    for path in (found.files.metrics, found.files.weights, found.files.provenance):
        size = f"{path.stat().st_size / 1000:,.1f} kB" if path.exists() else "not on disk: the run is archived"
        console.print(f"{path} ({size})", soft_wrap=True)
    command = settings and again(found, settings, study)
    print(f"again: {command}" if command else f"again: {study} has no such run; name its study with --study")


@app.command(rich_help_panel=EVERYDAY)
def plan(
    hours: Annotated[float, typer.Option(min=0, help="Hours available for training.")] = 6.0,
    cores: Annotated[int, typer.Option(min=1, help="Cores available for training; each trains one run.")] = 1,
    commands: Annotated[bool, typer.Option("--commands", help="Print only the training commands.")] = False,
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    published: PublishedFile = PUBLISHED,
) -> None:
    """List what each open claim lacks, then the runs to train next.

    Costs come from archived runs on this kind of processor. Nothing is trained, archived or written.
    """
    from distancenets.claims.planned_runs import plan as planned
    from distancenets.claims.plans import as_commands, as_text

    settings, root = load(study, study_dir)
    found = planned(settings, root, hours, cores, datasets, published)
    if commands:
        print("\n".join(as_commands(found.batches, settings, study)))
    else:
        print(as_text(found.targets, found.batches, found.costs, settings, hours, cores))


@app.command(rich_help_panel=EVERYDAY)
def archive(
    runs: Annotated[
        Path | None, typer.Argument(help="The folder with the runs.", show_default="results/<study>")
    ] = None,
    repaired: Annotated[
        bool,
        typer.Option("--repair", help="Archive nothing; repair the manifest, and drop models with damaged files."),
    ] = False,
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Measure finished runs and add them, without weights, to the archive.

    Git keeps the archive. Runs are measured at the study's milestones; shorter runs are used up to their last epoch.
    The workflow does not train archived runs again. It uses them like runs on disk.
    """
    from distancenets.datasets.store import loader
    from distancenets.errors import UserError
    from distancenets.measurements.archiving import adds, finished_runs, tables_of
    from distancenets.runs.archive import add_to_archive, entries
    from distancenets.runs.manifest import archive_folder
    from distancenets.runs.repairs import repair

    settings, root = load(study, study_dir)
    if repaired:
        lines = repair(root)
        print("\n".join(lines) or f"{archive_folder(root)}: nothing to repair")
        return
    held = entries(settings, root, datasets)
    load_images = loader(datasets, data)
    found = list(finished_runs(settings, runs or root, datasets))
    if not found:
        raise UserError(f"{runs or root}: contains no finished run of study '{settings.study}'")
    for finished in found:
        label = "/".join(str(axis) for axis in finished.run)
        if not adds(finished, held.get(finished.run)):
            print(f"{label}: archived already")
            continue
        images = load_images(settings.experiments[finished.run.experiment].dataset)
        add_to_archive(root, tables_of(finished, settings, datasets, images))
        print(f"{label}: archived at {', '.join(f'{epoch:,}' for epoch in finished.milestones)} epochs")
