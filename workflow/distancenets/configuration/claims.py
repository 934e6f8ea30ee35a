"""What it takes for a claim of the paper to be judged, and by how much it has to hold; set before the data are seen."""

from typing import Literal

from pydantic import Field, PositiveInt

from distancenets.configuration.settings import Settings


class ClaimsSettings(Settings):
    """Thresholds of the decision rules; alpha and the equivalence margin stand among the statistics' settings."""

    min_epochs: PositiveInt | None = Field(
        default=None,
        le=100_000_000,
        description="Epochs that a claim is judged at or beyond; where none is given, the published epochs of the "
        "table that the claim is read from.",
    )
    failure_margin: float = Field(
        default=10.0,
        gt=0,
        le=100,
        description="Percentage points below the baseline beyond which a model counts as failing.",
    )
    spread_ratio: float = Field(
        default=3.0,
        gt=1,
        allow_inf_nan=False,
        description="Factor by which a spread over seeds exceeds another's to count as far larger.",
    )
    spread_tolerance: float = Field(
        default=2.0,
        ge=1,
        allow_inf_nan=False,
        description="Factor on a stated largest SD up to which a true SD still counts as low: the sample SD of 20 "
        "normal runs whose true SD is 1 lies between 0.68 and 1.31 in 95 of 100 cases.",
    )
    dead_share: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="Share of never active output nodes, over nodes and seeds, beyond which a model has dead nodes.",
    )
    dead_correlation: float = Field(
        default=-0.5,
        gt=-1,
        le=0,
        description="Spearman correlation over seeds of accuracy with the share of never active output nodes, below "
        "which a failure counts as coming from them.",
    )
    activity_split: Literal["train", "test"] = Field(
        default="train",
        description="Images on which nodes are called never active; one that no training image reaches cannot learn.",
    )
    overlap: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Mean Bhattacharyya coefficient of two classes at a hidden node beyond which classes overlap.",
    )
    differing_nodes: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Share of hidden nodes at which class distributions must differ to count as differing.",
    )
    agreement: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Rank correlation beyond which one quantity follows another.",
    )
