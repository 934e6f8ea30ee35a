"""The loss and its derivative in closed form."""

from typing import NamedTuple

import torch
from torch import Tensor

from distancenets.training.compilation import fusible

# Just above where exp leaves the normal numbers: so little is nothing beside the 1 of the largest, and MKL takes a path
# for it that is tens of times as slow. Scores in the hundreds would go there for most classes.
LEAST = -87.0


class CrossEntropy(NamedTuple):
    """Sums over a chunk's images, one entry a seed; `gradient` is that of the summed loss, S × C × N."""

    loss: Tensor
    hits: Tensor
    gradient: Tensor


@fusible
def cross_entropy(outputs: Tensor, labels: Tensor) -> CrossEntropy:
    """Return the cross-entropy of `outputs`, S × C × N, against `labels`, N.

    Where classes tie, the lowest one counts as the answer, as in `torch.argmax`.
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
