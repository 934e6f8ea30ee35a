"""Splits: the published training and test images, or a random split of all images per seed, of the same sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from distancenets.datasets.store import Dataset

# Second part of this draw's random seed. Mini-batches use the epoch there, so the streams differ.
STREAM = 2**32 - 1


def images_of(dataset: Dataset, split: str, seed: int) -> Dataset:
    """Return the training and test images of the run of `seed`, for the `split` `published` or `drawn`."""
    if split == "published":
        return dataset
    import torch  # noqa: PLC0415 (slow to import, and `drawn_order` needs none of it)

    count = len(dataset.train_labels)
    images = torch.cat([dataset.train_images, dataset.test_images])
    labels = torch.cat([dataset.train_labels, dataset.test_labels])
    order = torch.from_numpy(drawn_order(seed, len(labels)))
    train, test = order[:count], order[count:]
    return replace(
        dataset,
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )


def drawn_order(seed: int, count: int) -> NDArray[np.int64]:
    """Return an order of `count` images, drawn by `seed`. Its first images are the training images."""
    return np.random.RandomState([seed, STREAM]).permutation(count).astype(np.int64)
