"""The order of the training images in mini-batches."""

import numpy as np
from numpy.typing import NDArray


def batch_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of `count` images in the pass from `epoch` to the next.

    It depends on these numbers alone. So a resumed run needs no stored generator, and all models of a seed see the
    images in the same order. NumPy guarantees that the stream of `RandomState` never changes.
    """
    return np.random.RandomState([seed, epoch]).permutation(count).astype(np.int64)
