"""The four arrays of a data set, which every source returns, and the check of their digests."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distancenets.configuration.datasets import Digests
from distancenets.files import sha256


class Arrays(NamedTuple):
    """Pixels (images × pixels) and class indices (images), all uint8."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def fault(arrays: Arrays, digests: Digests) -> str | None:
    """Return in one line the first array whose digest or shape is wrong, or None."""
    expected = digests.model_dump()
    for name, array in arrays._asdict().items():
        found = sha256(array.tobytes())
        if found != expected[name]:
            return f"{name} has SHA-256 {found[:12]}…, not {expected[name][:12]}…"
    for part, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:])):
        if images.ndim != 2 or labels.shape != images.shape[:1]:
            return f"{part}_images {images.shape} and {part}_labels {labels.shape} do not match"
    return None
