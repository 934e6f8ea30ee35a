"""Long form: tables from tensors with a leading seed axis, one row per run and combination of the other axes."""

from collections.abc import Mapping, Sequence

import pandas as pd
from torch import Tensor

from distancenets.measurements.networks import Networks
from distancenets.measurements.registry import AXES


def long_form(networks: Networks, axes: Mapping[str, Sequence[object]], values: Mapping[str, Tensor]) -> pd.DataFrame:
    """Return a table with one row per seed and combination of `axes`.

    Parameters
    ----------
    axes
        Column → its entries, in the order of the tensors' axes after the first.
    values
        Column → a tensor of shape S × the length of each axis.

    Returns
    -------
    pandas.DataFrame
        `AXES`, then the columns of `axes`, then the columns of `values`.
    """
    index = pd.MultiIndex.from_product([networks.seeds, *axes.values()], names=["seed", *axes])
    shape = (len(networks.seeds), *(len(entries) for entries in axes.values()))
    table = pd.DataFrame(
        {name: value.expand(shape).reshape(-1).numpy() for name, value in values.items()}, index=index
    ).reset_index()
    model = networks.model
    known: dict[str, str | int] = {
        "experiment": networks.experiment,
        "architecture": model.architecture,
        "representation": model.representation.name,
        "model": model.paper_name,
        "epoch": networks.epoch,
    }
    table = table.assign(**known)
    return table[[*AXES, *axes, *values]]
