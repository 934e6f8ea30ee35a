"""Variance components of an accuracy: from the seed, from the test images, and from their interaction.

The answer of seed s to image i is mean + seed + image + seed × image, with random effects. This is a two-way table
without repeats (Searle, Casella and McCulloch 1992, chapter 4). Values have the shape … × S × I, with S ≥ 2 seeds and
I ≥ 2 images. They are 1 or 0 for one model, or the difference of two such tables with paired seeds and images.
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
    """Mean squares of seeds, images and residuals, each of shape …, and the numbers of seeds and images."""

    seed: FloatArray
    image: FloatArray
    both: FloatArray
    seeds: int
    images: int


class Components(NamedTuple):
    """Components of one run's accuracy as SDs, percentage points, each of shape ….

    `seed` is the SD over seeds of the accuracy on all possible images. `both` is the part of the test set's noise in
    which seeds disagree, `image` the part that all seeds share. The SD over seeds contains the first two; new images
    change the last two.
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
        """The SD over seeds if each seed has its own test images."""
        return np.hypot(self.over_seeds, self.image)


def differences(correct: Correct, first: int, second: int) -> npt.NDArray[np.int8]:
    """Return +1 if only model `first` is right, −1 if only `second` is, else 0; shape S × I.

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
    """Return the components of `values`, shape … × S × I; a negative variance counts as 0."""
    found = mean_squares(values)
    seed = np.maximum(found.seed - found.both, 0.0) / found.images
    image = np.maximum(found.image - found.both, 0.0) / (found.seeds * found.images)
    return Components(POINTS * np.sqrt(seed), POINTS * np.sqrt(found.both / found.images), POINTS * np.sqrt(image))


def interval(values: npt.NDArray[Any], confidence: float) -> tuple[float, float, float]:
    """Return the mean of `values`, shape S × I, with an interval for new seeds and new images, percentage points.

    The variance of the mean is (seed + image − residual) / (S I) in mean squares, with Satterthwaite's degrees of
    freedom (1946). It is at least the variance over seeds alone, and over images alone. The interval is at least as
    wide as the t interval over seeds.
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
