"""`distancenets images` and `distancenets figure disagreement`: test images as a sample beside the seeds."""

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


@app.command()
def images(output: Output = None, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write the parts of seed, test image, and seed × image in accuracies and in the differences that claims test."""
    from distancenets.claims.comparisons import compared_models
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.tables.images import CAPTION, extent, images_cells, images_table
    from distancenets.tables.writers import write_table

    settings, record = load_study(study), load_published(published)
    root = output or RESULTS / settings.study
    confidence = settings.statistics.confidence
    answers = _answers(root)
    table = images_table(answers, compared_models(record), record, confidence)
    caption = f"{CAPTION.format(percent=100 * confidence)}; {extent(answers)}"
    write_table(root / "tables" / "images", table, images_cells(table), caption)


@figure.command("disagreement")
def disagreement(
    experiment: Annotated[str, typer.Option(help="The experiment to draw.")],
    output: Output = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw the test images that representations disagree on most, as figures/disagreement_<experiment>.

    The milestone with answers that is nearest to the epochs of the paper's running text is drawn.
    """
    from distancenets.configuration.datasets import dataset
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.datasets.store import read
    from distancenets.figures.disagreement import disagreement_figure, drawn_models
    from distancenets.figures.style import use_style, write_figure
    from distancenets.measurements.correct import by_model
    from distancenets.words import seeds_text

    use_style()
    settings = load_study(study)
    root = output or RESULTS / settings.study
    chosen = settings.experiment(experiment)
    source = dataset(chosen.dataset, datasets)
    test = read(data / chosen.dataset, source)
    rows = _answers(root)
    rows = rows[rows["experiment"] == experiment]
    about = load_published(published).tables["discussion"].epochs
    near = min(rows["epoch"].unique(), key=lambda epoch: max(epoch, about) / min(epoch, about), default=None)
    found = by_model(rows[rows["epoch"] == near])
    shares = [(model, found[model.paper_name][1].mean(axis=0)) for model in drawn_models(list(found))]
    seeds = seeds_text(len(found[model.paper_name][0]) for model, _ in shares)
    title = experiment + (
        f", {near:,} epochs, {seeds}: test images with the largest range over representations" if found else ""
    )
    labels = [source.class_names[label] for label in test.test_labels.tolist()]
    drawn = disagreement_figure(shares, test.test_images.numpy(), labels, title)
    write_figure(drawn, root / "figures" / f"disagreement_{experiment}")


def _answers(root: Path) -> "pandas.DataFrame":
    from distancenets.derived import read_derived
    from distancenets.measurements.correct import COLUMNS

    return read_derived(root / "measurements" / "correct.parquet", COLUMNS)
