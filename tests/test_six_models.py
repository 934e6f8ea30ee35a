"""The figure of the six models: each value in the panel of its model."""

from pathlib import Path

import pandas as pd
import pytest

from conftest import REPOSITORY
from distancenets.figures.six_models import six_models_figure
from distancenets.figures.style import use_style

TABLES = REPOSITORY / "results" / "paper" / "tables"


@pytest.fixture
def tables() -> list[pd.DataFrame]:
    use_style()
    return [pd.read_csv(Path(TABLES, f"{name}.csv")) for name in ("table2", "discussion")]


def test_each_panel_has_both_printed_values_and_the_measured_one(tables: list[pd.DataFrame]) -> None:
    table2, discussion = tables
    panels = {panel.get_title(): panel for panel in six_models_figure(*tables).axes}
    assert list(panels) == ["ReLU", "ReLU2", "ReLU2-Neg", "Abs", "Abs2", "Abs2-Neg"]
    for printed, quoted in zip(table2.to_dict("records"), discussion.to_dict("records"), strict=True):
        texts = [text.get_text() for text in panels[printed["model"]].texts]
        assert texts == [
            f"{mean:.2f}" for mean in (printed["published_mean"], quoted["published_mean"], printed["mean"])
        ]


def test_a_model_without_runs_has_its_printed_values_only(tables: list[pd.DataFrame]) -> None:
    table2, discussion = tables
    table2.loc[table2["model"] == "Abs2", "n"] = 0
    panels = {panel.get_title(): panel for panel in six_models_figure(table2, discussion).axes}
    assert len(panels["Abs2"].texts) == 2 and len(panels["Abs"].texts) == 3
