"""Answers: which images a network classifies correctly, packed eight to a byte."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# PyTorch's order of summation depends on the device, so an image at a class border may change its class.
BORDERLINE_IMAGES = 1


def borderline(engine: str, images: int) -> float:
    """Return by how many percentage points a measured accuracy may differ from the one that `engine` recorded."""
    return 0.0 if engine == "compiled" else 100 * BORDERLINE_IMAGES / images


def packed(correct: NDArray[np.bool_], epoch: int) -> pd.DataFrame:
    """Return the row of the table `correct` for one network's answers, N bool, at `epoch`.

    Returns
    -------
    pandas.DataFrame
        epoch, images (their number), correct (bytes; the first image is the highest bit of the first byte).
    """
    content = np.packbits(correct).tobytes()
    return pd.DataFrame({"epoch": [epoch], "images": [len(correct)], "correct": [content]})


def unpacked(content: bytes, images: int) -> NDArray[np.bool_]:
    """Return which of the `images` images were answered correctly, as bool."""
    return np.unpackbits(np.frombuffer(content, np.uint8), count=images).astype(bool)
