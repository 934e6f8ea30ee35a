"""Variance components: how much of an accuracy comes from the seed, from the test images, and from the two together.

Whether seed s gets image i right is mean + seed + image + seed × image, all random: a two-way table without repeats
(Searle, Casella and McCulloch 1992, chapter 4). Values have the shape … × S × I, S ≥ 2 seeds and I ≥ 2 images: 1 or 0
for one model, the difference of two such for two models, whose seeds and images are paired.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from distancenets.statistics.moments import FloatArray

Correct = npt.NDArray[np.bool_]
POINTS = 100


class MeanSquares(NamedTuple):
    """Mean squares of seeds, images and what is left, each of shape …, and the numbers of seeds and images."""

    seed: FloatArray
    image: FloatArray
    both: FloatArray
    seeds: int
    images: int


class Components(NamedTuple):
    """Parts of one run's accuracy as SDs, percentage points, each of shape ….

    `seed`: of the accuracy on all images that there could be, over seeds. `both`: the part of the test set's noise in
    which seeds disagree. `image`: the part that all seeds share. The SD over seeds holds the first two; new images
    would bring the last two.
    """

    seed: FloatArray
    both: FloatArray
    image: FloatArray

    @property
    def over_seeds(self) -> FloatArray:
        """The SD over seeds on these images."""
        return np.hypot(self.seed, self.both)

    @property
    def over_both(self) -> FloatArray:
        """The SD over seeds on images drawn anew for each."""
        return np.hypot(self.over_seeds, self.image)


def differences(correct: Correct, first: int, second: int) -> npt.NDArray[np.int8]:
    """Return +1 where model `first` alone is right, −1 where `second` alone is, shape S × I.

    `correct` has the shape models × S × I; seeds are paired.
    """
    return np.asarray(np.subtract(correct[first], correct[second], dtype=np.int8))


def mean_squares(values: npt.NDArray[Any]) -> MeanSquares:
    """Return the mean squares of `values`, shape … × S × I."""
    seeds, images = values.shape[-2:]
    table = values.astype(np.float64)
    of_seeds, of_images, grand = table.mean(-1), table.mean(-2), table.mean((-2, -1))
    seed = images * np.var(of_seeds, axis=-1, ddof=1)
    image = seeds * np.var(of_images, axis=-1, ddof=1)
    total = np.sum((table - grand[..., None, None]) ** 2, axis=(-2, -1))
    both = (total - (seeds - 1) * seed - (images - 1) * image) / ((seeds - 1) * (images - 1))
    return MeanSquares(seed, image, np.maximum(both, 0.0), seeds, images)


def components(values: npt.NDArray[Any]) -> Components:
    """Return the components of `values`, shape … × S × I; a variance that comes out negative counts as 0."""
    found = mean_squares(values)
    seed = np.maximum(found.seed - found.both, 0.0) / found.images
    image = np.maximum(found.image - found.both, 0.0) / (found.seeds * found.images)
    return Components(POINTS * np.sqrt(seed), POINTS * np.sqrt(found.both / found.images), POINTS * np.sqrt(image))


def interval(values: npt.NDArray[Any], confidence: float) -> tuple[float, float, float]:
    """Return the mean of `values`, shape S × I, with an interval for new seeds and new images, percentage points.

    The variance of the mean is (seed + image − what is left) / (S I) in mean squares, its degrees of freedom are
    Satterthwaite's (1946). It is never taken as less than that over seeds, or over images, alone, and the interval is
    never narrower than the t interval over seeds.
    """
    found = mean_squares(values)
    cells = found.seeds * found.images
    seed, image, both = (float(part) / cells for part in found[:3])
    freedom = found.seeds - 1, found.images - 1, (found.seeds - 1) * (found.images - 1)
    variance = max(seed + image - both, seed, image)
    spread = sum(part**2 / df for part, df in zip((seed, image, both), freedom, strict=True))
    df = variance**2 / spread if spread else freedom[0]
    probability = (1 + confidence) / 2
    halves = (
        float(special.stdtrit(of, probability)) * math.sqrt(part) for of, part in ((df, variance), (freedom[0], seed))
    )
    half = POINTS * max(halves)
    mean = POINTS * float(values.mean())
    return mean, mean - half, mean + half
