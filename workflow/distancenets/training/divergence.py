"""Divergence: when a seed's loss stops being finite, recorded on the device that computes it."""

from typing import NamedTuple

import torch
from torch import Tensor


class Diverged(NamedTuple):
    """The first seed of a pack whose loss is not finite. `place` is its index in the pack."""

    place: int
    epoch: int
    loss: float


class Watch:
    """Records the first epoch at which each seed's loss is not finite. Only `diverged` waits for a GPU."""

    def __init__(self, seeds: int, device: torch.device) -> None:
        self._epoch = torch.full((seeds,), torch.iinfo(torch.int64).max, device=device)
        self._loss = torch.zeros(seeds, dtype=torch.float64, device=device)

    def note(self, epoch: int, loss: Tensor) -> None:
        """Record `loss`, one entry per seed, at `epoch`."""
        first = ~loss.isfinite() & (self._epoch > epoch)
        self._loss = torch.where(first, loss, self._loss)
        self._epoch = torch.where(first, epoch, self._epoch)

    def diverged(self) -> Diverged | None:
        """Return the earliest divergence, or None. Waits for the device."""
        epochs = self._epoch.tolist()
        place = min(range(len(epochs)), key=epochs.__getitem__)
        loss = self._loss[place].item()
        return None if epochs[place] == torch.iinfo(torch.int64).max else Diverged(place, epochs[place], loss)
