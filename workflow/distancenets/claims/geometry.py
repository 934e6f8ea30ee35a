"""Decision rules that look at the geometry: projections, Mahalanobis distances and prototypes."""

import math
from functools import partial

import pandas as pd

from distancenets.claims.conditions import Condition, Judged, Region, with_interval
from distancenets.claims.estimates import centre
from distancenets.claims.evidence import Evidence

DISTANCES = ("ReLU-L2-Neg", "Abs-L2-Neg")
INTENSITIES = ("ReLU-L2", "Abs-L2")


def classes_overlap(evidence: Evidence) -> list[Judged]:
    """Classes overlap along ReLU's hidden nodes, and at most nodes differ in mean, spread and skewness."""
    overlap, share = evidence.claims.overlap, evidence.claims.differing_nodes
    conditions = {
        "overlap_mean": ("overlap of two classes at a node", overlap),
        "means_differ": ("share of nodes at which means differ", share),
        "sds_differ": ("share of nodes at which SDs differ", share),
        "skewnesses_differ": ("share of nodes at which skewnesses differ", share),
    }
    rows = evidence.of_model("projections_by_run", "ReLU")
    return [_above(rows[column], f"{text} of ReLU", least) for column, (text, least) in conditions.items()]


def offset_l2_is_mahalanobis(evidence: Evidence) -> list[Judged]:
    """For the distance models, OffsetL2 orders images as the Mahalanobis distance does, and for the stated reasons.

    Their output must follow the class's Mahalanobis distance, more than an untrained network's does and more than with
    shuffled labels; hidden nodes must be uncorrelated within a class, as principal directions are; scales must follow
    the inverse variances.
    """
    claims = evidence.claims
    conditions: list[Judged] = []
    for model in DISTANCES:
        rows = evidence.of_model("mahalanobis_by_run", model)
        rows = rows[rows["images"] == "own"]
        trained = rows[rows["control"] == "none"]
        conditions += [
            _above(
                trained["correlation"], f"rank correlation with the Mahalanobis distance of {model}", claims.agreement
            ),
            *(
                _above(trained["correlation"] - rows.loc[rows["control"] == control, "correlation"], text, 0.0)
                for control, text in (
                    ("untrained", "gain over no training"),
                    ("shuffled_labels", "over shuffled labels"),
                )
            ),
            _above(
                trained["scales_correlation"], f"that of scales with inverse variances of {model}", claims.agreement
            ),
            _below(trained["axis_correlation"], f"|correlation| of hidden nodes of {model}", claims.axis_correlation),
        ]
    return conditions


def prototypes_lie_at_centres(evidence: Evidence) -> list[Judged]:
    """Prototypes lie nearer to the class's centre for distance models, nearer to the anti-centre for intensity ones."""
    return [
        *(_above(_preference(evidence, model), f"preference for the centre of {model}", 0.0) for model in DISTANCES),
        *(_below(_preference(evidence, model), f"preference for the centre of {model}", 0.0) for model in INTENSITIES),
    ]


def _preference(evidence: Evidence, model: str) -> "pd.Series[float]":
    return evidence.of_model("prototypes_by_run", model)["euclidean_preference"]


def _above(values: "pd.Series[float]", text: str, least: float) -> Condition:
    return _condition(values, text, Region(least, math.inf), f"above {least:g}")


def _below(values: "pd.Series[float]", text: str, most: float) -> Condition:
    return _condition(values, text, Region(-math.inf, most), f"below {most:g}")


def _condition(values: "pd.Series[float]", text: str, region: Region, asked: str) -> Condition:
    return Condition(partial(centre, values), lambda estimate: f"{text} {with_interval(estimate)}", region, asked)
