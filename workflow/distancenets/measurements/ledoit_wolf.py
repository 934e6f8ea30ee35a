"""The covariances of classes in hidden space, shrunk, from features that come chunk by chunk.

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
BoolArray = NDArray[numpy.bool_]


class Covariance(NamedTuple):
    """A class: its mean, H, its plain covariance (divisor n), the share λ, and the inverse of the shrunk one, H × H."""

    mean: FloatArray
    plain: FloatArray
    share: float
    precision: FloatArray


def class_covariances(features: Callable[[], Iterable[Tensor]], members: BoolArray) -> list[Covariance]:
    """The covariance of each class, given which images are `members` of it, classes × N.

    `features` gives all images in chunks of 1 × H × n, twice: for the means, and for the squares about them.
    """
    counts, totals = members.sum(1), numpy.zeros(())
    for chunk, of_chunk in _chunks(features(), members):
        totals = totals + of_chunk.astype(numpy.float64) @ chunk
    means = totals / counts[:, None]
    scatters = numpy.zeros((len(members), means.shape[1], means.shape[1]))
    fourths = numpy.zeros(len(members))
    for chunk, of_chunk in _chunks(features(), members):
        for place, chosen in enumerate(of_chunk):
            centred = chunk[chosen] - means[place]
            scatters[place] += centred.T @ centred
            fourths[place] += ((centred**2).sum(1) ** 2).sum()
    return [_shrunk(*parts) for parts in zip(means, scatters, fourths, counts.tolist(), strict=True)]


def _shrunk(mean: FloatArray, scatter: FloatArray, fourth: float, count: int) -> Covariance:
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


def _chunks(features: Iterable[Tensor], members: BoolArray) -> Iterator[tuple[FloatArray, BoolArray]]:
    """Yield chunks, each 1 × H × n, as images × H in double precision, and their part of `members`."""
    done = 0
    for chunk in features:
        rows = chunk[0].T.double().numpy()
        yield rows, members[:, done : done + len(rows)]
        done += len(rows)
