"""`distancenets figure …`: a figure as PNG and SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distancenets.cli.application import group
from distancenets.cli.options import (
    DATA,
    DATASETS,
    PUBLISHED,
    RESULTS,
    STUDY,
    DataFolder,
    DatasetsFile,
    Experiment,
    PublishedFile,
    RunsTable,
    Stem,
    StudyDir,
    StudyFile,
    load,
)

if TYPE_CHECKING:
    from distancenets.configuration.study import Study
    from distancenets.datasets.arrays import Arrays

figure = group("figure", "Draw a figure as PNG and SVG.")


@figure.command("learning-curves")
def learning_curves(
    curves: Annotated[Path, typer.Argument(help="The study's learning_curves.parquet.")],
    stem: Stem,
    experiment: Experiment,
) -> None:
    """Draw train loss, train error and test error against epochs."""
    from distancenets.figures import drawing

    drawing.draw_learning_curves(curves, experiment, stem)


@figure.command("final-accuracies")
def final_accuracies(runs: RunsTable, stem: Stem, experiment: Experiment, published: PublishedFile = PUBLISHED) -> None:
    """Draw the test accuracy of every run at its milestones, beside the published means."""
    from distancenets.configuration.published import load_published
    from distancenets.figures import drawing

    drawing.draw_final_accuracies(runs, load_published(published), experiment, stem)


@figure.command("six-models")
def six_models(tables: Annotated[Path, typer.Argument(help="The study's folder of tables.")], stem: Stem) -> None:
    """Draw Table 2, the discussion's numbers and the measured accuracies of the six models."""
    from distancenets.figures import drawing

    drawing.draw_six_models(tables, stem)


@figure.command()
def figure1(
    outputs: Annotated[Path, typer.Argument(help="The table that `distancenets measure figure1` wrote.")],
    stem: Stem,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
) -> None:
    """Draw Figure 1: the distribution of one hidden node's output for each class."""
    from distancenets.configuration.study import load_study
    from distancenets.figures import drawing

    drawing.draw_figure1(outputs, load_study(study), datasets, stem)


@figure.command()
def differences(
    comparisons: Annotated[Path, typer.Argument(help="The study's statistics/comparisons.csv.")],
    stem: Stem,
    experiment: Experiment,
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw the differences between the models that the paper compares, measured and published."""
    from distancenets.configuration.published import load_published
    from distancenets.configuration.study import load_study
    from distancenets.figures import drawing

    drawing.draw_differences(comparisons, load_study(study), load_published(published), experiment, stem)


@figure.command()
def robustness(
    claims: Annotated[Path, typer.Argument(help="The study's claims.json.")], stem: Stem, study: StudyFile = STUDY
) -> None:
    """Draw the verdict on each claim in each experiment; the study in report.beside comes first."""
    from distancenets.configuration.study import load_study
    from distancenets.figures import drawing
    from distancenets.tables.robustness import robustness_table, verdicts

    settings = load_study(study)
    found = verdicts(claims, settings, RESULTS)
    drawing.draw_robustness(robustness_table(found), found, settings, stem)


@figure.command()
def measurements(
    experiment: Experiment,
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw a figure of each measurement, as figures/<measurement>_<experiment>.

    Figures with a row per model show every milestone. The others show the milestone nearest to the epochs of the
    paper's running text.
    """
    from distancenets.configuration.published import load_published
    from distancenets.datasets.splits import arrays_of
    from distancenets.errors import UserError
    from distancenets.figures import drawing

    settings, root = load(study, study_dir)
    if settings.measurements == "by_run":
        raise UserError(
            f"{study}: measurements: by_run keeps no rows of nodes for the figures; set by_node and measure again"
        )
    images, classes = _images(settings, experiment, data, datasets)
    split = settings.experiments[experiment].split
    train = arrays_of(images, split, settings.report.figure1.seed).train_images
    drawing.draw_measurements(settings, root, load_published(published), experiment, train, classes)


@figure.command()
def disagreement(
    experiment: Experiment,
    study_dir: StudyDir = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Draw the test images that representations disagree on most, as figures/disagreement_<experiment>.

    The figure shows the milestone with recorded answers that is nearest to the epochs of the paper's running text.
    """
    from distancenets.configuration.published import load_published
    from distancenets.figures.disagreement import draw_disagreement

    settings, root = load(study, study_dir)
    images, classes = _images(settings, experiment, data, datasets)
    draw_disagreement(settings, root, load_published(published), experiment, images, classes)


def _images(study: "Study", experiment: str, data: Path, datasets: Path) -> "tuple[Arrays, Sequence[str]]":
    """Return the images of `experiment`, and the names of their classes."""
    from distancenets.configuration.datasets import load_dataset_settings
    from distancenets.datasets.store import load_arrays

    name = study.experiment(experiment).dataset
    source = load_dataset_settings(name, datasets)
    return load_arrays(data / name, source), source.class_names
