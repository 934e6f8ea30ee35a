"""Prototypes: is an output unit's prototype near its class's centre or near an anti-centre (claim 14)?

In hidden space, unit u has the centre z_u, the mean feature of class u over the training images. Its anti-centre z_¬u
is the mean over all other training images. Its prototype, and its learned distance to a point p, are

- for an OffsetL2 head: μ_u, and the unit's own score of p (for the form `paper`, ‖α_u ⊙ (p − μ_u)‖₂);
- for a linear head: the hyperplane w_u·h + b_u = 0, and the distance |w_u·p + b_u| / ‖w_u‖ from it. If a single point
  is needed, it is the hyperplane's point nearest to z_u: z_u − (w_u·z_u + b_u) w_u / ‖w_u‖².
"""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.long_format import long_form
from distancenets.measurements.networks import Networks

NEIGHBOURS = 10


class Centres(NamedTuple):
    """Class means z_c and the means z_¬c of all images of other classes, each S × H × C."""

    own: Tensor
    others: Tensor


class Neighbours(NamedTuple):
    """The images nearest to each unit's prototype: index, label and distance, each S × C × k, nearest first."""

    image: Tensor
    label: Tensor
    distance: Tensor


def class_centres(features: Iterable[Tensor], labels: Tensor, classes: int) -> Centres:
    """Return the centres from features in chunks, each S × H × n, and `labels`, N."""
    membership = torch.nn.functional.one_hot(labels.long(), classes)
    start, total = 0, torch.zeros((), dtype=torch.float64)
    for chunk in features:
        total = total + (chunk @ membership[start : start + chunk.shape[-1]].to(chunk.dtype)).double()
        start += chunk.shape[-1]
    counts = membership.sum(0)
    everything = total.sum(-1, keepdim=True)
    return Centres(total / counts, (everything - total) / (counts.sum() - counts))


def unit_distances(networks: Networks, points: Tensor) -> Tensor:
    """Every unit's learned distance to `points`, S × H × P: S × C × P, float64."""
    head = {name: value.double() for name, value in networks.head.items()}
    scores = networks.model.head.scores(points.double(), head, networks.network.offset_l2)
    if networks.model.head.non_negative:
        return scores
    return torch.div(scores.abs(), head["weight"].norm(dim=-1, keepdim=True))


def prototype_points(networks: Networks, centres: Tensor) -> Tensor:
    """Each unit's prototype as a point of hidden space, S × C × H, from the class means, S × H × C."""
    head = {name: value.double() for name, value in networks.head.items()}
    if networks.model.head.non_negative:
        return head["prototypes"]
    scores = networks.model.head.scores(centres, head, networks.network.offset_l2)
    at_own = scores.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
    weight = head["weight"]
    return centres.transpose(-1, -2) - at_own / weight.square().sum(-1, keepdim=True) * weight


def image_distances(networks: Networks, points: Tensor, features: Tensor) -> Tensor:
    """The distance of each image to each unit's prototype, S × C × n.

    For OffsetL2 it is the learned distance. For a linear head it is the Euclidean distance to its point in `points`,
    S × C × H, because the whole hyperplane is near images of every class.
    """
    if networks.model.head.non_negative:
        return networks.scores(features)
    near = points.to(features.dtype)
    square = near.square().sum(-1, keepdim=True) - 2 * near @ features + features.square().sum(1, keepdim=True)
    return square.clamp(min=0).sqrt()


def nearest_images(distances: Iterable[Tensor], labels: Tensor, count: int = NEIGHBOURS) -> Neighbours:
    """The `count` nearest images of each unit from chunks of distances, each S × C × n."""
    start, best, places = 0, torch.zeros(()), torch.zeros(())
    for chunk in distances:
        here = torch.arange(start, start + chunk.shape[-1]).expand(chunk.shape)
        known = start > 0
        values, indices = (torch.cat([best, chunk], -1), torch.cat([places, here], -1)) if known else (chunk, here)
        best, order = values.topk(min(count, values.shape[-1]), largest=False)
        places = indices.gather(-1, order)
        start += chunk.shape[-1]
    return Neighbours(places, labels.long()[places], best)


def preference(near: Tensor, far: Tensor) -> Tensor:
    """(far − near) / (far + near): +1 at the first place, −1 at the second, 0 midway; NaN if both are 0."""
    return (far - near) / (far + near)


def prototype_table(networks: Networks, centres: Centres) -> dict[str, Tensor]:
    """Return the columns of `prototypes`, S × C each (see `measure_prototypes`)."""
    to_own, to_others = (unit_distances(networks, points) for points in centres)
    own = to_own.diagonal(dim1=-2, dim2=-1)
    anti = to_others.diagonal(dim1=-2, dim2=-1)
    classes = to_own.shape[-1]
    # A linear head's point is by definition the one nearest to z_u, so its distance shows nothing.
    points = networks.head["prototypes"].double() if networks.model.head.non_negative else torch.tensor(torch.nan)
    euclidean = [(points - centre.transpose(-1, -2)).norm(dim=-1) for centre in centres]
    return {
        "distance_own": own,
        "distance_anti": anti,
        "distance_others": (to_own.sum(-1) - own) / (classes - 1),
        "preference": preference(own, anti),
        "rank_own": 1 + (to_own < own.unsqueeze(-1)).sum(-1),
        "euclidean_own": euclidean[0],
        "euclidean_anti": euclidean[1],
        "euclidean_preference": preference(euclidean[0], euclidean[1]),
    }


def measure_prototypes(networks: Networks, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """Measure the prototypes' positions, in three tables. Centres and neighbours are from the training images.

    `prototypes`: one row per run and unit: distance_own, distance_anti, distance_others (learned distance to z_u, to
    z_¬u, and the mean to the other classes' centres), preference ((anti − own) / (anti + own): +1 at the centre, −1 at
    the anti-centre), rank_own (of z_u among all class centres by the unit's distance, 1 the nearest), euclidean_own,
    euclidean_anti, euclidean_preference (the same from μ_u without the learned scales; NaN for linear heads), and
    neighbours_own (share of the ten nearest training images that are of the unit's class).
    `prototypes_by_run`: one row per run: the means of preference, euclidean_preference, rank_own and neighbours_own
    over units, nearest_own (share of units whose nearest class centre is their own) and nearest_prototype_accuracy
    (share of test images whose nearest prototype is their class's, percent).
    `prototype_neighbours`: one row per run, unit and rank: image (index in the training images), label, distance.

    For linear heads, neighbours_own and nearest_prototype_accuracy favour the class by construction, because the points
    are the ones nearest to the class's own centre. preference, rank_own and nearest_own do not.
    """
    classes = int(dataset.train_labels.max()) + 1
    centres = class_centres(networks.features(dataset.train_images), dataset.train_labels, classes)
    points = prototype_points(networks, centres.own)
    train = (image_distances(networks, points, features) for features in networks.features(dataset.train_images))
    neighbours = nearest_images(train, dataset.train_labels)
    test = [
        image_distances(networks, points, features).argmin(1) for features in networks.features(dataset.test_images)
    ]
    units = prototype_table(networks, centres)
    own_label = neighbours.label == torch.arange(classes).unsqueeze(-1)
    units["neighbours_own"] = own_label.double().mean(-1)
    averaged = ("preference", "euclidean_preference", "rank_own", "neighbours_own")
    by_run = {name: units[name].double().mean(-1) for name in averaged} | {
        "nearest_own": (units["rank_own"] == 1).double().mean(-1),
        "nearest_prototype_accuracy": 100 * (torch.cat(test, -1) == dataset.test_labels).double().mean(-1),
    }
    ranks = range(1, neighbours.image.shape[-1] + 1)
    return {
        "prototypes": long_form(networks, {"unit": range(classes)}, units),
        "prototypes_by_run": long_form(networks, {}, by_run),
        "prototype_neighbours": long_form(
            networks, {"unit": range(classes), "rank": ranks}, dict(neighbours._asdict())
        ),
    }
