"""Tables 1 and 4, from the registry alone: the parts of the models, and OffsetL2 compared with other distances."""

from typing import NamedTuple

import pandas as pd

from distancenets.models.heads import HEADS
from distancenets.models.registry import models


class Distance(NamedTuple):
    """A unit of features h with a centre μ."""

    unit: str
    output: str
    centre: str
    shape: str
    measures: str


DISTANCES = (
    Distance("OffsetL2", HEADS["offset_l2"].formula, "learned μ", "learned α: one scale per axis", "distance"),
    Distance("RBF", "exp(−γ ‖h − μ‖₂²)", "learned or sampled μ", "γ: one width for all axes", "similarity"),
    Distance(
        "Mahalanobis",
        "√((h − μ)ᵀ Σ⁻¹ (h − μ)) = ‖Λ^(−1/2) Vᵀ (h − μ)‖₂",
        "class mean μ",
        "covariance Σ = VΛVᵀ: directions V, scales Λ^(−1/2)",
        "distance",
    ),
)


def models_table() -> pd.DataFrame:
    """Table 1: every model by its axes, with its activation, head and output."""
    return pd.DataFrame(
        {
            "model": model.paper_name,
            "architecture": model.architecture,
            "representation": model.representation.name,
            "activation σ": model.activation.formula,
            "head": model.head.formula,
            "output": model.formula,
        }
        for model in models()
    )


def distances_table() -> pd.DataFrame:
    """Table 4: OffsetL2 compared with the RBF unit and the Mahalanobis distance."""
    return pd.DataFrame(DISTANCES)
