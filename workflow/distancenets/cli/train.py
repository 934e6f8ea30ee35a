"""`distancenets train`: a pack of one model, as the workflow's rule does it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from distancenets.cli.application import app
from distancenets.cli.options import DATA, DATASETS, RESULTS, STUDY, DataFolder, DatasetsFile, StudyFile, Threads


@app.command()
def train(
    architecture: Annotated[str, typer.Option(help="Such as relu or abs_l2; `distancenets models` lists them.")],
    representation: Annotated[str, typer.Option(help="unconstrained, intensity or distance.")],
    seeds: Annotated[str, typer.Option(help="Seeds to train as one pack, such as 7, 0-19 or 0,2,5.")] = "0",
    experiment: Annotated[
        str | None, typer.Option(help="An experiment of the study; its reported one if none.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="In place of the experiment's.")] = None,
    device: Annotated[str, typer.Option(help="auto (a free GPU, else the CPU), cpu, cuda:1, …")] = "auto",
    gpus: Annotated[int | None, typer.Option(help="GPUs that `auto` may use; 0 keeps it to the CPU.")] = None,
    threads: Threads = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace runs made with other parameters.")] = False,
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Train the seeds of one model and write their metrics, weights and provenance.

    A killed run goes on from its checkpoint, a finished one that is asked to be longer from its end. Runs that are
    finished are left as they are.
    """
    # Torch takes seconds to import: `--help` should not wait for it.
    from distancenets.configuration.datasets import dataset as dataset_settings
    from distancenets.configuration.recipes import Recipe
    from distancenets.configuration.study import load_study, parse_seeds
    from distancenets.datasets.splits import images_of
    from distancenets.datasets.store import fetch, read
    from distancenets.jobs.devices import check_device, claimed_device
    from distancenets.models.registry import find_model
    from distancenets.training.initial_state import clear_up
    from distancenets.training.seed_packs import Pack, unfinished
    from distancenets.training.trainer import train as descend

    console = Console(stderr=True, markup=False)
    settings = load_study(study)
    name = experiment or settings.reported_experiment
    find_model(architecture, representation)
    chosen = settings.experiment(name)
    if epochs is not None:
        chosen = chosen.shortened(epochs)
    source = dataset_settings(chosen.dataset, datasets)
    recipe = Recipe(architecture=architecture, representation=representation, experiment=chosen, dataset=source)
    check_device(device)
    root = output or RESULTS / settings.study
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
    images = read(data / chosen.dataset, source)
    # Seeds that draw their own split have no images in common, so each is a pack of one.
    packs = [pack] if chosen.split == "published" else [replace(pack, seeds=(seed,)) for seed in pack.seeds]
    with claimed_device(device, gpus, console.print) as claimed:
        for part in packs:
            own = images_of(images, chosen.split, part.seeds[0])
            descend(part, own, settings.training.with_threads(threads), claimed, console, overwrite)
    clear_up(wanted, overwrite)
