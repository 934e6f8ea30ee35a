"""Divergence: which seeds' loss stopped being a number, when and how, noted where the loss is computed."""

from typing import NamedTuple

import torch
from torch import Tensor


class Diverged(NamedTuple):
    """The seed of a pack whose loss was the first not to be finite, by its place in the pack."""

    place: int
    epoch: int
    loss: float


class Watch:
    """Notes the first epoch at which each seed's loss is not finite; a GPU does not wait until somebody asks."""

    def __init__(self, seeds: int, device: torch.device) -> None:
        self._epoch = torch.full((seeds,), torch.iinfo(torch.int64).max, device=device)
        self._loss = torch.zeros(seeds, dtype=torch.float64, device=device)

    def note(self, epoch: int, loss: Tensor) -> None:
        """Take notice of `loss`, one entry a seed, at `epoch`."""
        first = ~loss.isfinite() & (self._epoch > epoch)
        self._loss = torch.where(first, loss, self._loss)
        self._epoch = torch.where(first, epoch, self._epoch)

    def diverged(self) -> Diverged | None:
        """Return the earliest divergence, or None; waits for the device."""
        epochs = self._epoch.tolist()
        place = min(range(len(epochs)), key=epochs.__getitem__)
        loss = self._loss[place].item()
        return None if epochs[place] == torch.iinfo(torch.int64).max else Diverged(place, epochs[place], loss)
