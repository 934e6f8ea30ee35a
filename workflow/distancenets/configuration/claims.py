"""Thresholds for judging the paper's claims, set before the data are seen."""

from typing import Literal

from pydantic import Field, PositiveInt

from distancenets.configuration.settings import Settings


class ClaimsSettings(Settings):
    """Thresholds of the decision rules; alpha and the equivalence margin are settings of the statistics."""

    min_epochs: PositiveInt | None = Field(
        default=None,
        le=100_000_000,
        description="Fewest epochs at which a claim is judged; by default the published epochs of the table that the "
        "claim is about.",
    )
    failure_margin: float = Field(
        default=10.0,
        gt=0,
        le=100,
        description="A model fails if it is more than this many percentage points below the baseline.",
    )
    spread_ratio: float = Field(
        default=3.0,
        gt=1,
        allow_inf_nan=False,
        description="A spread over seeds is far larger than another if their ratio exceeds this.",
    )
    spread_tolerance: float = Field(
        default=2.0,
        ge=1,
        allow_inf_nan=False,
        description="A true SD is low up to this factor times the largest SD stated: the sample SD of 20 normal runs "
        "with true SD 1 is between 0.68 and 1.31 in 95 of 100 cases.",
    )
    dead_share: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="A model has dead nodes if more than this share of output nodes, over all seeds, is never active.",
    )
    dead_correlation: float = Field(
        default=-0.5,
        gt=-1,
        le=0,
        description="A failure comes from dead nodes if the Spearman correlation over seeds of accuracy with the share "
        "of never active output nodes is below this.",
    )
    activity_split: Literal["train", "test"] = Field(
        default="train",
        description="Images on which a dead node is never active; a node that no training image reaches cannot learn.",
    )
    overlap: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Classes overlap if the mean Bhattacharyya coefficient of two at a hidden node exceeds this.",
    )
    differing_nodes: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Class distributions differ if they do so at more than this share of hidden nodes.",
    )
    agreement: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="One quantity follows another if their rank correlation exceeds this.",
    )
