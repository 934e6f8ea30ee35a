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
    experiment: Annotated[str, typer.Option(help="The experiment to draw.")],
    output: Output = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw a figure of each measurement, as figures/<measurement>_<experiment>.

    Figures with a row a model show every milestone; points and curves of runs are drawn at the one that is nearest to
    the epochs of the paper's running text, since that is what they are about.
    """
    from distancenets.configuration.datasets import dataset
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.datasets.splits import images_of
    from distancenets.datasets.store import read
    from distancenets.figures.activity import dead_nodes_figure
    from distancenets.figures.mahalanobis import mahalanobis_figure
    from distancenets.figures.model_rows import title_of
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
    told = chosen.kept_nearest(load_published(published).tables["discussion"].epochs)

    def rows(name: str, epoch: int | None = None) -> "pandas.DataFrame":
        return _rows(root / f"{name}.csv", experiment, epoch)

    runs, seed = rows("runs"), settings.report.figure1.seed
    title, title_at = title_of(experiment, runs), f"{experiment}, {told:,} epochs"
    images = images_of(read(data / chosen.dataset, source), chosen.split, seed).train_images.numpy()
    neighbours = rows("measurements/prototype_neighbours")
    nearest = f"{experiment}, seed {seed}: training images nearest to each prototype (framed: another class's)"
    figures = {
        "activity": dead_nodes_figure(rows("measurements/activity", told), runs, title_at),
        "projections": projections_figure(rows("measurements/projections"), title),
        "orientation": orientation_figure(rows("measurements/orientation_by_run"), title),
        "prototypes": prototypes_figure(rows("measurements/prototypes_by_run"), title),
        "prototype_images": neighbours_figure(neighbours, images, source.class_names, seed, nearest),
        "mahalanobis": mahalanobis_figure(rows("measurements/mahalanobis_by_run"), title),
        "perturbation": perturbation_figure(rows("measurements/perturbation", told), title_at),
    }
    for name, drawn in figures.items():
        write_figure(drawn, root / "figures" / f"{name}_{experiment}")


@app.command("geometry-tables")
def geometry_tables(output: Output = None, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write a table of each measurement, over the seeds of each model, at every milestone or the one reported."""
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.measurements.catalogue import CATALOGUE
    from distancenets.tables.measurements import (
        geometry_cells,
        geometry_table,
        layout_of,
        measured_file,
        with_published_activity,
    )
    from distancenets.tables.writers import write_table
    from distancenets.words import epochs_text

    settings = load_study(study)
    root = output or RESULTS / settings.study
    record = load_published(published)
    for name in CATALOGUE:
        epoch = settings.report.epochs.get(name)
        runs = _rows(root / "measurements" / measured_file(name), settings.reported_experiment, epoch)
        layout = layout_of(name, runs)
        table = geometry_table(runs, layout)
        cells = geometry_cells(table, layout)
        if name == "activity":
            table, cells = with_published_activity(table, cells, record.activity)
        caption = f"{layout.caption}; {settings.reported_experiment}, {epochs_text(runs['epoch'])}"
        write_table(root / "tables" / name, table, cells, caption)


def _rows(path: Path, experiment: str, epoch: int | None) -> "pandas.DataFrame":
    """Return the rows of `experiment` in the file `path`: at `epoch`, or at every milestone."""
    from distancenets.derived import read_derived
    from distancenets.errors import UserError

    table = read_derived(path, ("experiment", "epoch"), keep_default_na=False, na_values=["NaN", ""])
    chosen = table[(table["experiment"] == experiment) & (table["epoch"].eq(epoch) if epoch else True)]
    if chosen.empty:
        raise UserError(f"{path}: no rows of experiment '{experiment}'{f' at epoch {epoch}' if epoch else ''}")
    return chosen
