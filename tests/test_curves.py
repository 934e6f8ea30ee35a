"""The figure of learning curves: the mean, its band, and every run where there are few."""

import numpy as np
import pandas as pd
import pytest

from distancenets.figures.curves import MOST_SHOWN, learning_curves_figure


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
def test_few_runs_are_drawn_one_by_one_beside_their_mean(seeds: int, lines: int) -> None:
    figure = learning_curves_figure(curves(seeds), "raw")
    loss, _, test = figure.axes
    drawn = [np.asarray(line.get_ydata()) for line in loss.lines]
    mean = (2**seeds - 1) / seeds
    assert len(drawn) == lines and drawn[0] == pytest.approx([mean, mean / 2, mean / 3])
    for seed, run in enumerate(drawn[1:]):
        assert run == pytest.approx([2**seed, 2**seed / 2, 2**seed / 3])
    assert np.asarray(test.lines[0].get_ydata()) == pytest.approx([60, 59, 58])
    title = figure.get_suptitle()
    assert title.startswith("raw: one seed" if seeds == 1 else f"raw: mean over {seeds} seeds, band ± 1 sample SD")
    assert ("thin lines" in title) == (lines > 1)


def test_the_title_says_how_many_seeds_the_models_have() -> None:
    few = curves(2).assign(representation="distance")
    title = learning_curves_figure(pd.concat([curves(5), few]), "raw").get_suptitle()
    assert title.startswith("raw: mean over 2–5 seeds, band ± 1 sample SD")


def test_runs_of_different_length_are_drawn_as_far_as_they_went() -> None:
    table = curves(3)
    loss = learning_curves_figure(table[(table["seed"] < 2) | (table["epoch"] < 2)], "raw").axes[0]
    mean, rest, *drawn = [np.asarray(line.get_ydata(), float) for line in loss.lines]
    assert drawn[1] == pytest.approx([2, 1, 2 / 3]) and drawn[2] == pytest.approx([4, 2, np.nan], nan_ok=True)
    # The mean of the two that went on is no continuation of that of all three.
    assert mean == pytest.approx([7 / 3, 7 / 6, np.nan], nan_ok=True)
    assert rest == pytest.approx([np.nan, np.nan, 1 / 2], nan_ok=True)
    assert np.asarray(loss.collections[0].get_paths()[0].vertices)[:, 0].max() == 1


def test_thin_lines_are_named_where_any_model_has_them() -> None:
    many = curves(MOST_SHOWN + 2).assign(representation="distance")
    figure = learning_curves_figure(pd.concat([curves(2), many]), "raw")
    assert len(figure.axes[0].lines) == (1 + 2) + 1 and "thin lines" in figure.get_suptitle()
