"""The loss and its derivative in closed form."""

from typing import NamedTuple

import torch
from torch import Tensor

from distancenets.training.compilation import fusible

# exp of less is subnormal. It is negligible beside the largest term, 1, and MKL computes it tens of times more slowly.
# Scores in the hundreds would cause this for most classes.
LEAST = -87.0


class CrossEntropy(NamedTuple):
    """Sums over a chunk's images, one entry per seed. `gradient` is the gradient of the summed loss, S × C × N."""

    loss: Tensor
    hits: Tensor
    gradient: Tensor


@fusible
def cross_entropy(outputs: Tensor, labels: Tensor) -> CrossEntropy:
    """Return the cross-entropy of `outputs`, S × C × N, against `labels`, N.

    If classes tie, the lowest one is the answer, as in `torch.argmax`.
    """
    targets = labels.expand(outputs.shape[0], 1, -1)
    highest, answers = outputs.max(1, keepdim=True)
    hits = (answers == targets).sum((1, 2))
    shifted = outputs - highest
    exponentials = shifted.clamp(min=LEAST).exp_()
    totals = exponentials.sum(1, keepdim=True)
    loss = (totals.log() - shifted.gather(1, targets)).sum((1, 2), dtype=torch.float64)
    gradient = exponentials.div_(totals)
    gradient.scatter_add_(1, targets, gradient.new_full((1, 1, 1), -1).expand_as(targets))
    return CrossEntropy(loss, hits, gradient)
