"""Perturbation: test accuracy with the hidden features clamped from below or from above.

A node's range is the range of its feature over the test images. So 0 % from below and 100 % from above change nothing,
and the opposite ends leave a constant. From below, every feature under the level is raised to it, which removes the
information in small activations. From above, every feature over it is lowered to it: large activations lose theirs.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.measurements.long_format import long_form
from distancenets.measurements.networks import Networks

SIDES = ("below", "above")
LEVELS = tuple(range(0, 101, 5))  # percent of the range
DROPPED = 50.0  # percent test accuracy

FloatArray = NDArray[np.float64]


def feature_range(features: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """The lowest and the highest feature of each node, S × H, over chunks, each S × H × n."""
    lowest, highest = zip(*((chunk.amin(-1), chunk.amax(-1)) for chunk in features), strict=True)
    return torch.stack(lowest).amin(0), torch.stack(highest).amax(0)


def clamped(features: Tensor, lowest: Tensor, highest: Tensor, side: str, level: float) -> Tensor:
    """`features`, S × H × n, clamped from `side` at `level` percent of the range `lowest` .. `highest`."""
    # Not lowest + share × width: rounding would move the upper end.
    bound = torch.lerp(lowest, highest, level / 100).unsqueeze(-1)
    return torch.maximum(features, bound) if side == "below" else torch.minimum(features, bound)


def clamped_accuracies(
    features: Callable[[], Iterable[Tensor]], outputs: Callable[[Tensor], Tensor], labels: Tensor, levels: Sequence[int]
) -> Tensor:
    """The accuracy in percent, S × side × level, of `outputs` made of clamped features.

    `features` returns the chunks, each S × H × n. It is called for the ranges, then for the clamping.
    """
    lowest, highest = feature_range(features())
    start, hits = 0, torch.zeros(len(lowest), len(SIDES), len(levels), dtype=torch.int64)
    for chunk in features():
        wanted = labels[start : start + chunk.shape[-1]]
        start += chunk.shape[-1]
        for row, side in enumerate(SIDES):
            for column, level in enumerate(levels):
                answers = outputs(clamped(chunk, lowest, highest, side, level)).argmax(1)
                hits[:, row, column] += (answers == wanted).sum(-1)
    return 100 * hits.double() / len(labels)


def drop_off(levels: Sequence[float], accuracies: FloatArray, dropped: float = DROPPED) -> float:
    """Return the level at which accuracy first falls below `dropped`, starting from the unclamped end.

    `levels` ascend from the unclamped end; accuracy is interpolated linearly between them. NaN if it is below `dropped`
    without clamping, or never falls below it.
    """
    below = accuracies < dropped
    if below[0] or not below.any():
        return np.nan
    after = int(below.argmax())
    high, low = accuracies[after - 1], accuracies[after]
    share = (high - dropped) / (high - low)
    return float(levels[after - 1] + share * (levels[after] - levels[after - 1]))


def drop_offs(accuracies: Tensor, levels: Sequence[int]) -> Tensor:
    """The drop-off points, S × side, in percent of the range clamped away, from S × side × level."""
    # From above, the level counts down from 100 %, and the clamped range is the remainder.
    clamped_away = [100 - level for level in reversed(levels)]
    points = [
        [drop_off(levels, below.numpy()), drop_off(clamped_away, above.flip(-1).numpy())] for below, above in accuracies
    ]
    return torch.tensor(points, dtype=torch.float64)


def measure_perturbation(networks: Networks, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """`perturbation` and `perturbation_by_run`.

    `perturbation`: one row per run, side (below, above) and level (percent of each node's range at which its feature is
    clamped): accuracy (test, percent).
    `perturbation_by_run`: one row per run and side: drop_off, the percentage of the range that is clamped away when
    accuracy falls below 50 %; NaN if it never does, or is below 50 % without clamping.
    """
    accuracies = clamped_accuracies(
        lambda: networks.features(dataset.test_images), networks.outputs, dataset.test_labels.long(), LEVELS
    )
    return {
        "perturbation": long_form(networks, {"side": SIDES, "level": LEVELS}, {"accuracy": accuracies}),
        "perturbation_by_run": long_form(networks, {"side": SIDES}, {"drop_off": drop_offs(accuracies, LEVELS)}),
    }
