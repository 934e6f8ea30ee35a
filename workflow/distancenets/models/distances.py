"""Units that measure how far features lie from a centre: OffsetL2 and what the paper's Table 4 sets it beside."""

from typing import NamedTuple

from distancenets.models.heads import HEADS


class Distance(NamedTuple):
    """A unit of features h with a centre μ."""

    unit: str
    output: str
    centre: str
    shape: str
    measures: str


DISTANCES = (
    Distance("OffsetL2", HEADS["offset_l2"].formula, "learned μ", "learned α: a scale an axis", "distance"),
    Distance("RBF", "exp(−γ ‖h − μ‖₂²)", "learned or sampled μ", "γ: one width for all axes", "similarity"),
    Distance(
        "Mahalanobis",
        "√((h − μ)ᵀ Σ⁻¹ (h − μ)) = ‖Λ^(−1/2) Vᵀ (h − μ)‖₂",
        "class mean μ",
        "covariance Σ = VΛVᵀ: directions V, scales Λ^(−1/2)",
        "distance",
    ),
)
