"""The covariance of a class in hidden space, shrunk, from features that come chunk by chunk.

A class has nodes that none of its images activates, along which its covariance Σ is singular: it is shrunk towards a
multiple of the identity, (1 − λ) Σ + λ (tr Σ / H) I. The share λ is the one of Ledoit and Wolf (2004), for which
`sklearn.covariance.ledoit_wolf` wants all features at once. It depends on them through two sums alone, which are summed
over chunks here. scikit-learn does the shrinking, and the tests compare the result with its estimator.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy
from numpy.typing import NDArray
from scipy.linalg import pinvh
from sklearn.covariance import shrunk_covariance
from torch import Tensor

FloatArray = NDArray[numpy.float64]


class Covariance(NamedTuple):
    """A class: its mean, H, its plain covariance (divisor n), the share λ, and the inverse of the shrunk one, H × H."""

    mean: FloatArray
    plain: FloatArray
    share: float
    precision: FloatArray


def class_covariance(features: Callable[[], Iterable[Tensor]]) -> Covariance:
    """The covariance of the class whose `features` come in chunks, each 1 × H × n.

    `features` gives the chunks twice: for the mean, and for the squares about it.
    """
    count, total = 0, numpy.zeros(())
    for chunk in _rows(features()):
        count += len(chunk)
        total = total + chunk.sum(0)
    mean = total / count
    scatter, fourth = numpy.zeros(()), 0.0
    for chunk in _rows(features()):
        centred = chunk - mean
        scatter = scatter + centred.T @ centred
        fourth += float((centred**2).sum(1) @ (centred**2).sum(1))
    plain = scatter / count
    share = ledoit_wolf_share(plain, fourth / count, count)
    return Covariance(mean, plain, share, pinvh(shrunk_covariance(plain, share)))


def ledoit_wolf_share(plain: FloatArray, fourth: float, count: int) -> float:
    """The share λ = b² / d² of Ledoit and Wolf (2004, J. Multivar. Anal. 88, 365, section 3.2), between 0 and 1.

    d² is the squared distance of the covariance `plain`, H × H, from its target. b² is the part of it that sampling
    error explains, (mean of ‖x xᵀ‖² − ‖Σ‖²) / n. `fourth` is the mean of ‖x xᵀ‖² = ‖x‖⁴ over the `count` centred
    features x. Few images give a share near 1, many a share near 0.
    """
    square = float((plain**2).sum())
    distance = square - float(numpy.trace(plain)) ** 2 / len(plain)
    explained = min((fourth - square) / count, distance)
    return explained / distance if explained > 0 else 0.0


def _rows(features: Iterable[Tensor]) -> Iterator[FloatArray]:
    """Yield chunks, each 1 × H × n, as images × H in double precision."""
    for chunk in features:
        yield chunk[0].T.double().numpy()
