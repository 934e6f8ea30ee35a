"""The loss and its derivative in closed form."""

from typing import NamedTuple

import torch
from torch import Tensor

from distancenets.training.fusion import fusible

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
    shifted = outputs - outputs.amax(1, keepdim=True)
    hits = (_answers(shifted) == labels).sum(1)
    exponentials = shifted.clamp(min=LEAST).exp_()
    totals = exponentials.sum(1, keepdim=True)
    loss = (totals.log() - shifted.gather(1, targets)).sum((1, 2), dtype=torch.float64)
    gradient = exponentials.div_(totals)
    gradient.scatter_add_(1, targets, gradient.new_full((1, 1, 1), -1).expand_as(targets))
    return CrossEntropy(loss, hits, gradient)


def _answers(shifted: Tensor) -> Tensor:
    """Return the lowest class, S × N, at which `shifted`, S × C × N, is zero: faster than `argmax` across rows."""
    classes = shifted.shape[1]
    ranks = torch.arange(classes, 0, -1, dtype=torch.uint8, device=shifted.device).unsqueeze(-1)
    return classes - ((shifted == 0) * ranks).amax(1).long()
