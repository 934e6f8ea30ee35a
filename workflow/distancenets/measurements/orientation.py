"""Orientation: do output units represent distances or intensities?

The score of a model, −1 (intensity) … +1 (distance)
----------------------------------------------------
Let s_u(x) be the score of output unit u before the output constraint. |s_u(x)| is how far x is from the unit's decision
boundary s_u = 0. For a class c other than the unit's own,

    δ_uc = P(|s_u(x)| > |s_u(x′)|) − P(|s_u(x)| < |s_u(x′)|),   x of class c, x′ of class u,

is Cliff's delta (1993) of the other class against the own class. A unit's score is the mean of δ_uc over c ≠ u. A
network's score is the mean over its units, so all classes have the same weight, whatever their numbers of images.

+1: every image of a unit's own class is nearer to the boundary than any other image. A small activation means the
class: a distance. −1: every one is farther away. A large activation means the class: an intensity. 0: neither.

Why this score: it compares the own class with the other classes in units of their spread. For normal distributions of
equal spread σ with centres Δ apart, δ = 2Φ(Δ / (√2 σ)) − 1. It has no free scale, and no monotone map of |s| changes
it. So neither logits that grow in longer training nor the sign or offset of an OffsetL2 distance, which is never 0,
change it. The plain ratio of centres has none of these properties.

A ReLU treats the two sides of the boundary differently: on its dead side, the output is 0 at any distance. So a second
score, `score_of_outputs`, has the unit's output in place of s. It shows how the network uses the unit, while `score`
shows where the own class is. The two differ only for a constrained ReLU.

A score compares images within a unit, not units within an image. If all units rise and fall together from image to
image, as OffsetL2's do with the length of h, the answer depends on small differences between units. The score is then
near 0, however accurate the network is: no single unit represents a distance or an intensity.
"""

import pandas as pd
import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.long_format import long_form
from distancenets.measurements.networks import Networks


def farther(values: Tensor, labels: Tensor, classes: int) -> Tensor:
    """P(|v_u(x)| > |v_u(x′)|) + ½ P(=), x of class c and x′ of class u, as S × u × c.

    `values` is S × C × N, unit u belonging to class u; `labels` is N. A class without images gives NaN.
    """
    nearness = values.abs()
    shares = torch.full((len(values), classes, classes), torch.nan, dtype=torch.float64)
    for unit in range(classes):
        every = nearness[:, unit].contiguous()
        own = every[:, labels == unit].sort(-1).values
        below = torch.searchsorted(own, every, side="left")
        up_to = torch.searchsorted(own, every, side="right")
        share = (below + up_to).double() / (2 * own.shape[-1])
        for label in range(classes):
            shares[:, unit, label] = share[:, labels == label].mean(-1)
    return shares


def unit_scores(shares: Tensor) -> Tensor:
    """Return the score of each unit, S × C, from the shares of `farther`, S × u × c."""
    deltas = 2 * shares - 1
    others = ~torch.eye(shares.shape[-1], dtype=torch.bool)
    return (deltas * others).sum(-1) / others.sum(-1)


def places(scores: Tensor, labels: Tensor, classes: int) -> dict[str, Tensor]:
    """Return the position of each class in each unit's distribution of scores s, S × u × c per column.

    mean; sd: population SD; centre: mean / spread, the spread being the root of the classes' mean variance, so |centre|
    is the distance of the class's centre from the boundary in units of spread; percentile: the share of all images
    whose score is below the class's median.
    """
    exact = scores.double()
    parts = [exact[..., labels == label] for label in range(classes)]
    mean = torch.stack([part.mean(-1) for part in parts], -1)
    sd = torch.stack([part.std(-1, correction=0) for part in parts], -1)
    medians = torch.stack([part.quantile(0.5, dim=-1) for part in parts], -1)
    ranked = exact.sort(-1).values
    percentile = torch.searchsorted(ranked, medians).double() / ranked.shape[-1]
    spread = sd.square().mean(-1, keepdim=True).sqrt()
    return {"mean": mean, "sd": sd, "centre": mean / spread, "percentile": percentile}


def measure_orientation(networks: Networks, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """`orientation` and `orientation_by_run`, over the test images.

    `orientation`: one row per run, unit and class, with the columns of `places`, and farther: the probability that an
    image of the class is farther from the boundary than one of the unit's own class (½ for that class itself).
    `orientation_by_run`: one row per run: score, lowest_unit and highest_unit (of the units' scores), own_centre and
    others_centre (mean |centre| of own and of other classes), own_percentile, and score_of_outputs.
    """
    labels, classes = dataset.test_labels, int(dataset.test_labels.max()) + 1
    scores = networks.all_scores(dataset.test_images)
    shares, where = farther(scores, labels, classes), places(scores, labels, classes)
    units = unit_scores(shares)
    outputs = unit_scores(farther(networks.model.constrained(scores), labels, classes))
    own = torch.eye(classes, dtype=torch.bool)
    distance = where["centre"].abs()
    by_run = {
        "score": units.mean(-1),
        "lowest_unit": units.amin(-1),
        "highest_unit": units.amax(-1),
        "own_centre": distance[:, own].mean(-1),
        "others_centre": distance[:, ~own].mean(-1),
        "own_percentile": where["percentile"][:, own].mean(-1),
        "score_of_outputs": outputs.mean(-1),
    }
    axes = {"unit": range(classes), "class": range(classes)}
    return {
        "orientation": long_form(networks, axes, where | {"farther": shares}),
        "orientation_by_run": long_form(networks, {}, by_run),
    }
