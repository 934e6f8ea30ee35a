"""`distancenets figure geometry` and `distancenets geometry-tables`: what the measurements show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.figures import figure
from distancenets.cli.options import (
    DATA,
    DATASETS,
    PUBLISHED,
    RESULTS,
    STUDY,
    DataFolder,
    DatasetsFile,
    PublishedFile,
    StudyFile,
)

if TYPE_CHECKING:
    import pandas

Output = Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")]


@figure.command("geometry")
def geometry_figures(
    experiment: Annotated[str, typer.Option(help="The experiment to draw, at its last epoch.")],
    output: Output = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Draw a figure of each measurement, as figures/<measurement>_<experiment>."""
    from distancenets.configuration.datasets import dataset
    from distancenets.configuration.study import load_study
    from distancenets.datasets.store import read
    from distancenets.figures.activity import dead_nodes_figure
    from distancenets.figures.mahalanobis import mahalanobis_figure
    from distancenets.figures.orientation import orientation_figure
    from distancenets.figures.perturbation import perturbation_figure
    from distancenets.figures.projections import projections_figure
    from distancenets.figures.prototypes import neighbours_figure, prototypes_figure
    from distancenets.figures.style import use_style, write_figure

    use_style()
    settings = load_study(study)
    root = output or RESULTS / settings.study
    chosen = settings.experiment(experiment)
    source = dataset(chosen.dataset, datasets)

    def rows(name: str) -> "pandas.DataFrame":
        return _last_epoch(root / f"{name}.csv", experiment, chosen.epochs)

    title, seed = f"{experiment}, {chosen.epochs:,} epochs", settings.report.figure1.seed
    images = read(data / chosen.dataset, source).train_images.numpy()
    neighbours = rows("measurements/prototype_neighbours")
    nearest = f"{title}, seed {seed}: training images nearest to each prototype (framed: another class's)"
    figures = {
        "activity": dead_nodes_figure(rows("measurements/activity"), rows("runs"), title),
        "projections": projections_figure(rows("measurements/projections"), title),
        "orientation": orientation_figure(rows("measurements/orientation_by_run"), title),
        "prototypes": prototypes_figure(rows("measurements/prototypes_by_run"), title),
        "prototype_images": neighbours_figure(neighbours, images, source.class_names, seed, nearest),
        "mahalanobis": mahalanobis_figure(rows("measurements/mahalanobis_by_run"), title),
        "perturbation": perturbation_figure(rows("measurements/perturbation"), title),
    }
    for name, drawn in figures.items():
        write_figure(drawn, root / "figures" / f"{name}_{experiment}")


@app.command("geometry-tables")
def geometry_tables(output: Output = None, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write a table of each measurement, over the seeds of each model, at the reported epochs."""
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.measurements.catalogue import CATALOGUE
    from distancenets.tables.formats import write_table
    from distancenets.tables.geometry import (
        geometry_cells,
        geometry_table,
        layout_of,
        measured_file,
        with_published_activity,
    )

    settings = load_study(study)
    root = output or RESULTS / settings.study
    record = load_published(published)
    for name in CATALOGUE:
        epoch = settings.reported_epochs(name)
        runs = _last_epoch(root / "measurements" / measured_file(name), settings.reported_experiment, epoch)
        layout = layout_of(name, runs)
        table = geometry_table(runs, layout)
        cells = geometry_cells(table, layout)
        if name == "activity":
            table, cells = with_published_activity(table, cells, record.activity)
        caption = f"{layout.caption}; {settings.reported_experiment}, {epoch:,} epochs"
        write_table(root / "tables" / name, table, cells, caption)


def _last_epoch(path: Path, experiment: str, epoch: int) -> "pandas.DataFrame":
    import pandas

    from distancenets.errors import UserError

    try:
        table = pandas.read_csv(path, keep_default_na=False, na_values=["NaN", ""])
    except (OSError, pandas.errors.ParserError, pandas.errors.EmptyDataError) as error:
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    chosen = table[(table["experiment"] == experiment) & (table["epoch"] == epoch)]
    if chosen.empty:
        raise UserError(f"{path}: no rows of experiment '{experiment}' at epoch {epoch}")
    return chosen
