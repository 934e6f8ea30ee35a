"""Rows of figures: a model at a milestone, and the printed accuracy that belongs beside it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from conftest import REPOSITORY
from distancenets.configuration.published import load_published
from distancenets.figures.accuracies import final_accuracies_figure
from distancenets.figures.model_rows import of_row, present_rows, title_of
from distancenets.figures.prototypes import neighbours_figure
from distancenets.statistics.published import printed_accuracies

TABLES = load_published(REPOSITORY / "config" / "published.yaml").tables
COLUMNS = ["architecture", "representation", "epoch", "seed", "test_accuracy"]
RUNS = pd.DataFrame(
    [
        ["relu_l2", "intensity", 50_000, 0, 97.0],
        ["relu_l2", "intensity", 5000, 1, 95.0],
        ["relu_l2", "intensity", 5000, 0, 94.0],
        ["relu", "unconstrained", 5000, 0, 96.0],
    ],
    columns=COLUMNS,
)
TABLE5 = (97.33, 0.13)
# Epoch, seed, nearest image.
MILESTONES = [(5000, 0, 1), (50, 0, 0), (50_000, 1, 0)]


def test_a_row_names_its_epochs_where_they_are_not_the_first() -> None:
    rows = present_rows(RUNS)
    assert [row.label for row in rows] == ["ReLU", "ReLU-L2", "ReLU-L2, 50,000"]
    assert [of_row(RUNS, row)["test_accuracy"].tolist() for row in rows] == [[96], [95, 94], [97]]
    assert title_of("published", RUNS) == "published, 5,000 epochs unless the row names others"
    assert title_of("raw", RUNS[RUNS["epoch"] == 5000]) == "raw, 5,000 epochs"


def test_a_printed_accuracy_stands_at_the_milestone_nearest_to_its_epochs() -> None:
    found = printed_accuracies(TABLES.values(), RUNS)
    assert found == {("relu", "unconstrained", 5000): (96.62, 0.17), ("relu_l2", "intensity", 50_000): TABLE5}
    shorter = printed_accuracies(TABLES.values(), RUNS[RUNS["epoch"] == 5000])
    assert shorter["relu_l2", "intensity", 5000] == TABLE5


@pytest.mark.parametrize(("epochs", "table"), [(75, "table3"), (5000, "table3"), (50_000, "table5")])
def test_of_two_tables_the_nearer_counts(epochs: int, table: str) -> None:
    runs = pd.DataFrame([["relu_bias", "intensity", epochs, 0, 50.0]], columns=COLUMNS)
    [row] = [row for row in TABLES[table].rows if (row.architecture, row.representation) == ("relu_bias", "intensity")]
    assert printed_accuracies(TABLES.values(), runs) == {
        ("relu_bias", "intensity", epochs): (float(row.mean), float(row.sd))
    }


def test_every_run_is_a_point_at_each_of_its_milestones() -> None:
    figure = final_accuracies_figure(RUNS, {("relu_l2", "intensity", 50_000): TABLE5}, "title")
    [panel] = figure.axes
    points = [line.get_xdata() for line in panel.lines if line.get_marker() == "o"]
    assert [np.asarray(values).tolist() for values in points] == [[96], [95, 94], [97]]
    [printed] = panel.containers
    assert np.asarray(printed[0].get_xydata()).tolist() == [[97.33, 2.32]]
    plt.close(figure)


def test_neighbours_are_those_of_the_last_milestone_of_the_seed() -> None:
    """Its nearest image is white, that of the earlier milestone and that of another seed are black."""
    columns = ["architecture", "representation", "epoch", "seed", "unit", "rank", "image", "label"]
    rows = [["relu_l2", "distance", epoch, seed, 0, 1, image, 0] for epoch, seed, image in MILESTONES]
    images = np.array([[0] * 4, [255] * 4], dtype=np.uint8)
    figure = neighbours_figure(pd.DataFrame(rows, columns=columns), images, list("0123456789"), 0, "title")
    [panel] = figure.axes
    assert panel.get_title() == "ReLU-L2-Neg (distance)\n5,000 epochs"
    shown = panel.images[0].get_array()
    assert shown is not None and shown[:2, :2].max() == 0
    plt.close(figure)
