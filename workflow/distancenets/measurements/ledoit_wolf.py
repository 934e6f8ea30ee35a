"""Shrunk class covariances in hidden space, from features that arrive in chunks.

Some nodes are active on no image of a class, so its covariance Σ is singular. It is shrunk towards a multiple of the
identity: (1 − λ) Σ + λ (tr Σ / H) I, with the share λ of Ledoit and Wolf (2004). `sklearn.covariance.ledoit_wolf` needs
all features at once. λ depends on four sums only, which this module accumulates chunk by chunk. scikit-learn does the
shrinking, and the tests compare the result with its estimator.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import pinvh
from sklearn.covariance import shrunk_covariance
from torch import Tensor

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Covariance(NamedTuple):
    """A class's mean, H, plain covariance (divisor n), share λ, and inverse of the shrunk covariance, H × H."""

    mean: FloatArray
    plain: FloatArray
    share: float
    precision: FloatArray


class _Sums:
    """Running sums over a class's features x: of x, x xᵀ, ‖x‖² x and ‖x‖⁴."""

    def __init__(self, hidden: int) -> None:
        self._count = 0
        self._first, self._third = np.zeros((2, hidden))
        self._second = np.zeros((hidden, hidden))
        self._fourth = 0.0

    def add(self, features: FloatArray) -> None:
        """Add `features`, n × H."""
        squares = (features**2).sum(1)
        self._count += len(features)
        self._first += features.sum(0)
        self._second += features.T @ features
        self._third += squares @ features
        self._fourth += float(squares @ squares)

    def covariance(self) -> Covariance:
        """Return the covariance; ‖x − m‖⁴ is summed by expanding (‖x‖² − 2 m·x + ‖m‖²)²."""
        count, mean = self._count, self._first / self._count
        square = float(mean @ mean)
        plain = self._second / count - np.outer(mean, mean)
        along = 4 * float(mean @ self._second @ mean) - 4 * float(mean @ self._third)
        fourth = self._fourth + along + 2 * square * float(self._second.trace()) - 3 * count * square**2
        share = ledoit_wolf_share(plain, fourth / count, count)
        return Covariance(mean, plain, share, pinvh(shrunk_covariance(plain, share)))


def class_covariances(features: Iterable[Tensor], members: BoolArray) -> list[Covariance]:
    """Return the covariance of each class; `members`, classes × N, marks the images of each.

    `features` are the hidden features of all images in chunks of 1 × H × n. Computing them dominates the cost, so they
    are passed once: double precision leaves enough digits to subtract the means afterwards.
    """
    done = 0
    sums: list[_Sums] = []
    for chunk in features:
        rows = chunk[0].T.double().numpy()
        sums = sums or [_Sums(rows.shape[1]) for _ in members]
        for place, chosen in enumerate(members[:, done : done + len(rows)]):
            sums[place].add(rows[chosen])
        done += len(rows)
    return [of_class.covariance() for of_class in sums]


def ledoit_wolf_share(plain: FloatArray, fourth: float, count: int) -> float:
    """The share λ = b² / d² of Ledoit and Wolf (2004, J. Multivar. Anal. 88, 365, section 3.2), between 0 and 1.

    d² is the squared distance of the covariance `plain`, H × H, from its target. b² is the part of d² that sampling
    error explains, (mean of ‖x xᵀ‖² − ‖Σ‖²) / n. `fourth` is the mean of ‖x xᵀ‖² = ‖x‖⁴ over the `count` centred
    features x. Few images give a share near 1, many a share near 0.
    """
    square = float((plain**2).sum())
    distance = square - float(np.trace(plain)) ** 2 / len(plain)
    explained = min((fourth - square) / count, distance)
    return explained / distance if explained > 0 else 0.0
