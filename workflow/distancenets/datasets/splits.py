"""Splits: the published training and test images, or as many that a seed draws from all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from distancenets.datasets.store import Dataset

# Beside a seed, what tells this draw from those of mini-batches, which have an epoch there.
STREAM = 2**32 - 1


def images_of(dataset: Dataset, split: str, seed: int) -> Dataset:
    """Return the images that the run of `seed` is trained and tested on: `published`, or `drawn` by the seed."""
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
    """Return the order of `count` images in which the first are the training images of `seed`."""
    return np.random.RandomState([seed, STREAM]).permutation(count).astype(np.int64)
