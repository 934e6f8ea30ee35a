"""The geometry of networks whose answers are known beforehand."""

import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy
import pandas
import pytest
import torch
import yaml
from sklearn.covariance import LedoitWolf
from torch import Tensor

from conftest import REPOSITORY, Workshop
from distancenets.configuration.published import published
from distancenets.datasets.store import Dataset
from distancenets.measurements.activity import active_images, activity_shares, measure_activity
from distancenets.measurements.catalogue import CATALOGUE, FIGURES
from distancenets.measurements.covariances import class_covariance
from distancenets.measurements.frames import AXES, long_form
from distancenets.measurements.mahalanobis import (
    axis_correlation,
    mahalanobis,
    measure_mahalanobis,
    rank_correlation,
    scale_agreement,
    shuffled,
)
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
from distancenets.measurements.register import measurement
from distancenets.models.networks import initialise
from distancenets.models.registry import find_model, models
from distancenets.tables.geometry import Column, Layout, geometry_cells, geometry_table, with_published_activity
from distancenets.training.batches import Network
from distancenets.training.scaling import Scaling

CLASSES = 10


def one_pixel_a_class(images: int = 20) -> Dataset:
    """Return images of ten pixels: pixel c of an image of class c is 100 to 120, all others are 0 to 9."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(CLASSES).repeat(images)
    pixels = torch.randint(0, 10, (len(labels), CLASSES), generator=generator)
    pixels[torch.arange(len(labels)), labels] = torch.randint(100, 121, labels.shape, generator=generator)
    parts = pixels.to(torch.uint8), labels.to(torch.uint8)
    return Dataset("pixels", "", *parts, *parts)


def hand_built(model: tuple[str, str], head: dict[str, Tensor], hidden: Tensor | None = None) -> Networks:
    """Return one network whose hidden features are the ten pixels, or `hidden` @ pixels, with this `head`."""
    weight = torch.eye(CLASSES) if hidden is None else hidden
    parameters = {"hidden.weight": weight.unsqueeze(0), "hidden.bias": torch.zeros(1, len(weight))}
    parameters |= {f"head.{name}": value.unsqueeze(0) for name, value in head.items()}
    network = Network(find_model(*model), "code", Scaling(1.0, 0.0))
    return Networks("hand", 7, (0,), network, parameters, rows=37)


def distance_head() -> dict[str, Tensor]:
    """Return a head whose unit c sums all pixels but c: small for class c alone."""
    return {"weight": 1 - torch.eye(CLASSES)}


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


def offset_head(at: Tensor) -> dict[str, Tensor]:
    return {"prototypes": at.contiguous(), "scales": torch.ones(CLASSES, CLASSES)}


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


def test_the_mahalanobis_distance_of_gaussians_is_the_closed_form() -> None:
    generator = numpy.random.default_rng(0)
    mean, covariance = numpy.array([1.0, -2.0, 0.5]), numpy.array([[4.0, 1.2, 0], [1.2, 1.0, 0.2], [0, 0.2, 0.5]])
    drawn = torch.from_numpy(generator.multivariate_normal(mean, covariance, 100_000)).T.unsqueeze(0)
    estimated = class_covariance(partial(torch.split, drawn, 30_000, -1))
    points = numpy.array([[1.0, -2.0, 0.5], [3.0, -2.0, 0.5], [0.0, 0.0, 0.0], [-4.0, 1.0, 2.0]])
    offsets = points - mean
    expected = numpy.sqrt(numpy.einsum("ni,ij,nj->n", offsets, numpy.linalg.inv(covariance), offsets))
    numpy.testing.assert_allclose(mahalanobis(estimated, points), expected, atol=0.03)


@pytest.mark.parametrize("images", [12, 500])
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_streamed_covariance_is_scikit_learns(images: int, rows: int) -> None:
    generator = numpy.random.default_rng(images)
    # Skewed and correlated as features are after a ReLU, far from 0, of very different spreads, and one always 0.
    features = numpy.maximum(generator.normal(0.5, 1, (images, 20)) @ generator.normal(0, 1, (20, 20)), 0)
    features = (features + 50) * numpy.logspace(-2, 1, 20)
    features[:, 3] = 0
    chunks = torch.split(torch.from_numpy(features).T.unsqueeze(0), rows, -1)
    found, expected = class_covariance(lambda: chunks), LedoitWolf().fit(features)
    assert 0 < found.share < 1
    assert found.share == pytest.approx(expected.shrinkage_, rel=1e-9)
    numpy.testing.assert_allclose(found.mean, expected.location_, rtol=1e-12)
    numpy.testing.assert_allclose(found.precision, expected.precision_, rtol=1e-7, atol=1e-12)
    numpy.testing.assert_allclose(mahalanobis(found, features) ** 2, expected.mahalanobis(features), rtol=1e-7)


def test_a_class_of_one_spread_alone_is_shrunk_as_scikit_learn_does() -> None:
    for features in (numpy.zeros((5, 3)), numpy.eye(3), numpy.arange(4.0).reshape(4, 1)):
        found = class_covariance(partial(torch.split, torch.from_numpy(features).T.unsqueeze(0), 2, -1))
        assert found.share == pytest.approx(LedoitWolf().fit(features).shrinkage_)


def test_rank_correlations_and_scales() -> None:
    values = numpy.array([1.0, 5.0, 2.0, 9.0])
    assert rank_correlation(values, values**3) == pytest.approx(1)
    assert math.isnan(rank_correlation(values, numpy.ones(4)))
    agreed = scale_agreement(3 / values, values)
    assert agreed == pytest.approx({"scales_correlation": 1, "scales_log_correlation": 1, "negative_scales": 0})
    assert scale_agreement(numpy.array([-1.0, 1, 2, 3]), values)["negative_scales"] == 0.25
    assert axis_correlation(numpy.diag(values)) == 0
    assert axis_correlation(numpy.array([[1.0, 0.5], [0.5, 1.0]])) == pytest.approx(0.5)


def gaussian_classes() -> Dataset:
    """Return 600 images of two classes with a diagonal covariance each, of different variances along the pixels."""
    generator = numpy.random.default_rng(0)
    spreads = numpy.array([[1, 2, 3, 4, 6, 8, 10, 12, 14, 16], [16, 14, 12, 10, 8, 6, 4, 3, 2, 1]])
    images = [generator.normal(120, spread, (300, 10)).round().clip(0, 255) for spread in spreads]
    labels = torch.arange(2).repeat_interleave(300).to(torch.uint8)
    pixels = torch.from_numpy(numpy.concatenate(images)).to(torch.uint8)
    return Dataset("gaussians", "", pixels, labels, pixels, labels)


def test_an_offset_l2_head_built_as_mahalanobis_is_recognised() -> None:
    dataset = gaussian_classes()
    parts = [dataset.train_images[dataset.train_labels == label].float() for label in range(2)]
    head = {
        "prototypes": torch.stack([part.mean(0) for part in parts]),
        "scales": torch.stack([1 / part.var(0, correction=0) for part in parts]),
    }
    networks = hand_built(("relu_l2", "distance"), head)
    # The untrained control starts from 784 pixels: take these networks for it instead.
    object.__setattr__(networks, "untrained", lambda: networks)
    table, by_run = measure_mahalanobis(networks, dataset).values()
    own = table[table["images"] == "own"].set_index(["control", "class"]).sort_index()
    assert (own.loc["none", "correlation"] > 0.93).all()
    assert (own.loc["shuffled_labels", "correlation"] < 0.85).all()
    assert own.loc["none", "scales_correlation"].tolist() == pytest.approx([1, 1])
    assert (own["negative_scales"] == 0).all()
    assert len(by_run) == 6 and list(by_run.columns[:8]) == [*AXES, "control", "images"]


def test_labels_are_shuffled_alike_each_time() -> None:
    labels = torch.arange(50)
    assert torch.equal(shuffled(labels, 3), shuffled(labels, 3))
    assert not torch.equal(shuffled(labels, 3), labels)
    assert torch.equal(shuffled(labels, 3).sort().values, labels)


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
    assert drop_off([0, 10, 20, 30], numpy.array([90.0, 80.0, 40.0, 10.0])) == pytest.approx(17.5)
    assert math.isnan(drop_off([0, 10], numpy.array([40.0, 10.0])))
    assert math.isnan(drop_off([0, 10], numpy.array([90.0, 60.0])))
    sides = torch.tensor([[[90.0, 60.0, 40.0], [20.0, 80.0, 90.0]]])
    assert drop_offs(sides, [0, 20, 100])[0].tolist() == pytest.approx([60, 90])


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_more_than_a_chunk_of_activations_is_held(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a chunk comes, the one before it may still be in hand, and none from before that."""
    # Seven chunks even of a class alone.
    networks = replace(hand_built(("relu_l2", "distance"), offset_head(torch.eye(CLASSES))), rows=3)
    monkeypatch.setattr(Networks, "untrained", lambda self: self)
    monkeypatch.setattr(Networks, "alone", lambda self: [self])
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


def measured(workshop: Workshop, name: str) -> None:
    answer = workshop.run("measure", name)
    assert answer.returncode == 0, answer.stderr


@pytest.fixture
def small_study(workshop: Workshop) -> Workshop:
    """Two models, two seeds and two milestones, trained for six epochs."""
    workshop.study(milestones=[3])
    path = workshop.folder / "config/config.yaml"
    chosen = {"seeds": 2, "architectures": ["relu", "relu_l2"], "representations": ["distance"]}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | chosen))
    for architecture in ("relu", "relu_l2"):
        assert workshop.train("--seeds", "0-1", model=(architecture, "distance")).returncode == 0
    return workshop


def test_every_measurement_writes_its_tables(small_study: Workshop) -> None:
    folder = small_study.results / "measurements"
    rows = {"activity": 32, "projections_by_run": 8, "orientation_by_run": 8, "prototypes_by_run": 8}
    rows |= {"mahalanobis_by_run": 48, "perturbation_by_run": 16, "prototype_neighbours": 800}
    for name in CATALOGUE:
        measured(small_study, name)
    for name, count in rows.items():
        table = pandas.read_csv(folder / f"{name}.csv")
        assert tuple(table.columns[:6]) == AXES and len(table) == count, name
        assert set(table["epoch"]) == {3, 6} and set(table["seed"]) == {0, 1}
    curve = pandas.read_csv(folder / "perturbation.csv")
    metrics = pandas.read_parquet(next(small_study.results.glob("runs/**/*relu/*distance/*seed~1/metrics.parquet")))
    last = metrics.set_index("epoch")["test_accuracy"][6]
    same = curve[(curve["architecture"] == "relu") & (curve["seed"] == 1) & (curve["epoch"] == 6)]
    unclamped = same[(same["side"] == "below") & (same["level"] == 0)]
    assert unclamped["accuracy"].item() == pytest.approx(last, abs=0.01)
    tables_and_figures_follow(small_study)


def tables_and_figures_follow(study: Workshop) -> None:
    """Check what is made of the measurements here: measuring anew would take as long as all other tests."""
    assert study.run("collect").returncode == 0
    for arguments in (
        ("figure", "geometry", "--experiment", "raw"),
        ("geometry-tables", "--published", str(REPOSITORY / "config" / "published.yaml")),
    ):
        answer = study.run(*arguments)
        assert answer.returncode == 0, answer.stderr
    for name in FIGURES:
        assert (study.results / "figures" / f"{name}_raw.png").stat().st_size > 5000
    for name in CATALOGUE:
        shown = (study.results / "tables" / f"{name}.md").read_text()
        assert "ReLU2-Neg" in shown and "ReLU-L2-Neg" in shown and "6 epochs" in shown
    by_run = pandas.read_csv(study.results / "measurements" / "orientation_by_run.csv")
    scores = by_run[(by_run["epoch"] == 6) & (by_run["model"] == "ReLU2-Neg")]["score"]
    table = pandas.read_csv(study.results / "tables" / "orientation.csv").set_index("model")
    assert table["score_mean"]["ReLU2-Neg"] == pytest.approx(scores.mean())
    assert table["score_sd_population"]["ReLU2-Neg"] == pytest.approx(scores.std(ddof=0))
    line = study.refused("figure", "geometry", "--experiment", "no")
    assert "has no experiment 'no'" in line
    (study.results / "measurements" / "activity.csv").unlink()
    assert "activity.csv: cannot be read" in study.refused("figure", "geometry", "--experiment", "raw")


def test_missing_and_damaged_weights_are_named(small_study: Workshop) -> None:
    weights = next(small_study.results.glob("runs/**/*seed~1/weights.safetensors"))
    content = weights.read_bytes()
    weights.write_bytes(content[:100])
    assert "seed~1/weights.safetensors: cannot be read" in small_study.refused("measure", "activity")
    weights.unlink()
    assert "seed~1/weights.safetensors: cannot be read" in small_study.refused("measure", "activity")
    assert not (small_study.results / "measurements" / Path("activity.csv")).exists()


def runs_of(model: tuple[str, str], values: list[float], **others: object) -> pandas.DataFrame:
    architecture, representation = model
    return pandas.DataFrame({"architecture": architecture, "representation": representation, "x": values} | others)


def test_tables_hold_mean_spread_and_interval_over_seeds() -> None:
    runs = pandas.concat(
        [
            runs_of(("relu", "distance"), [1.0, 2.0, 6.0]),
            runs_of(("relu", "unconstrained"), [0.5, math.nan, math.nan]),
        ]
    )
    layout = Layout("x.csv", (), {"x": Column("x", 100, 0, with_interval=True)}, "")
    table = geometry_table(runs, layout)
    assert list(table["model"]) == ["ReLU", "ReLU2-Neg"]
    row = table.iloc[1]
    assert (row["x_mean"], row["x_n"], row["seeds"]) == (3, 3, 3)
    assert row["x_sd_population"] == pytest.approx(math.sqrt(14 / 3))
    half = 4.302652729911275 * math.sqrt(7 / 3)  # t(0.975; 2) × sample SD / √3
    assert (row["x_low"], row["x_high"]) == pytest.approx((3 - half, 3 + half))
    assert list(geometry_cells(table, layout)["x"]) == ["50 (n = 1)", "300 ± 216 [−357, 957]"]


def test_printed_shares_stand_beside_the_model_and_layer_they_are_of() -> None:
    layout = Layout("activity.csv", ("layer", "split"), {"x": Column("x")}, "")
    parts = [
        runs_of(model, [0.0, 0.1], layer=layer, split="test")
        for model in (("relu", "intensity"), ("abs", "intensity"), ("relu", "unconstrained"))
        for layer in ("hidden", "output")
    ]
    table = geometry_table(pandas.concat(parts), layout)
    activity = published(REPOSITORY / "config" / "published.yaml").activity
    words = with_published_activity(table, geometry_cells(table, layout), activity)[1].set_index(["model", "layer"])
    of = words["published"]
    assert "never active: 33.00 %" in of["ReLU2", "output"] and "never active: 22 %" in of["ReLU2", "output"]
    assert "active on < 5 %: 53.50 %" in of["ReLU2", "output"]
    assert "0.1–0.5 %" in of["ReLU", "hidden"] and "33.00" not in of["ReLU2", "hidden"]
    assert of["ReLU", "output"] == "–" and "no dead node" in of["Abs2", "hidden"]
