"""Mahalanobis: does the learned output distance rank images like the class's true Mahalanobis distance (claim 13)?

For class c in hidden space, with mean z_c and covariance Σ_c of its training images' features,
D_c(h) = √((h − z_c)ᵀ Σ_c⁻¹ (h − z_c)). Σ_c is shrunk (`ledoit_wolf`).

The learned distance of class c is − output c for every model, because a larger output is stronger evidence of the
class. A correlation of +1 means that the output falls with the Mahalanobis distance from image to image.

Two controls use the same images. `untrained` is the network before training (epoch 0). `shuffled_labels` takes means
and covariances of shuffled labels: the hidden space and the learned distance stay the same, only the class is lost.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.ledoit_wolf import Covariance, FloatArray, class_covariances
from distancenets.measurements.long_format import long_form
from distancenets.measurements.networks import Networks
from distancenets.models.activations import ACTIVATIONS
from distancenets.models.networks import initialise
from distancenets.models.registry import find_model
from distancenets.training.batches import Network
from distancenets.training.microbatching import CPU_ROWS
from distancenets.training.pixel_scaling import Scaling

IMAGES = ("own", "all")


def mahalanobis(covariance: Covariance, features: FloatArray) -> FloatArray:
    """The Mahalanobis distance, not squared, of each of `features`, images × H."""
    offsets = features - covariance.mean
    # One matrix product: scikit-learn's own method goes pair by pair and takes ten times as long.
    square = ((offsets @ covariance.precision) * offsets).sum(1)
    return np.asarray(np.sqrt(np.maximum(square, 0)))


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Return Spearman's rank correlation, ties sharing their mean rank; NaN if either input is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return np.nan
    return float(stats.spearmanr(first, second).statistic)


def scale_agreement(weights: FloatArray, variances: FloatArray) -> dict[str, float]:
    """Compare a unit's weights on squared offsets, H, with the inverse class variances along the axes, H.

    scales_correlation: Spearman's, of weight and 1/variance; scales_log_correlation: Pearson's of their logarithms,
    over nodes where both are positive; negative_scales: share of weights below 0; with any, OffsetL2 is not a metric.
    """
    both = (weights > 0) & (variances > 0)
    logs = np.log(weights[both]), -np.log(variances[both])
    varied = both.sum() > 2 and all(np.ptp(values) > 0 for values in logs)
    return {
        "scales_correlation": rank_correlation(weights, -variances),
        "scales_log_correlation": float(stats.pearsonr(*logs).statistic) if varied else np.nan,
        "negative_scales": float((weights < 0).mean()),
    }


def axis_correlation(covariance: FloatArray) -> float:
    """Return the mean |correlation| of pairs of varying nodes, from a covariance, H × H; 0 on principal axes.

    Pass the plain covariance, because shrinkage lowers correlations.
    """
    sd = np.sqrt(np.diag(covariance))
    varied = sd > 1e-6 * sd.max()
    if varied.sum() < 2:
        return np.nan
    correlations = covariance[np.ix_(varied, varied)] / np.outer(sd[varied], sd[varied])
    return float(np.abs(correlations[~np.eye(int(varied.sum()), dtype=bool)]).mean())


def shuffled(labels: Tensor, seed: int) -> Tensor:
    """Return `labels` in a random order that `seed` determines."""
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]


def quantities(covariance: Covariance, weights: FloatArray | None) -> dict[str, float]:
    """Return the columns about a class's covariance and its unit's `weights` on squared offsets, H."""
    found = {"axis_correlation": axis_correlation(covariance.plain), "shrinkage": covariance.share}
    return found if weights is None else found | scale_agreement(weights, covariance.plain.diagonal())


class Space(NamedTuple):
    """Sets of images in hidden space: the covariance of each, and the distances of the test images to each, K × N."""

    sets: list[Covariance]
    distances: FloatArray


def hidden_space(network: Networks, dataset: Dataset, labellings: Sequence[Tensor]) -> Space:
    """Return the classes of one network (S = 1) under each of `labellings` of the training images, in this order."""
    members = np.stack([(labels == label).numpy() for labels in labellings for label in range(classes_of(dataset))])
    sets = class_covariances(network.features(dataset.train_images), members)
    true = []
    for chunk in network.features(dataset.test_images):
        features = chunk[0].T.double().numpy()
        true.append(np.stack([mahalanobis(each, features) for each in sets]))
    return Space(sets, np.concatenate(true, axis=1))


# Of up to eight threads, each with a seed of its own.
@lru_cache(maxsize=8 * len(ACTIVATIONS))
def untrained_space(activation: str, scaling: Scaling, seed: int, hidden: int, dataset: Dataset) -> Space:
    """Return the classes in a seed's hidden space before training. Models that differ only in their head share it."""
    network = Network(find_model(activation, "unconstrained"), "code", scaling)
    start = initialise(network.model, (seed,), hidden)
    return hidden_space(Networks("", 0, (seed,), network, start, CPU_ROWS), dataset, [dataset.train_labels])


def start_of(trained: Networks, dataset: Dataset) -> tuple[Networks, Space]:
    """Return `trained` before training, and its classes."""
    [seed], hidden = trained.seeds, trained.parameters["hidden.bias"].shape[1]
    space = untrained_space(trained.model.activation.name, trained.network.scaling, seed, hidden, dataset)
    return trained.untrained(), space


def class_rows(
    network: Networks, space: Space, dataset: Dataset, controls: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Yield one row per control, class and set of test images of one network; `space` holds each control's classes."""
    outputs = [network.outputs(chunk) for chunk in network.features(dataset.test_images)]
    learned = -torch.cat(outputs, -1)[0].double().numpy()
    weights = axis_weights(network)
    for place, (control, label) in enumerate(product(controls, range(classes_of(dataset)))):
        values = quantities(space.sets[place], None if weights is None else weights[label])
        own = dataset.test_labels.numpy() == label
        for images, chosen in zip(IMAGES, (own, np.ones_like(own)), strict=True):
            correlation = rank_correlation(space.distances[place, chosen], learned[label, chosen])
            yield {"class": label, "control": control, "images": images, "correlation": correlation} | values


def classes_of(dataset: Dataset) -> int:
    """Return the number of classes in `dataset`."""
    return int(dataset.train_labels.max()) + 1


def axis_weights(network: Networks) -> FloatArray | None:
    """OffsetL2's weights on squared offsets, C × H: α (form `code`) or α² (form `paper`); None for other heads."""
    scales = network.head.get("scales")
    if scales is None:
        return None
    weights = scales[0].double().numpy()
    return weights**2 if network.network.offset_l2 == "paper" else weights


def measure_mahalanobis(networks: Networks, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """`mahalanobis` and `mahalanobis_by_run` of one network (S = 1).

    `mahalanobis`: one row per run, class, control (none, untrained, shuffled_labels) and images (own: the test images
    of the class; all): correlation (Spearman's, of the learned and the Mahalanobis distance), axis_correlation (mean
    |correlation| of two hidden nodes within the class; 0 if the nodes were its principal directions), shrinkage (0 none
    … 1 full), and for OffsetL2 the columns of `scale_agreement`, NaN for other heads. Rows of `untrained` carry
    the epoch of the trained rows that they are compared with.
    `mahalanobis_by_run`: their means over classes.
    """
    true, other = dataset.train_labels, shuffled(dataset.train_labels, networks.seeds[0])
    start, its_space = start_of(networks, dataset)
    rows = [
        *class_rows(networks, hidden_space(networks, dataset, [true, other]), dataset, ["none", "shuffled_labels"]),
        *class_rows(start, its_space, dataset, ["untrained"]),
    ]
    axes = long_form(networks, {"row": range(len(rows))}, {}).drop(columns="row")
    table = pd.concat([axes, pd.DataFrame(rows)], axis=1).reindex(columns=[*axes.columns, *COLUMNS])
    key = [*axes.columns, "control", "images"]
    by_run = table.drop(columns="class").groupby(key, sort=False).mean().reset_index()
    return {"mahalanobis": table, "mahalanobis_by_run": by_run}


COLUMNS = (
    "class",
    "control",
    "images",
    "correlation",
    "axis_correlation",
    "shrinkage",
    "scales_correlation",
    "scales_log_correlation",
    "negative_scales",
)
