"""Initial parameters: one random stream per seed, with the same bits on every processor.

PyTorch's `normal_` runs other code with AVX2 than without, and a C library's logarithm has several versions. So numbers
are computed from the generator's integers by operations with a unique result under IEEE 754: +, −, ×, ÷ and √.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# 2 artanh f = 2 (f + f³/3 + f⁵/5 + …); with |f| ≤ 0.172, later terms are below double precision.
LAST_TERM = 23


class RandomStream:
    """The random numbers of one seed, in the order of the calls.

    The integers equal `torch.Generator().manual_seed(seed)`'s, since both use the Mersenne Twister.
    """

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)

    def uniform(self, shape: tuple[int, ...], bound: float) -> Floats:
        """Return numbers uniform in ±`bound`, as drawn by `torch.Tensor.uniform_(-bound, bound)`."""
        integers = self._state.randint(0, 2**32, size=shape, dtype=np.uint32) & np.uint32(2**24 - 1)
        lower, upper = np.float32(-bound), np.float32(bound)
        # The product of two 24-bit numbers is exact in double precision.
        return (integers * 2.0**-24 * float(upper - lower) + float(lower)).astype(np.float32)

    def normal(self, shape: tuple[int, ...], sd: float) -> Floats:
        """Return normal numbers of mean 0 and standard deviation `sd`, by Marsaglia's polar method."""
        count = math.prod(shape)
        found = np.empty(0)
        while len(found) < count:
            pairs = 2 * self._state.random_sample((count, 2)) - 1
            square = pairs[:, 0] * pairs[:, 0] + pairs[:, 1] * pairs[:, 1]
            inside = (square < 1) & (square > 0)
            pairs, square = pairs[inside], square[inside]
            found = np.append(found, (pairs * np.sqrt(-2 * logarithm(square) / square)[:, None]).ravel())
        return (sd * found[:count]).reshape(shape).astype(np.float32)


def logarithm(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln of positive `values`, with absolute and relative errors of about 1e-16 and the same bits everywhere."""
    mantissa, exponent = np.frexp(values)
    small = mantissa < math.sqrt(0.5)
    mantissa, exponent = np.where(small, 2 * mantissa, mantissa), exponent - small
    f = (mantissa - 1) / (mantissa + 1)
    series = np.full_like(f, 1 / LAST_TERM)
    for term in range(LAST_TERM - 2, 0, -2):
        series = series * (f * f) + 1 / term
    # exponent · ln 2 in two parts, of which the first is exact.
    result: NDArray[np.float64] = exponent * 0.693145751953125 + (exponent * 1.42860682030941723e-06 + 2 * f * series)
    return result
