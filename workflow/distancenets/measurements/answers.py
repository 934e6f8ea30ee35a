"""Answers: which images a network classifies correctly, packed eight to a byte."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# PyTorch's sums have another order from device to device, so an image at the border of two classes may change sides.
BORDERLINE_IMAGES = 1


def borderline(engine: str, images: int) -> float:
    """By how many percent points a measured accuracy may differ from the one that training by `engine` found."""
    return 0.0 if engine == "compiled" else 100 * BORDERLINE_IMAGES / images


def packed(correct: NDArray[np.bool_], epoch: int) -> pd.DataFrame:
    """The row of the table `correct` for one network's answers, N, at `epoch`.

    Returns
    -------
    pandas.DataFrame
        epoch, images (their number), correct (bytes; the first image is the highest bit of the first byte).
    """
    content = np.packbits(correct).tobytes()
    return pd.DataFrame({"epoch": [epoch], "images": [len(correct)], "correct": [content]})


def unpacked(content: bytes, images: int) -> NDArray[np.bool_]:
    """Which of the `images` images were answered correctly."""
    return np.unpackbits(np.frombuffer(content, np.uint8), count=images).astype(bool)
