"""Variance components of accuracies, on simulated tables of right and wrong answers with known components."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api
from statsmodels.formula.api import ols

from distancenets.statistics.components import Correct, components, differences, interval, mean_squares

SEEDS, IMAGES = 20, 500


def answers(
    rng: np.random.Generator, seed: float, image: float, both: float, size: tuple[int, int] = (SEEDS, IMAGES)
) -> np.ndarray:
    """Return numbers, S × I, with these SDs of seed, image and seed × image in one cell, and the mean 0.9."""
    seeds, images = size
    return np.asarray(
        0.9
        + seed * rng.normal(0, 1, (seeds, 1))
        + image * rng.normal(0, 1, (1, images))
        + both * rng.normal(0, 1, (seeds, images))
    )


def bits(rng: np.random.Generator, models: int, seeds: int, images: int) -> Correct:
    """Return which images are answered right: an image is hard for all, a seed a little better or worse."""
    hardness = rng.normal(2, 1.5, (1, 1, images))
    skill = rng.normal(0, 0.1, (models, seeds, 1))
    return np.asarray(hardness + skill + rng.normal(0, 1, (models, seeds, images)) > 0)


def test_mean_squares_are_those_of_an_analysis_of_variance() -> None:
    values = bits(np.random.default_rng(1), 1, 6, 40)[0]
    table = pd.DataFrame(
        {"right": values.ravel() * 1.0, "seed": np.repeat(range(6), 40), "image": np.tile(range(40), 6)}
    )
    found = statsmodels.api.stats.anova_lm(ols("right ~ C(seed) + C(image)", table).fit())
    expected = found["sum_sq"] / found["df"]
    assert [float(part) for part in mean_squares(values)[:3]] == pytest.approx(list(expected))


def test_components_are_found_again() -> None:
    rng = np.random.default_rng(2)
    tables = np.stack([answers(rng, 0.01, 0.2, 0.1) for _ in range(200)])
    found = components(tables)
    # As SDs of one run's accuracy in points: an image's part over √images.
    assert np.sqrt(np.mean(found.seed**2)) == pytest.approx(1.0, rel=0.05)
    assert np.sqrt(np.mean(found.image**2)) == pytest.approx(20 / np.sqrt(IMAGES), rel=0.05)
    assert np.sqrt(np.mean(found.both**2)) == pytest.approx(10 / np.sqrt(IMAGES), rel=0.02)
    # The SD over seeds holds the seed's part and what seed and image share, and nothing of the image's.
    over_seeds = 100 * tables.mean(-1).std(-1, ddof=1)
    assert found.over_seeds == pytest.approx(over_seeds, rel=1e-6)
    assert np.all(found.over_both >= found.over_seeds)


def test_images_that_are_hard_for_both_models_drop_out_of_their_difference() -> None:
    correct = bits(np.random.default_rng(3), 2, SEEDS, 4000)
    alone, difference = components(correct), components(differences(correct, 0, 1))
    assert difference.image < alone.image.min() / 4
    assert difference.both > alone.both.max()


def test_the_interval_covers_for_new_seeds_and_new_images() -> None:
    rng = np.random.default_rng(4)
    covered, over_seeds_alone = 0, 0
    for _ in range(400):
        values = answers(rng, 0.005, 0.25, 0.1, (10, 200))
        mean, low, high = interval(values, 0.95)
        covered += low < 90 < high
        of_seeds = 100 * values.mean(1)
        over_seeds_alone += abs(of_seeds.mean() - 90) < 2.262 * of_seeds.std(ddof=1) / np.sqrt(10)
        assert mean == pytest.approx(of_seeds.mean())
    assert 0.92 <= covered / 400 <= 0.98
    # An interval over seeds alone is about these images: for new ones it covers far too seldom.
    assert over_seeds_alone / 400 < 0.6


def test_an_interval_is_no_narrower_than_that_over_seeds() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        values = answers(rng, 0.01, 0.0, 0.2, (10, 100))
        _, low, high = interval(values, 0.95)
        assert high - low > 2 * 100 * 1.9 * values.mean(1).std(ddof=1) / np.sqrt(10)


def test_an_interval_of_two_seeds_is_no_narrower_either() -> None:
    rng = np.random.default_rng(6)
    for _ in range(50):
        values = answers(rng, 0.0, 0.1, 0.2, (2, 100))
        _, low, high = interval(values, 0.95)
        over_seeds = 2 * 12.706204736432095 * 100 * values.mean(1).std(ddof=1) / np.sqrt(2)  # t(0.975; 1)
        assert high - low >= over_seeds * (1 - 1e-9)
