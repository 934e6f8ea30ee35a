"""The geometry of networks whose answers are known beforehand."""

import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from distancenets.measurements.activity import active_images, activity_shares, measure_activity
from distancenets.measurements.long_format import long_form
from distancenets.measurements.mahalanobis import hidden_space
from distancenets.measurements.networks import Networks
from distancenets.measurements.orientation import farther, measure_orientation, unit_scores
from distancenets.measurements.perturbation import clamped_accuracies, drop_off, drop_offs, feature_range
from distancenets.measurements.projections import (
    best_auc,
    bhattacharyya,
    distribution,
    histogram,
    measure_projections,
    node_table,
    separable,
)
from distancenets.measurements.prototypes import class_centres, measure_prototypes, nearest_images
from distancenets.measurements.registry import AXES, MEASUREMENTS
from distancenets.measurements.weights import measurement
from distancenets.models.networks import initialise
from distancenets.models.registry import models
from distancenets.training.batches import Network
from distancenets.training.pixel_scaling import Scaling
from toy_networks import CLASSES, distance_head, hand_built, offset_head, one_pixel_a_class


def test_networks_give_what_their_model_gives() -> None:
    dataset = one_pixel_a_class()
    for model in models():
        parameters = initialise(model, [0, 3], 6)
        parameters["hidden.weight"] = parameters["hidden.weight"][..., :CLASSES].contiguous()
        networks = Networks("any", 0, (0, 3), Network(model, "code", Scaling(1.0, 0.0)), parameters, rows=64)
        pre_activations = torch.cat(list(networks.pre_activations(dataset.test_images)), -1)
        outputs = torch.cat([networks.outputs(chunk) for chunk in networks.features(dataset.test_images)], -1)
        torch.testing.assert_close(outputs, model.outputs(pre_activations, networks.head, "code"))


def test_pre_activations_are_of_scaled_pixels() -> None:
    dataset = one_pixel_a_class()
    networks = hand_built(("relu", "distance"), distance_head())
    networks.parameters["hidden.bias"] = torch.arange(10.0).unsqueeze(0)
    scaled = replace(networks, network=replace(networks.network, scaling=Scaling(0.5, -3.0)))
    found = torch.cat(list(scaled.pre_activations(dataset.test_images)), -1)
    torch.testing.assert_close(found[0].T, dataset.test_images * 0.5 - 3 + torch.arange(10.0))


def test_long_form_keeps_seeds_and_axes_together() -> None:
    networks = replace(hand_built(("abs", "distance"), distance_head()), seeds=(4, 7))
    values = {"x": torch.arange(6.0).view(2, 3), "y": torch.tensor([[5.0], [6.0]])}
    table = long_form(networks, {"node": ["a", "b", "c"]}, values)
    assert list(table.columns) == [*AXES, "node", "x", "y"]
    assert table["seed"].tolist() == [4, 4, 4, 7, 7, 7] and table["node"].tolist() == list("abcabc")
    assert table["x"].tolist() == [0, 1, 2, 3, 4, 5] and table["y"].tolist() == [5, 5, 5, 6, 6, 6]
    assert set(table["model"]) == {"Abs2-Neg"} and set(table["epoch"]) == {7}


def test_exactly_the_dead_nodes_are_counted() -> None:
    # Hidden nodes 3 and 5 see −pixel, which a ReLU never lets through; output 2 is the one of no weight.
    hidden = torch.eye(CLASSES)
    hidden[3, 3] = hidden[5, 5] = -1
    weight = torch.ones(CLASSES, CLASSES)
    weight[2] = 0
    table = measure_activity(hand_built(("relu", "intensity"), {"weight": weight}, hidden), one_pixel_a_class())
    activity = table["activity"].set_index(["layer", "split"])
    assert list(table["activity"].columns[:8]) == [*AXES, "layer", "split"]
    for split in ("train", "test"):
        assert activity.loc[("hidden", split), "never_active"] == pytest.approx(0.2)
        assert activity.loc[("output", split), "never_active"] == pytest.approx(0.1)
    assert (activity["nodes"] == 10).all() and (activity["epoch"] == 7).all()


def test_activity_has_the_papers_thresholds() -> None:
    activations = torch.zeros(1, 5, 200)
    activations[0, 1, 0] = 1e-6  # not above the threshold
    activations[0, 2, 0] = -1  # active on 0.5 %
    activations[0, 3, :2] = 1  # on 1 %, not below it
    activations[0, 4, :10] = 1  # on 5 %, not below it
    active = active_images(torch.split(activations, 33, dim=-1))
    assert active.tolist() == [[0, 0, 1, 2, 10]]
    shares = {name: value.item() for name, value in activity_shares(active, 200).items()}
    assert shares == pytest.approx({"never_active": 0.4, "below_1_percent": 0.6, "below_5_percent": 0.8})


def test_the_moments_are_those_of_known_distributions() -> None:
    values = torch.tensor([0.0, 0.0, 0.0, 1.0]).view(1, 1, 4)
    chunks = torch.split(values, 3, dim=-1)
    found = {name: value.item() for name, value in distribution(lambda: chunks)._asdict().items()}
    # A Bernoulli variable with p = ¼: variance p(1−p), skewness (1−2p)/√(p(1−p)), excess (1−6p(1−p))/(p(1−p)).
    variance = 3 / 16
    expected = {"mean": 0.25, "sd": math.sqrt(variance), "skewness": 0.5 / math.sqrt(variance)}
    expected |= {"kurtosis": (1 - 6 * variance) / variance, "lowest": 0.0, "highest": 1.0}
    assert found == pytest.approx(expected)


def test_the_overlap_of_gaussians_is_bhattacharyyas() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(2, 200_000, generator=generator, dtype=torch.float64)
    first, second = draws[0].view(1, 1, -1), 2 * draws[1].view(1, 1, -1) + 1.5
    both = torch.cat([first, second], -1)
    ends = both.amin(-1), both.amax(-1)
    coefficients = bhattacharyya(
        torch.stack([histogram(torch.split(part, 70_000, -1), *ends) for part in (first, second)], -2)
    )[0, 0]
    # √(2 σ₁σ₂ / (σ₁² + σ₂²)) exp(−(μ₁ − μ₂)² / (4 (σ₁² + σ₂²)))
    expected = math.sqrt(4 / 5) * math.exp(-(1.5**2) / 20)
    assert coefficients[0, 1].item() == pytest.approx(expected, abs=0.005)
    assert coefficients.diagonal().tolist() == pytest.approx([1, 1])


def test_a_class_beyond_all_others_is_separable() -> None:
    lowest, highest = torch.tensor([[[0.0, 1.0, 5.0]]]), torch.tensor([[[2.0, 3.0, 6.0]]])
    assert separable(lowest, highest).tolist() == [[[False, False, True]]]
    assert not separable(lowest, torch.tensor([[[2.0, 5.0, 6.0]]])).any()
    histograms = torch.tensor([[[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]]], dtype=torch.float64)
    assert best_auc(histograms).item() == pytest.approx(1)
    assert best_auc(histograms[:, :, [0, 1]]).item() == pytest.approx(0.5)


def test_node_tables_tell_alike_classes_from_different_ones() -> None:
    values = torch.linspace(-1, 1, 101).view(1, 1, -1)
    for parts, separable_classes, eta in (([values, values], 0, 0.0), ([values, values + 10], 2, 0.987)):
        classes = [distribution(partial(torch.split, part, 40, -1)) for part in parts]
        ends = torch.stack([each.lowest for each in classes]).amin(0), torch.stack([c.highest for c in classes]).amax(0)
        table = node_table(classes, torch.stack([histogram([part], *ends) for part in parts], -2))
        assert table["separable_classes"].item() == separable_classes
        assert table["eta_squared"].item() == pytest.approx(eta, abs=1e-3)
        assert table["sd_ratio"].item() == pytest.approx(1)


def test_projections_of_one_pixel_a_class_are_all_separable() -> None:
    head = {"weight": torch.eye(CLASSES)}
    tables = measure_projections(hand_built(("relu", "unconstrained"), head), one_pixel_a_class())
    by_run = tables["projections_by_run"].iloc[0]
    assert by_run["separable_nodes"] == 1 and by_run["means_differ"] == 1
    assert (tables["projections"]["separable_classes"] == 1).all()
    means = tables["projections_by_class"].set_index(["node", "class"])["mean"]
    assert means[4, 4] > 99 and means[4, 5] < 10


@pytest.mark.parametrize("activation", ["relu", "abs"])
@pytest.mark.parametrize("representation", ["unconstrained", "intensity", "distance"])
@pytest.mark.parametrize("built", ["distance", "intensity"])
def test_pure_networks_have_scores_at_the_ends(activation: str, representation: str, built: str) -> None:
    head = distance_head() if built == "distance" else {"weight": torch.eye(CLASSES)}
    tables = measure_orientation(hand_built((activation, representation), head), one_pixel_a_class())
    row = tables["orientation_by_run"].iloc[0]
    expected = 1 if built == "distance" else -1
    assert row["score"] == pytest.approx(expected) and row["score_of_outputs"] == pytest.approx(expected)
    assert (row["own_centre"] < row["others_centre"]) == (built == "distance")


def test_a_network_without_preference_scores_near_zero() -> None:
    generator = torch.Generator().manual_seed(0)
    scores, labels = torch.randn(1, 3, 6000, generator=generator), torch.arange(6000) % 3
    assert unit_scores(farther(scores, labels, 3)).abs().max() < 0.05


def test_the_dead_side_of_a_relu_is_told_from_the_boundary() -> None:
    # The own class lies far below the boundary and the others just above it: a distance by its output alone.
    head = {"weight": 1 - 100 * torch.eye(CLASSES)}
    row = measure_orientation(hand_built(("relu", "distance"), head), one_pixel_a_class())["orientation_by_run"].iloc[0]
    assert row["score"] == pytest.approx(-1)
    assert row["score_of_outputs"] > 0


def test_the_score_is_cliffs_delta() -> None:
    values = torch.tensor([[[1.0, -2.0, 3.0, -2.0, 5.0]]]).expand(1, 2, 5)
    labels = torch.tensor([0, 0, 1, 1, 1])
    # Own |s| 1, 2; other |s| 3, 2, 5: of six pairs the other is farther in five and level in one.
    assert farther(values, labels, 2)[0, 0, 1].item() == pytest.approx(5.5 / 6)
    assert unit_scores(farther(values, labels, 2))[0, 0].item() == pytest.approx(2 * 5.5 / 6 - 1)


def test_prototypes_at_centres_and_at_anti_centres() -> None:
    dataset = one_pixel_a_class()
    features = dataset.train_images.float().T.unsqueeze(0)
    centres = class_centres(torch.split(features, 33, dim=-1), dataset.train_labels, CLASSES)
    expected = dataset.train_images[dataset.train_labels == 4].double().mean(0)
    torch.testing.assert_close(centres.own[0, :, 4], expected)
    torch.testing.assert_close(
        centres.others[0, :, 4], dataset.train_images[dataset.train_labels != 4].double().mean(0)
    )
    for place, sign in ((centres.own, 1), (centres.others, -1)):
        head = offset_head(place[0].T.float())
        tables = measure_prototypes(hand_built(("relu_l2", "distance"), head), dataset)
        row = tables["prototypes_by_run"].iloc[0]
        assert row["preference"] == pytest.approx(sign, abs=1e-3)
        assert row["euclidean_preference"] == pytest.approx(sign, abs=1e-3)
        assert row["rank_own"] == (1 if sign > 0 else 10)
        assert row["neighbours_own"] == (1 if sign > 0 else 0)
        assert row["nearest_own"] == row["nearest_prototype_accuracy"] / 100 == (1 if sign > 0 else 0)


def test_the_boundary_of_a_linear_unit_is_its_prototype() -> None:
    dataset = one_pixel_a_class()
    units = measure_prototypes(hand_built(("relu", "distance"), distance_head()), dataset)["prototypes"]
    sums = dataset.train_images[dataset.train_labels == 0].double().mean(0)[1:].sum().item()
    assert units["distance_own"][0] == pytest.approx(sums / 3)  # nine weights of 1
    assert (units["rank_own"] == 1).all() and units["euclidean_own"].isna().all()


def test_neighbours_are_found_across_chunks() -> None:
    distances = torch.tensor([[[5.0, 1.0, 4.0, 0.5, 3.0, 2.0]]])
    found = nearest_images(torch.split(distances, 2, dim=-1), torch.arange(6) * 10, count=3)
    assert found.image.tolist() == [[[3, 1, 5]]]
    assert found.label.tolist() == [[[30, 10, 50]]]
    assert found.distance.tolist() == [[[0.5, 1.0, 2.0]]]


def test_clamping_leaves_one_end_and_levels_the_other() -> None:
    features = torch.tensor([[[0.0, 2.0, 4.0, 10.0]]])
    assert feature_range([features[..., :2], features[..., 2:]]) == (torch.tensor([[0.0]]), torch.tensor([[10.0]]))
    labels = torch.tensor([0, 0, 0, 1])

    def outputs(clamped: Tensor) -> Tensor:
        """Class 1 where the feature is above 5."""
        return torch.cat([5 - clamped, clamped - 5], 1)

    accuracies = clamped_accuracies(lambda: [features[..., :3], features[..., 3:]], outputs, labels, (0, 40, 60, 100))
    # From below: all above 5 from 60 % on; from above: all below 5 up to 40 %.
    assert accuracies.tolist() == [[[100, 100, 25, 25], [75, 75, 100, 100]]]


def test_the_drop_off_is_where_accuracy_passes_one_half() -> None:
    assert drop_off([0, 10, 20, 30], np.array([90.0, 80.0, 40.0, 10.0])) == pytest.approx(17.5)
    assert math.isnan(drop_off([0, 10], np.array([40.0, 10.0])))
    assert math.isnan(drop_off([0, 10], np.array([90.0, 60.0])))
    sides = torch.tensor([[[90.0, 60.0, 40.0], [20.0, 80.0, 90.0]]])
    assert drop_offs(sides, [0, 20, 100])[0].tolist() == pytest.approx([60, 90])


def test_the_first_layer_is_kept_for_the_same_images() -> None:
    networks, dataset = hand_built(("relu", "distance"), distance_head()), one_pixel_a_class()
    first, again = (list(networks.pre_activations(dataset.train_images)) for _ in range(2))
    assert all(one is other for one, other in zip(first, again, strict=True))
    others = list(networks.pre_activations(dataset.train_images + 1))
    assert torch.equal(torch.cat(others, -1), torch.cat(first, -1) + 1)


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_of_wide_layers_no_more_than_a_chunk_is_held(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a chunk comes, the one before it may still be in hand, and none from before that."""
    monkeypatch.setattr("distancenets.measurements.networks.KEPT", 0)
    # Seven chunks even of a class alone.
    networks = replace(hand_built(("relu_l2", "distance"), offset_head(torch.eye(CLASSES))), rows=3)
    # Its own start has 784 pixels.
    monkeypatch.setattr(
        "distancenets.measurements.mahalanobis.start_of",
        lambda network, dataset: (network, hidden_space(network, dataset, [dataset.train_labels])),
    )
    seen: dict[str, list[weakref.ref[Tensor]]] = {"pre_activations": [], "features": []}

    def watched(kind: str) -> Callable[[Networks, Tensor], Iterator[Tensor]]:
        original = getattr(Networks, kind)

        def chunks(self: Networks, images: Tensor) -> Iterator[Tensor]:
            for chunk in original(self, images):
                assert chunk.shape[-1] <= self.rows
                assert sum(reference() is not None for reference in seen[kind]) <= 1
                seen[kind].append(weakref.ref(chunk))
                yield chunk
                del chunk

        return chunks

    for kind in seen:
        monkeypatch.setattr(Networks, kind, watched(kind))
    measurement(name)(networks, one_pixel_a_class())
    assert len(seen["pre_activations"]) > 5
