"""The figure of learning curves: the median, its band, and every run where there are few."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import environment
from distancenets.figures.learning_curves import MOST_SHOWN, learning_curves_figure


def curves(seeds: int) -> pd.DataFrame:
    """Return curves of ReLU over three epochs; the loss of seed s is 2^s of that of seed 0."""
    return pd.DataFrame(
        [
            {
                "experiment": "raw",
                "architecture": "relu",
                "representation": "unconstrained",
                "seed": seed,
                "epoch": epoch,
                "train_loss": 2.0**seed / (1 + epoch),
                "train_accuracy": 50.0 + epoch,
                "test_accuracy": 40.0 + epoch,
            }
            for seed in range(seeds)
            for epoch in (0, 1, 2)
        ]
    )


@pytest.mark.parametrize(("seeds", "lines"), [(1, 1), (3, 4), (MOST_SHOWN, MOST_SHOWN + 1), (MOST_SHOWN + 1, 1)])
def test_few_runs_are_drawn_one_by_one_beside_their_median(seeds: int, lines: int) -> None:
    figure = learning_curves_figure(curves(seeds), "raw")
    loss, _, test = figure.axes
    drawn = [np.asarray(line.get_ydata()) for line in loss.lines]
    median = np.median(2.0 ** np.arange(seeds))
    assert len(drawn) == lines and drawn[0] == pytest.approx([median, median / 2, median / 3])
    for seed, run in enumerate(drawn[1:]):
        assert run == pytest.approx([2**seed, 2**seed / 2, 2**seed / 3])
    assert np.asarray(test.lines[0].get_ydata()) == pytest.approx([60, 59, 58])
    title = figure.get_suptitle()
    band = "band from the 10 % to the 90 % quantile"
    assert title.startswith("raw: one seed" if seeds == 1 else f"raw: median over {seeds} seeds, {band}")
    assert ("thin lines" in title) == (lines > 1)


def test_the_title_says_how_many_seeds_the_models_have() -> None:
    few = curves(2).assign(representation="distance")
    title = learning_curves_figure(pd.concat([curves(5), few]), "raw").get_suptitle()
    assert title.startswith("raw: median over 2–5 seeds, band from the 10 % to the 90 % quantile")


def test_runs_of_different_length_are_drawn_as_far_as_they_went() -> None:
    table = curves(3)
    loss = learning_curves_figure(table[(table["seed"] < 2) | (table["epoch"] < 2)], "raw").axes[0]
    median, rest, *drawn = [np.asarray(line.get_ydata(), float) for line in loss.lines]
    assert drawn[1] == pytest.approx([2, 1, 2 / 3]) and drawn[2] == pytest.approx([4, 2, np.nan], nan_ok=True)
    # The median of the two that went on is no continuation of that of all three.
    assert median == pytest.approx([2, 1, np.nan], nan_ok=True)
    assert rest == pytest.approx([np.nan, np.nan, 1 / 2], nan_ok=True)
    assert np.asarray(loss.collections[0].get_paths()[0].vertices)[:, 0].max() == 1


def test_thin_lines_are_named_where_any_model_has_them() -> None:
    many = curves(MOST_SHOWN + 2).assign(representation="distance")
    figure = learning_curves_figure(pd.concat([curves(2), many]), "raw")
    assert len(figure.axes[0].lines) == (1 + 2) + 1 and "thin lines" in figure.get_suptitle()


def test_the_band_holds_what_the_seeds_gave() -> None:
    """One wild seed of ten: a band of mean ± SD on a log axis reached down to a tenth of the error."""
    table = curves(10)
    table["train_loss"] = np.where(table["seed"] == 9, 100.0, 1.0 + table["seed"] / 10)
    loss = learning_curves_figure(table, "raw").axes[0]
    heights = np.asarray(loss.collections[0].get_paths()[0].vertices)[:, 1]
    values = [*(1 + np.arange(9) / 10), 100.0]
    assert heights.min() == pytest.approx(np.quantile(values, 0.1))
    assert heights.max() == pytest.approx(np.quantile(values, 0.9))


@pytest.mark.slow
def test_figures_do_not_depend_on_the_user_s_matplotlibrc(tmp_path: Path) -> None:
    script = (
        "from test_curves import curves\n"
        "from distancenets.figures.learning_curves import learning_curves_figure\n"
        "from distancenets.figures.style import use_style, write_figure\n"
        "from pathlib import Path\n"
        "use_style()\n"
        "write_figure(learning_curves_figure(curves(3), 'raw'), Path('figure'))\n"
    )
    settings = (
        "text.usetex: True\nfont.family: serif\nfont.size: 20\nxtick.direction: in\naxes.prop_cycle: cycler(c='r')\n"
    )
    pictures = []
    for name, text in (("plain", ""), ("own", settings)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "matplotlibrc").write_text(text)
        paths = os.pathsep.join([str(Path(__file__).parent), environment()["PYTHONPATH"]])
        surroundings = environment() | {"MATPLOTLIBRC": str(tmp_path / name / "matplotlibrc"), "PYTHONPATH": paths}
        command = [sys.executable, "-c", script]
        subprocess.run(command, cwd=tmp_path / name, env=surroundings, check=True, capture_output=True)
        pictures.append([(tmp_path / name / f"figure.{kind}").read_bytes() for kind in ("svg", "png")])
    assert pictures[0] == pictures[1]
