"""The compiled engine's steps: a pack whose networks are trained one after another, each by itself."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from distancenets.datasets.store import Dataset
from distancenets.training.batches import Network, Score
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, SplitScore, Workspace


class CompiledSteps:
    """The work of an epoch on a pack; `check_stop` is called between networks, before any of them is changed.

    Parameters
    ----------
    parameters
        The pack's, each with a leading seed axis; they are copied.
    """

    def __init__(
        self,
        network: Network,
        parameters: dict[str, Tensor],
        dataset: Dataset,
        learning_rate: float,
        threads: int,
        check_stop: Callable[[], None],
    ) -> None:
        seeds, hidden, inputs = parameters["hidden.weight"].shape
        space = Workspace(inputs, hidden, threads)
        arrays = {name: value.cpu().numpy() for name, value in parameters.items()}
        self._networks = [
            CompiledNetwork(
                network.model,
                network.offset_l2,
                network.scaling,
                {name: value[seed] for name, value in arrays.items()},
                space,
            )
            for seed in range(seeds)
        ]
        self._train = Split(dataset.train_images.numpy(), dataset.train_labels.numpy())
        self._test = Split(dataset.test_images.numpy(), dataset.test_labels.numpy())
        self._learning_rate = learning_rate
        self._check_stop = check_stop

    def parameters(self) -> dict[str, Tensor]:
        """Return a copy of the parameters, each with a leading seed axis."""
        copies = [network.parameters() for network in self._networks]
        return {name: torch.stack([torch.from_numpy(copy[name]) for copy in copies]) for name in copies[0]}

    def evaluate_train(self) -> Score:
        """Return the score on the training images."""
        return self._scores(lambda network: network.evaluate(self._train))

    def evaluate_test(self) -> Score:
        """Return the score on the test images."""
        return self._scores(lambda network: network.evaluate(self._test))

    def step(self) -> Score:
        """Make one full-batch step; return the score on the training images before it."""
        score = self._scores(lambda network: network.differentiate(self._train))
        for network in self._networks:
            network.descend(self._learning_rate)
        return score

    def _scores(self, work: Callable[[CompiledNetwork], SplitScore]) -> Score:
        scores: list[SplitScore] = []
        for network in self._networks:
            self._check_stop()
            scores.append(work(network))
        return score_of(scores)


def score_of(scores: Sequence[SplitScore]) -> Score:
    """Return the scores of a pack's networks as one."""
    loss, accuracy = [score.loss for score in scores], [score.accuracy for score in scores]
    return Score(torch.tensor(loss, dtype=torch.float64), torch.tensor(accuracy, dtype=torch.float64))
