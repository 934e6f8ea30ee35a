"""The compiled engine's steps: the networks of a pack are trained one after another, independently."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from distancenets.configuration.experiment import Experiment
from distancenets.datasets.store import Dataset
from distancenets.models.initialisation import Floats
from distancenets.training.batch_order import batch_order
from distancenets.training.batches import Network, Score
from distancenets.training.engines.native.batches import Pictures
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, SplitScore, Workspace
from distancenets.training.engines.native.parallel import parallel_for


class CompiledSteps:
    """The work of an epoch on a pack. `check_stop` is called between networks, before any of them is changed.

    Parameters
    ----------
    parameters, moments
        The pack's, each with a leading seed axis. They are copied.
    """

    def __init__(
        self,
        network: Network,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        seeds: Sequence[int],
        dataset: Dataset,
        experiment: Experiment,
        threads: int,
        check_stop: Callable[[], None],
    ) -> None:
        _, hidden, inputs = parameters["hidden.weight"].shape
        space = Workspace(inputs, hidden, threads)

        def compiled(place: int) -> CompiledNetwork:
            own, kept = (
                {name: value[place].cpu().numpy() for name, value in of.items()} for of in (parameters, moments)
            )
            description = network.model, network.offset_l2, network.scaling
            return CompiledNetwork(*description, own, space, experiment.optimiser, kept)

        self._networks = [compiled(place) for place in range(len(seeds))]
        self._train = Split(dataset.train_images.numpy(), dataset.train_labels.numpy())
        self._test = Split(dataset.test_images.numpy(), dataset.test_labels.numpy())
        self._seeds, self._threads, self._check_stop = tuple(seeds), threads, check_stop
        self._batch_size = None if experiment.batch_size == "full" else min(experiment.batch_size, self._train.count)
        self._pictures = None if self._batch_size is None else Pictures(self._train)

    def parameters(self) -> dict[str, Tensor]:
        """Return a copy of the parameters, each with a leading seed axis."""
        return _stacked([network.parameters() for network in self._networks])

    def moments(self) -> dict[str, Tensor]:
        """Return a copy of the optimiser's moments, each with a leading seed axis."""
        return _stacked([network.moments() for network in self._networks])

    def evaluate_train(self) -> Score:
        """Return the score on the training images."""
        return self._scores(lambda network: network.evaluate(self._train))

    def evaluate_test(self) -> Score:
        """Return the score on the test images."""
        return self._scores(lambda network: network.evaluate(self._test))

    def step(self, epoch: int) -> Score:
        """Train from `epoch` to the next. Return the score on the training images before that."""
        if self._batch_size is not None and self._pictures is not None:
            score = self.evaluate_train()
            self._pass_batches(self._pictures, self._batch_size, epoch)
            return score
        score = self._scores(lambda network: network.differentiate(self._train))
        for network in self._networks:
            network.update(epoch)
        return score

    def _pass_batches(self, pictures: Pictures, size: int, epoch: int) -> None:
        """Pass over all batches. Threads divide the networks, since a batch is too small to divide."""
        taken = epoch * math.ceil(self._train.count / size)

        def work(thread: int, first: int, last: int) -> None:
            for seed, network in zip(self._seeds[first:last], self._networks[first:last], strict=True):
                places = pictures.batches(batch_order(seed, epoch, self._train.count), size)
                network.pass_batches(pictures, places, size, taken, thread)

        parallel_for(len(self._networks), self._threads, work)

    def _scores(self, work: Callable[[CompiledNetwork], SplitScore]) -> Score:
        scores: list[SplitScore] = []
        for network in self._networks:
            self._check_stop()
            scores.append(work(network))
        return score_of(scores)


def score_of(scores: Sequence[SplitScore]) -> Score:
    """Return the scores of a pack's networks as one `Score`."""
    loss, accuracy = [score.loss for score in scores], [score.accuracy for score in scores]
    return Score(torch.tensor(loss, dtype=torch.float64), torch.tensor(accuracy, dtype=torch.float64))


def _stacked(networks: Sequence[dict[str, Floats]]) -> dict[str, Tensor]:
    return {name: torch.stack([torch.from_numpy(network[name]) for network in networks]) for name in networks[0]}
