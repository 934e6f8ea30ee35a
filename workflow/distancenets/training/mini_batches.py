"""Mini-batches in PyTorch: the reference, for any device and any model."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from distancenets.configuration.optimisers import Optimiser
from distancenets.training.batch_order import batch_order
from distancenets.training.batches import Chunk, Network, Score, chunks, differentiate, evaluate, no_stop
from distancenets.training.optimisers import descend


class MiniBatchSteps:
    """A pack's passes over mini-batches of `size` images, one network after another: each seed has its own order.

    Parameters
    ----------
    parameters, moments
        The pack's, each with a leading seed axis. They are changed in place.
    images, labels
        The training images, N × D uint8, and their labels, N.
    train, test
        All images of both splits in chunks, for the scores.
    """

    def __init__(
        self,
        network: Network,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        seeds: Sequence[int],
        images: Tensor,
        labels: Tensor,
        train: Sequence[Chunk],
        test: Sequence[Chunk],
        optimiser: Optimiser,
        size: int,
        check_stop: Callable[[], None] = no_stop,
    ) -> None:
        self._network, self._optimiser, self._size, self._seeds = network, optimiser, size, tuple(seeds)
        self._parameters, self._moments = parameters, moments
        self._images, self._labels, self._train, self._test = images, labels, train, test
        self._check_stop = check_stop

    def parameters(self) -> dict[str, Tensor]:
        """Return a copy of the parameters, each with a leading seed axis."""
        return {name: value.clone() for name, value in self._parameters.items()}

    def moments(self) -> dict[str, Tensor]:
        """Return a copy of the optimiser's moments, each with a leading seed axis."""
        return {name: value.clone() for name, value in self._moments.items()}

    def evaluate_train(self) -> Score:
        """Return the score on the training images."""
        return evaluate(self._network, self._parameters, self._train, self._check_stop)

    def evaluate_test(self) -> Score:
        """Return the score on the test images."""
        return evaluate(self._network, self._parameters, self._test, self._check_stop)

    def step(self, epoch: int) -> Score:
        """Train from `epoch` to the next. Return the score on the training images before that."""
        score = self.evaluate_train()
        for place, seed in enumerate(self._seeds):
            own, kept = (
                {name: value[place : place + 1] for name, value in of.items()}
                for of in (self._parameters, self._moments)
            )
            taken = epoch * -(-len(self._labels) // self._size)
            for number, batch in enumerate(self._batches(seed, epoch)):
                _, gradients = differentiate(self._network, own, batch)
                descend(self._optimiser, own, gradients, kept, taken + number)
        return score

    def _batches(self, seed: int, epoch: int) -> Iterator[list[Chunk]]:
        order = torch.from_numpy(batch_order(seed, epoch, len(self._labels))).to(self._images.device)
        dtype = self._parameters["hidden.weight"].dtype
        for places in torch.split(order, self._size):
            yield chunks(self._images[places], self._labels[places], "dense", self._size, dtype)
