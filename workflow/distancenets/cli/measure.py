"""`distancenets measure …`: what is read off the weights of finished runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATA, DATASETS, RESULTS, STUDY, DataFolder, DatasetsFile, StudyFile, Threads
from distancenets.files import replacing
from distancenets.measurements.catalogue import CATALOGUE

measure = typer.Typer(help="Measure what the weights of finished runs hold.", no_args_is_help=True)
app.add_typer(measure, name="measure")


@measure.command("node")
def measure_node(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Record the output of Figure 1's node over the test images, in measurements/figure1.csv."""
    from distancenets.configuration.study import Run, load_study
    from distancenets.datasets.splits import images_of
    from distancenets.datasets.store import read
    from distancenets.derived import deriving
    from distancenets.measurements.figure1 import archived_node_outputs, node_outputs
    from distancenets.measurements.networks import Stored
    from distancenets.runs.inventory import sources
    from distancenets.training.paths import run_path
    from distancenets.training.run_files import RunFolder

    settings = load_study(study)
    root = output or RESULTS / settings.study
    chosen = settings.report.figure1
    run = Run(settings.reported_experiment, chosen.architecture, chosen.representation, chosen.seed)
    epoch = settings.reported_epochs("figure1")
    fresh, archived = sources(settings, root, datasets)
    if run in archived:
        outputs = archived_node_outputs(root, run, epoch, chosen.node)
    else:
        made_by = fresh[run]
        stored = Stored(RunFolder(root / run_path(run)), made_by.run_digest(run.seed))
        images = read(data / made_by.experiment.dataset, made_by.dataset)
        images = images_of(images, made_by.experiment.split, run.seed)
        outputs = node_outputs(stored, made_by, epoch, chosen.node, images)
    file = root / "measurements" / "figure1.csv"
    with deriving("node", file), replacing(file) as path:
        outputs.to_csv(path, index=False)


@measure.command("correct")
def measure_correct(
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    threads: Threads = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Record which test images every run answers correctly at each milestone, in measurements/correct.parquet."""
    from distancenets.configuration.study import load_study
    from distancenets.derived import deriving
    from distancenets.measurements.correct import study_answers

    settings = load_study(study)
    settings = settings.replaced(training=settings.training.with_threads(threads))
    root = output or RESULTS / settings.study
    answers = study_answers(settings, root, datasets, data)
    file = root / "measurements" / "correct.parquet"
    with deriving("correct", file), replacing(file) as path:
        answers.to_parquet(path, index=False)


def _command(name: str) -> Callable[..., None]:
    def command(
        output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
        threads: Threads = None,
        study: StudyFile = STUDY,
        datasets: DatasetsFile = DATASETS,
        data: DataFolder = DATA,
    ) -> None:
        from distancenets.configuration.study import load_study
        from distancenets.measurements.register import measure_study, write_tables

        settings = load_study(study)
        settings = settings.replaced(training=settings.training.with_threads(threads))
        root = output or RESULTS / settings.study
        write_tables(name, measure_study(name, settings, root, datasets, data), root / "measurements")

    return command


for _name, _entry in CATALOGUE.items():
    _help = f"{_entry.text} From the saved weights of every model, seed and milestone."
    measure.command(_name, help=_help)(_command(_name))
