"""The order in which mini-batches take the training images."""

import numpy as np
from numpy.typing import NDArray


def batch_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of `count` images in the pass from `epoch` to the next.

    It comes from the two numbers alone: a resumed run needs no stored generator, and all models of a seed see the
    images in the same order. NumPy guarantees the stream of `RandomState` for good.
    """
    return np.random.RandomState([seed, epoch]).permutation(count).astype(np.int64)
