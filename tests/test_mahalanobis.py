"""Distances from a class in its own metric, and heads that are built to be one."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from sklearn.covariance import LedoitWolf

from distancenets.datasets.store import Dataset
from distancenets.figures.mahalanobis import mahalanobis_figure
from distancenets.measurements.ledoit_wolf import Covariance, class_covariances
from distancenets.measurements.mahalanobis import (
    Space,
    axis_correlation,
    hidden_space,
    mahalanobis,
    measure_mahalanobis,
    rank_correlation,
    scale_agreement,
    shuffled,
    start_of,
)
from distancenets.measurements.networks import Networks
from distancenets.measurements.registry import AXES
from distancenets.models.heads import OffsetL2Form
from distancenets.models.networks import initialise
from distancenets.models.registry import find_model
from distancenets.training.batches import Network
from distancenets.training.pixel_scaling import Scaling
from toy_networks import hand_built


def of_one_class(features: torch.Tensor, rows: int) -> Covariance:
    """Return the covariance of all `features`, 1 × H × N, met `rows` images at a time."""
    members = np.ones((1, features.shape[-1]), dtype=bool)
    (found,) = class_covariances(torch.split(features, rows, -1), members)
    return found


def test_the_mahalanobis_distance_of_gaussians_is_the_closed_form() -> None:
    generator = np.random.default_rng(0)
    mean, covariance = np.array([1.0, -2.0, 0.5]), np.array([[4.0, 1.2, 0], [1.2, 1.0, 0.2], [0, 0.2, 0.5]])
    drawn = torch.from_numpy(generator.multivariate_normal(mean, covariance, 100_000)).T.unsqueeze(0)
    estimated = of_one_class(drawn, 30_000)
    points = np.array([[1.0, -2.0, 0.5], [3.0, -2.0, 0.5], [0.0, 0.0, 0.0], [-4.0, 1.0, 2.0]])
    offsets = points - mean
    expected = np.sqrt(np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(covariance), offsets))
    np.testing.assert_allclose(mahalanobis(estimated, points), expected, atol=0.03)


@pytest.mark.parametrize("images", [12, 500])
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_streamed_covariance_is_scikit_learns(images: int, rows: int) -> None:
    generator = np.random.default_rng(images)
    # Skewed and correlated as features are after a ReLU, far from 0, of very different spreads, and one always 0.
    features = np.maximum(generator.normal(0.5, 1, (images, 20)) @ generator.normal(0, 1, (20, 20)), 0)
    features = (features + 50) * np.logspace(-2, 1, 20)
    features[:, 3] = 0
    found, expected = of_one_class(torch.from_numpy(features).T.unsqueeze(0), rows), LedoitWolf().fit(features)
    assert 0 < found.share < 1
    assert found.share == pytest.approx(expected.shrinkage_, rel=1e-9)
    np.testing.assert_allclose(found.mean, expected.location_, rtol=1e-12)
    np.testing.assert_allclose(found.precision, expected.precision_, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(mahalanobis(found, features) ** 2, expected.mahalanobis(features), rtol=1e-7)


def test_a_class_of_one_spread_alone_is_shrunk_as_scikit_learn_does() -> None:
    for features in (np.zeros((5, 3)), np.eye(3), np.arange(4.0).reshape(4, 1)):
        found = of_one_class(torch.from_numpy(features).T.unsqueeze(0), 2)
        assert found.share == pytest.approx(LedoitWolf().fit(features).shrinkage_)


def test_classes_that_share_images_are_told_apart_in_one_pass() -> None:
    features = np.random.default_rng(1).normal(3, 1, (40, 6)) @ np.diag([1.0, 2, 3, 4, 5, 6])
    members = np.random.default_rng(2).random((3, 40)) < 0.6
    found = class_covariances(iter(torch.split(torch.from_numpy(features).T.unsqueeze(0), 7, -1)), members)
    for chosen, covariance in zip(members, found, strict=True):
        expected = LedoitWolf().fit(features[chosen])
        np.testing.assert_allclose(covariance.mean, expected.location_, rtol=1e-12)
        np.testing.assert_allclose(covariance.precision, expected.precision_, rtol=1e-7)


def test_rank_correlations_and_scales() -> None:
    values = np.array([1.0, 5.0, 2.0, 9.0])
    assert rank_correlation(values, values**3) == pytest.approx(1)
    assert math.isnan(rank_correlation(values, np.ones(4)))
    agreed = scale_agreement(3 / values, values)
    assert agreed == pytest.approx({"scales_correlation": 1, "scales_log_correlation": 1, "negative_scales": 0})
    assert scale_agreement(np.array([-1.0, 1, 2, 3]), values)["negative_scales"] == 0.25
    assert axis_correlation(np.diag(values)) == 0
    assert axis_correlation(np.array([[1.0, 0.5], [0.5, 1.0]])) == pytest.approx(0.5)


def gaussian_classes() -> Dataset:
    """Return 600 images of two classes with a diagonal covariance each, of different variances along the pixels."""
    generator = np.random.default_rng(0)
    spreads = np.array([[1, 2, 3, 4, 6, 8, 10, 12, 14, 16], [16, 14, 12, 10, 8, 6, 4, 3, 2, 1]])
    images = [generator.normal(120, spread, (300, 10)).round().clip(0, 255) for spread in spreads]
    labels = torch.arange(2).repeat_interleave(300).to(torch.uint8)
    pixels = torch.from_numpy(np.concatenate(images)).to(torch.uint8)
    return Dataset("gaussians", "", pixels, labels, pixels, labels)


def test_an_offset_l2_head_built_as_mahalanobis_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = gaussian_classes()
    parts = [dataset.train_images[dataset.train_labels == label].float() for label in range(2)]
    head = {
        "prototypes": torch.stack([part.mean(0) for part in parts]),
        "scales": torch.stack([1 / part.var(0, correction=0) for part in parts]),
    }
    networks = hand_built(("relu_l2", "distance"), head)
    # The untrained control starts from 784 pixels: take this network for it instead.
    space = hidden_space(networks, dataset, [dataset.train_labels])
    monkeypatch.setattr("distancenets.measurements.mahalanobis.start_of", lambda *_: (networks, space))
    table, by_run = measure_mahalanobis(networks, dataset).values()
    own = table[table["images"] == "own"].set_index(["control", "class"]).sort_index()
    assert (own["correlation"]["none"] > 0.93).all()
    assert (own["correlation"]["shuffled_labels"] < 0.85).all()
    assert own["scales_correlation"]["none"].tolist() == pytest.approx([1, 1])
    assert (own["negative_scales"] == 0).all()
    assert len(by_run) == 6 and list(by_run.columns[:8]) == [*AXES, "control", "images"]


@pytest.mark.parametrize(("scales", "panels"), [([0.5, np.nan], 3), ([np.nan, np.nan], 2)])
def test_scales_have_a_panel_if_any_model_has_them(scales: list[float], panels: int) -> None:
    runs = pd.DataFrame(
        {
            "architecture": ["relu_l2", "relu"],
            "representation": "distance",
            "model": ["ReLU-L2-Neg", "ReLU2-Neg"],
            "seed": 0,
            "epoch": 10,
            "control": "none",
            "correlation": 0.4,
            "scales_correlation": scales,
        }
    )
    figure = mahalanobis_figure(pd.concat([runs.assign(images=images) for images in ("own", "all")]), "any")
    assert len(figure.axes) == panels and all(len(panel.lines) > 1 for panel in figure.axes)
    plt.close(figure)


def test_models_of_one_activation_share_the_space_that_a_seed_starts_from(mnist: Dataset) -> None:
    images = replace(mnist, train_images=mnist.train_images[:300], train_labels=mnist.train_labels[:300])
    images = replace(images, test_images=mnist.test_images[:50], test_labels=mnist.test_labels[:50])

    def start(architecture: str, seed: int, form: OffsetL2Form = "code") -> tuple[Networks, Space]:
        model = find_model(architecture, "distance")
        network = Network(model, form, Scaling(1 / 255, -0.1))
        return start_of(Networks("any", 7, (seed,), network, initialise(model, (seed,), 8)), images)

    found = {name: start(name, 3) for name in ("relu", "relu_bias", "relu_l2", "abs", "abs_l2")}
    for network, space in found.values():
        own = hidden_space(network, images, [images.train_labels])
        np.testing.assert_array_equal(space.distances, own.distances)
    assert found["relu"][1] is found["relu_bias"][1] is found["relu_l2"][1] is start("relu_l2", 3, "paper")[1]
    assert not np.array_equal(found["abs"][1].distances, found["relu"][1].distances)
    assert not np.array_equal(start("abs", 4)[1].distances, found["abs"][1].distances)


def test_labels_are_shuffled_alike_each_time() -> None:
    labels = torch.arange(50)
    assert torch.equal(shuffled(labels, 3), shuffled(labels, 3))
    assert not torch.equal(shuffled(labels, 3), labels)
    assert torch.equal(shuffled(labels, 3).sort().values, labels)
