"""From a study's files to its figures: the rows and the title of each figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.configuration.published import Published
from distancenets.configuration.study import Study
from distancenets.derived import CURVES, RUNS, read_derived, read_experiment
from distancenets.figures.accuracies import final_accuracies_figure
from distancenets.figures.activity import dead_nodes_figure
from distancenets.figures.differences import differences_figure
from distancenets.figures.learning_curves import learning_curves_figure
from distancenets.figures.mahalanobis import mahalanobis_figure
from distancenets.figures.model_rows import title_of
from distancenets.figures.nodes import node_figure
from distancenets.figures.orientation import orientation_figure
from distancenets.figures.perturbation import perturbation_figure
from distancenets.figures.projections import projections_figure
from distancenets.figures.prototypes import neighbours_figure, prototypes_figure
from distancenets.figures.robustness import verdicts_figure
from distancenets.figures.six_models import six_models_figure
from distancenets.figures.style import colour, use_style, write_figure
from distancenets.models.registry import find_model
from distancenets.statistics.published import printed_accuracies, printed_differences
from distancenets.words import seeds_text

# The columns of a table of accuracies, and of comparisons.csv, that figures show.
ACCURACIES = ("architecture", "representation", "published_mean", "published_sd", "n", "mean", "sd_population")
COMPARISONS = ("experiment", "epoch", "label", "compared_in_paper", "n_a", "n_b", "difference", "low", "high")
# The same of the files of measurements.
MEASURED = {
    "activity": ("layer", "split", "never_active", "nodes"),
    "projections": ("overlap_mean", "separable_classes", "eta_squared", "sd_ratio", "skewness_range"),
    "orientation_by_run": ("score", "score_of_outputs"),
    "prototypes_by_run": ("preference", "rank_own"),
    "prototype_neighbours": ("unit", "rank", "image", "label"),
    "mahalanobis_by_run": ("control", "images", "correlation", "scales_correlation"),
    "perturbation": ("side", "level", "accuracy"),
}


def draw_learning_curves(curves: Path, experiment: str, stem: Path) -> None:
    """Draw train loss, train error and test error of `experiment` against epochs."""
    use_style()
    write_figure(learning_curves_figure(read_derived(curves, CURVES), experiment), stem)


def draw_final_accuracies(runs: Path, record: Published, experiment: str, stem: Path) -> None:
    """Draw every run of `experiment` at its milestones, beside the published means."""
    use_style()
    measured = read_derived(runs, RUNS)
    chosen = measured[measured["experiment"] == experiment]
    printed = printed_accuracies(record.tables.values(), chosen)
    write_figure(final_accuracies_figure(chosen, printed, title_of(experiment, chosen)), stem)


def draw_six_models(tables: Path, stem: Path) -> None:
    """Draw Table 2, the discussion's numbers and the measured accuracies, from the study's folder of tables."""
    use_style()
    table2, discussion = (read_derived(tables / f"{name}.csv", ACCURACIES) for name in ("table2", "discussion"))
    write_figure(six_models_figure(table2, discussion), stem)


def draw_figure1(outputs: Path, study: Study, datasets: Path, stem: Path) -> None:
    """Draw the output of one hidden node for each class."""
    use_style()
    chosen, name = study.report.figure1, study.reported_experiment
    model = find_model(chosen.architecture, chosen.representation)
    classes = load_dataset_settings(study.experiment(name).dataset, datasets).class_names
    epochs = study.reported_epochs("figure1")
    title = f"{model.paper_name}, hidden node {chosen.node}, seed {chosen.seed}, {name}, {epochs:,} epochs"
    write_figure(node_figure(read_derived(outputs, ("label", "output")), classes, title, colour(model)), stem)


def draw_differences(comparisons: Path, study: Study, record: Published, experiment: str, stem: Path) -> None:
    """Draw the differences that the paper tests, measured at the milestone nearest to its epochs, and published."""
    use_style()
    tables, statistics = record.tables, study.statistics
    epochs = study.experiment(experiment).kept_nearest(tables["table2"].epochs)
    measured = read_derived(comparisons, COMPARISONS)
    chosen = (measured["experiment"] == experiment) & (measured["epoch"] == epochs) & measured["compared_in_paper"]
    rows = measured[chosen]
    seeds = seeds_text(rows[["n_a", "n_b"]].to_numpy().ravel().tolist())
    series = {"measured": rows}
    for name in ("table2", "discussion"):
        series[f"published, {tables[name].title}"] = printed_differences(tables[name], statistics)
    title = f"{experiment}, {epochs:,} epochs, {seeds}; published: {tables['table2'].epochs:,} epochs"
    order = [f"{first} vs {second}" for first, second in statistics.comparisons]
    drawn = differences_figure(series, order, statistics.equivalence_margin, statistics.confidence, title)
    write_figure(drawn, stem)


def draw_robustness(table: pd.DataFrame, verdicts: Sequence[Mapping[str, Any]], study: Study, stem: Path) -> None:
    """Draw the verdicts in the `table` claims × experiments."""
    use_style()
    title = f"{study.study}: the paper's claims, {seeds_text(entry['seeds'] for entry in verdicts)}"
    write_figure(verdicts_figure(table, title), stem)


def draw_measurements(
    study: Study, root: Path, record: Published, experiment: str, images: NDArray[np.uint8], classes: Sequence[str]
) -> None:
    """Draw each measurement of `experiment`, given the training images and the names of their classes."""
    use_style()
    chosen = study.experiment(experiment)
    told = chosen.kept_nearest(record.tables["discussion"].epochs)

    def rows(name: str, epoch: int | None = None) -> pd.DataFrame:
        return read_experiment(root / "measurements" / f"{name}.csv", experiment, epoch, MEASURED[name])

    runs, seed = read_experiment(root / "runs.csv", experiment, columns=RUNS), study.report.figure1.seed
    title, title_at = title_of(experiment, runs), f"{experiment}, {told:,} epochs"
    neighbours = rows("prototype_neighbours")
    nearest = f"{experiment}, seed {seed}: training images nearest to each prototype (framed: another class's)"
    figures = {
        "activity": dead_nodes_figure(rows("activity", told), runs, title_at),
        "projections": projections_figure(rows("projections"), title),
        "orientation": orientation_figure(rows("orientation_by_run"), title),
        "prototypes": prototypes_figure(rows("prototypes_by_run"), title),
        "prototype_images": neighbours_figure(neighbours, images, classes, seed, nearest),
        "mahalanobis": mahalanobis_figure(rows("mahalanobis_by_run"), title),
        "perturbation": perturbation_figure(rows("perturbation", told), title_at),
    }
    for name, drawn in figures.items():
        write_figure(drawn, root / "figures" / f"{name}_{experiment}")
