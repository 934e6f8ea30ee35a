"""Tables 1 and 4: what the models are made of, and what OffsetL2 is beside other distances. From the registry alone."""

import pandas

from distancenets.models.distances import DISTANCES
from distancenets.models.registry import models


def models_table() -> pandas.DataFrame:
    """Table 1: every model by its axes, with its activation, head and output."""
    return pandas.DataFrame(
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


def distances_table() -> pandas.DataFrame:
    """Table 4: OffsetL2 beside the RBF unit and the Mahalanobis distance."""
    return pandas.DataFrame(DISTANCES)
