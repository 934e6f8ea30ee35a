"""Splits: the published training and test images, or a random split of all images per seed, of the same sizes."""

import numpy as np
from numpy.typing import NDArray

from distancenets.datasets.arrays import Arrays
from distancenets.datasets.store import Dataset

# Second part of this draw's random seed. Mini-batches use the epoch there, so the streams differ.
STREAM = 2**32 - 1


def images_of(dataset: Dataset, split: str, seed: int) -> Dataset:
    """Return the training and test images of the run of `seed`, for the `split` `published` or `drawn`."""
    if split == "published":
        return dataset
    import torch  # noqa: PLC0415 (slow to import, and `arrays_of` needs none of it)

    arrays = arrays_of(Arrays(*(getattr(dataset, name).numpy() for name in Arrays._fields)), split, seed)
    return Dataset(dataset.name, dataset.sha256, *map(torch.from_numpy, arrays))


def arrays_of(arrays: Arrays, split: str, seed: int) -> Arrays:
    """Return the same for arrays."""
    if split == "published":
        return arrays
    images = np.concatenate([arrays.train_images, arrays.test_images])
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    count, order = len(arrays.train_labels), drawn_order(seed, len(labels))
    train, test = order[:count], order[count:]
    return Arrays(images[train], labels[train], images[test], labels[test])


def drawn_order(seed: int, count: int) -> NDArray[np.int64]:
    """Return an order of `count` images, drawn by `seed`. Its first images are the training images."""
    return np.random.RandomState([seed, STREAM]).permutation(count).astype(np.int64)
