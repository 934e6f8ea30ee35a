"""The steps of a pack: an epoch's change of its parameters, in PyTorch as plain calls or as recorded CUDA graphs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from distancenets.configuration.optimisers import Adam, Optimiser
from distancenets.training.batches import Chunk, Network, Score, differentiate, evaluate, no_stop
from distancenets.training.compilation import fuse
from distancenets.training.optimisers import descend

Work = Callable[[], Score]
Gradients = Callable[[], tuple[Score, dict[str, Tensor]]]
# The order of a sum changes a gradient by 1e-6 of its norm, a lost half-precision part by 2e-4.
TOLERANCE = 3e-5
TINY = torch.finfo(torch.float32).tiny


class Steps(Protocol):
    """The work of an epoch on a pack's parameters. A score may be overwritten by the next call of the same kind."""

    def parameters(self) -> dict[str, Tensor]:
        """Return a copy of the parameters, each with a leading seed axis."""
        ...

    def moments(self) -> dict[str, Tensor]:
        """Return a copy of the optimiser's moments, each with a leading seed axis."""
        ...

    def evaluate_train(self) -> Score:
        """Return the score on the training images."""
        ...

    def evaluate_test(self) -> Score:
        """Return the score on the test images."""
        ...

    def step(self, epoch: int) -> Score:
        """Train from `epoch` to the next. Return the score on the training images before that."""
        ...


class TorchSteps:
    """The full-batch steps of a PyTorch engine. Parameters and moments are changed in place."""

    def __init__(
        self,
        network: Network,
        parameters: dict[str, Tensor],
        moments: dict[str, Tensor],
        train: Sequence[Chunk],
        test: Sequence[Chunk],
        optimiser: Optimiser,
        check_stop: Callable[[], None] = no_stop,
    ) -> None:
        self._parameters, self._moments, self._optimiser = parameters, moments, optimiser
        self._differentiate: Gradients = lambda: differentiate(network, parameters, train, check_stop)
        self.evaluate_train: Work = lambda: evaluate(network, parameters, train, check_stop)
        self.evaluate_test: Work = lambda: evaluate(network, parameters, test, check_stop)
        self.step: Callable[[int], Score] = self._step

    def parameters(self) -> dict[str, Tensor]:
        """Return a copy of the parameters, each with a leading seed axis."""
        return {name: value.clone() for name, value in self._parameters.items()}

    def moments(self) -> dict[str, Tensor]:
        """Return a copy of the optimiser's moments, each with a leading seed axis."""
        return {name: value.clone() for name, value in self._moments.items()}

    def accelerate(self, device: torch.device, tell: Callable[[str], None]) -> None:
        """Make both passes fast on `device`, a GPU. A failure makes training slower and `tell` receives a line.

        The steps between the matrix products are compiled, then each pass is recorded as one CUDA graph. The parameters
        stay as they were.
        """
        parameters, moments = self.parameters(), self.moments()
        with torch.cuda.device(device):
            self._fuse(tell)
            self._record(tell)
            for start, place in ((parameters, self._parameters), (moments, self._moments)):
                for name, value in start.items():
                    place[name].copy_(value)

    def _step(self, epoch: int) -> Score:
        score, gradients = self._differentiate()
        descend(self._optimiser, self._parameters, gradients, self._moments, epoch)
        return score

    def _fuse(self, tell: Callable[[str], None]) -> None:
        _, plain = self._differentiate()
        fuse(True)
        try:
            _, fused = self._differentiate()
            self.evaluate_test()
            reason = _difference(fused, plain)
        except Exception as error:  # a compiler fails in many ways, and training works without it
            reason = _first_line(error)
        if reason:
            fuse(False)
            tell(f"training is slower: torch.compile does not work here ({reason})")

    def _record(self, tell: Callable[[str], None]) -> None:
        try:
            # Adam's steps depend on their number, which a graph would record as a constant.
            if not isinstance(self._optimiser, Adam):
                step = recorded(lambda: self._step(0))
                self.step = lambda epoch: step()
            self.evaluate_test = recorded(self.evaluate_test)
        except RuntimeError as error:
            tell(f"training is slower: an epoch cannot be recorded as a CUDA graph ({_first_line(error)})")


def recorded(work: Work) -> Work:
    """Return a function that replays `work`, recorded as a CUDA graph, into the same tensors each time.

    Before, `work` runs a few times, so that libraries choose their kernels and allocate memory.
    """
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()

    def replay() -> Score:
        graph.replay()
        return result

    return replay


def _difference(found: dict[str, Tensor], expected: dict[str, Tensor]) -> str | None:
    """Return one line on the first gradient that differs by more than float32's rounding, or None."""
    for name, value in expected.items():
        error = ((found[name] - value).norm() / value.norm().clamp(min=TINY)).item()
        if not error <= TOLERANCE:
            return f"it changes the gradient of {name} by {error:.1e} of its size"
    return None


def _first_line(error: Exception) -> str:
    lines: Iterable[str] = str(error).strip().splitlines()
    return next(iter(lines), type(error).__name__)
