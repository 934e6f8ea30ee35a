"""Projections: class distributions along single hidden nodes (Figure 1, claim 8).

All values are outputs of the first layer before the activation, over the test images, as in Figure 1. They arrive in
chunks of images, each S × H × n; if they are needed more than once, a function returns the chunks.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.long_format import long_form
from distancenets.measurements.networks import Networks

BINS = 64
# Classes differ at a node from these values on. They exceed the sampling error of 1,000 images and are of medium size:
# 6 % of the variance (Cohen 1988), SDs 25 % apart, skewnesses 0.5 apart.
ETA_SQUARED, SD_RATIO, SKEWNESS_RANGE = 0.06, 1.25, 0.5


class Distribution(NamedTuple):
    """One class at every node: mean, population SD, skewness, excess kurtosis, lowest, highest; each S × H."""

    mean: Tensor
    sd: Tensor
    skewness: Tensor
    kurtosis: Tensor
    lowest: Tensor
    highest: Tensor


def distribution(values: Callable[[], Iterable[Tensor]]) -> Distribution:
    """Return the distribution of `values` over all images; skewness and kurtosis are NaN if the SD is 0."""
    seen = [(chunk.shape[-1], chunk.double().sum(-1), chunk.amin(-1), chunk.amax(-1)) for chunk in values()]
    counts, totals, lowest, highest = zip(*seen, strict=True)
    mean = torch.stack(totals).sum(0) / sum(counts)
    powers = torch.stack([_powers(chunk.double() - mean.unsqueeze(-1)) for chunk in values()]).sum(0) / sum(counts)
    variance, third, fourth = powers
    shape = third / variance.pow(1.5), fourth / variance.square() - 3
    ends = torch.stack(lowest).amin(0).double(), torch.stack(highest).amax(0).double()
    return Distribution(mean, variance.sqrt(), *shape, *ends)


def histogram(values: Iterable[Tensor], lowest: Tensor, highest: Tensor, bins: int = BINS) -> Tensor:
    """The shares of `values` in equal bins from `lowest` to `highest`, S × H: S × H × bins."""
    width = (highest - lowest).clamp(min=torch.finfo(torch.float64).tiny).unsqueeze(-1)
    counts = torch.zeros(*lowest.shape, bins, dtype=torch.float64)
    for chunk in values:
        place = ((chunk.double() - lowest.unsqueeze(-1)) / width * bins).long().clamp(0, bins - 1)
        counts.scatter_add_(-1, place, torch.ones_like(place, dtype=torch.float64))
    return counts / counts.sum(-1, keepdim=True)


def bhattacharyya(histograms: Tensor) -> Tensor:
    """Return the Bhattacharyya coefficients (1943) Σ √(p q) of every pair of classes: 1 if equal, 0 if disjoint.

    `histograms` is S × H × C × bins, the result S × H × C × C.
    """
    roots = histograms.sqrt()
    return roots @ roots.transpose(-1, -2)


def separable(lowest: Tensor, highest: Tensor) -> Tensor:
    """Return whether one threshold separates each class from all others, S × H × C, from the classes' ranges."""
    found = []
    for label in range(lowest.shape[-1]):
        others = [other for other in range(lowest.shape[-1]) if other != label]
        above = lowest[..., label] > highest[..., others].amax(-1)
        below = highest[..., label] < lowest[..., others].amin(-1)
        found.append(above | below)
    return torch.stack(found, -1)


def best_auc(histograms: Tensor) -> Tensor:
    """Return the largest area under the ROC curve with which one threshold separates a class from the others.

    The others have equal weights; ties within a bin count half. `histograms`: S × H × C × bins; result: S × H in ½..1.
    """
    classes = histograms.shape[-2]
    rest = (histograms.sum(-2, keepdim=True) - histograms) / (classes - 1)
    area = (histograms * (rest.cumsum(-1) - rest / 2)).sum(-1)
    return torch.maximum(area, 1 - area).amax(-1)


def node_table(classes: Sequence[Distribution], histograms: Tensor) -> dict[str, Tensor]:
    """Return the columns of `projections`, S × H each (see `measure_projections`)."""
    joint = Distribution(*(torch.stack(parts, -1) for parts in zip(*classes, strict=True)))
    upper = torch.triu_indices(len(classes), len(classes), offset=1)
    overlaps = bhattacharyya(histograms)[..., upper[0], upper[1]]
    between, within = joint.mean.var(-1, correction=0), joint.sd.square().mean(-1)
    return {
        "overlap_mean": overlaps.mean(-1),
        "overlap_lowest": overlaps.amin(-1),
        "overlap_highest": overlaps.amax(-1),
        "separable_classes": separable(joint.lowest, joint.highest).sum(-1),
        "best_auc": best_auc(histograms),
        "eta_squared": between / (between + within),
        "sd_ratio": joint.sd.amax(-1) / joint.sd.amin(-1),
        "skewness_range": joint.skewness.amax(-1) - joint.skewness.amin(-1),
    }


def run_table(nodes: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the columns of `projections_by_run`, S each, from the S × H columns of `node_table`."""
    differ = {
        "means_differ": nodes["eta_squared"] >= ETA_SQUARED,
        "sds_differ": nodes["sd_ratio"] >= SD_RATIO,
        "skewnesses_differ": nodes["skewness_range"] >= SKEWNESS_RANGE,
    }
    return {
        "overlap_mean": nodes["overlap_mean"].mean(-1),
        "separable_nodes": (nodes["separable_classes"] > 0).double().mean(-1),
        "best_auc": nodes["best_auc"].mean(-1),
        "eta_squared": nodes["eta_squared"].nanmedian(-1).values,
        "sd_ratio": nodes["sd_ratio"].nanmedian(-1).values,
        "skewness_range": nodes["skewness_range"].nanmedian(-1).values,
    } | {name: found.double().mean(-1) for name, found in differ.items()}


def measure_projections(networks: Networks, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """Measure the class distributions at every hidden node, in three tables.

    `projections_by_class`: one row per run, node and class: mean, sd (population), skewness, kurtosis (excess).
    `projections`: one row per run and node: overlap_… (Bhattacharyya coefficient of two classes from a histogram of 64
    bins; mean, lowest and highest of all pairs), separable_classes (separated from all others by one threshold without
    error), best_auc (of the best separated class), eta_squared (share of the variance between class means, with equal
    class weights), sd_ratio (largest over smallest class SD), skewness_range (largest − smallest class skewness).
    `projections_by_run`: one row per run: overlap_mean and best_auc averaged over nodes, the median node's eta_squared,
    sd_ratio and skewness_range, and shares of nodes: separable_nodes (at least one separable class), means_differ,
    sds_differ, skewnesses_differ (at least `ETA_SQUARED`, `SD_RATIO`, `SKEWNESS_RANGE`).
    """
    labels = dataset.test_labels
    parts = [dataset.test_images[labels == label] for label in range(int(labels.max()) + 1)]
    classes = [distribution(partial(networks.pre_activations, part)) for part in parts]
    lowest = torch.stack([each.lowest for each in classes]).amin(0)
    highest = torch.stack([each.highest for each in classes]).amax(0)
    histograms = torch.stack([histogram(networks.pre_activations(part), lowest, highest) for part in parts], -2)
    nodes = node_table(classes, histograms)
    moments = {name: torch.stack([getattr(each, name) for each in classes], -1) for name in Distribution._fields[:4]}
    hidden = range(lowest.shape[-1])
    return {
        "projections_by_class": long_form(networks, {"node": hidden, "class": range(len(classes))}, moments),
        "projections": long_form(networks, {"node": hidden}, nodes),
        "projections_by_run": long_form(networks, {}, run_table(nodes)),
    }


def _powers(centred: Tensor) -> Tensor:
    """The sums of squares, cubes and fourth powers along the last axis, 3 × S × H."""
    square = centred.square()
    return torch.stack([square.sum(-1), (square * centred).sum(-1), square.square().sum(-1)])
