"""What is left of a p-value when a whole family of tests is made."""

import gc

import numpy as np
from statsmodels.stats.multitest import multipletests

from distancenets.statistics.moments import FloatArray


def holm(p: FloatArray) -> FloatArray:
    """Return Holm's step-down adjusted p-values (Holm 1979) of the family `p`, shape (tests,).

    A test that could not be made (NaN) stays NaN and still counts as a member, since the family was chosen
    before the data.
    """
    if p.size == 0:
        return p.copy()
    # `multipletests` collects garbage at every call: this takes longer than all else unless what is there is put aside
    gc.freeze()
    try:
        found = multipletests(np.where(np.isnan(p), 1.0, p), method="holm")[1]
    finally:
        gc.unfreeze()
    return np.where(np.isnan(p), np.nan, np.asarray(found, dtype=np.float64))
