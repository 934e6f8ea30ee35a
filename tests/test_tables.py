"""Tables of accuracies: published and measured side by side."""

from pathlib import Path

import pandas as pd
import pytest

from conftest import REPOSITORY
from distancenets.configuration.published import load_published
from distancenets.configuration.study import load_study
from distancenets.tables.accuracies import accuracy_caption, accuracy_cells, accuracy_table
from distancenets.tables.writers import write_table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Table 2 of three runs of Abs, one of ReLU and none of the others, each read at two epochs."""
    study = load_study(REPOSITORY / "config" / "paper.yaml")
    published = load_published(REPOSITORY / "config" / "published.yaml").tables["table2"]
    runs = [("abs", 0, 95.0), ("abs", 1, 96.0), ("abs", 2, 97.0), ("relu", 0, 96.5)]
    rows = [
        {
            "experiment": "published",
            "architecture": architecture,
            "representation": "unconstrained",
            "seed": seed,
            "epoch": epoch,
            "test_accuracy": accuracy if epoch == 5000 else 10.0,
        }
        for architecture, seed, accuracy in runs
        for epoch in (5000, 50_000)
    ]
    return accuracy_table(published, pd.DataFrame(rows), study, "table2").set_index("model")


def test_measured_runs_stand_beside_the_published_ones(table: pd.DataFrame) -> None:
    row = table.loc["Abs"]
    assert (row["published_mean"], row["mean"], row["n"], row["epochs"]) == (95.87, 96.0, 3, 5000)
    assert (row["sd_population"], row["sd_sample"]) == pytest.approx(((2 / 3) ** 0.5, 1.0))
    assert row["difference"] == pytest.approx(0.13)


def test_one_run_has_no_spread_and_none_is_said(table: pd.DataFrame) -> None:
    cells = accuracy_cells(table, "population").set_index("model (as printed)")
    assert cells.loc["Abs", "measured"] == "96.00 ± 0.82" and cells.loc["Abs", "difference"] == "+0.13"
    assert cells.loc["ReLU", "measured"] == "96.50" and cells.loc["ReLU", "difference"] == "−0.12"
    assert tuple(cells.loc["ReLU2", ["measured", "n", "epochs", "difference"]]) == ("not trained", "–", "–", "–")


def test_the_measured_sd_is_of_the_kind_that_the_published_one_is(table: pd.DataFrame) -> None:
    cells = accuracy_cells(table, "sample").set_index("model (as printed)")
    assert cells.loc["Abs", "measured"] == "96.00 ± 1.00"
    published = load_published(REPOSITORY / "config" / "published.yaml").tables["table2"]
    assert accuracy_caption(published).startswith(
        "Table 2, 5,000 epochs, no bias: test accuracy in %, mean ± population SD; published over 20 runs"
    )
    assert "mean ± sample SD" in accuracy_caption(published.replaced(deviation="sample"))


def test_a_difference_that_rounds_to_nothing_has_no_minus(table: pd.DataFrame) -> None:
    cells = accuracy_cells(table.assign(difference=-0.004), "population").set_index("model (as printed)")
    assert cells.loc["Abs", "difference"] == "+0.00"


def test_a_table_whose_name_has_a_dot_keeps_it(tmp_path: Path) -> None:
    rows = pd.DataFrame({"model": ["ReLU"], "loss": [0.1]})
    write_table(tmp_path / "losses_0.001", rows, rows, "Losses")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"losses_0.001.{kind}" for kind in ("csv", "md", "tex")]
