"""The steps of a pack by the engine that was selected."""

from collections.abc import Callable

import torch
from torch import Tensor

from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset
from distancenets.training.batches import Chunk, Network, chunks, no_stop
from distancenets.training.engines.compiled import CompiledSteps
from distancenets.training.microbatching import rows_in_flight
from distancenets.training.steps import Steps, TorchSteps


def make_steps(
    engine: str,
    network: Network,
    parameters: dict[str, Tensor],
    dataset: Dataset,
    learning_rate: float,
    device: torch.device,
    settings: TrainingSettings,
    check_stop: Callable[[], None] = no_stop,
) -> Steps:
    """Return the work of an epoch on `parameters`, a pack's with a leading seed axis, on `device`.

    `check_stop` is called between pieces of work, so that a step can be given up by an exception; the parameters are
    still those before it then.
    """
    if engine == "compiled":
        return CompiledSteps(network, parameters, dataset, learning_rate, settings.threads, check_stop)
    seeds, hidden, _ = parameters["hidden.weight"].shape
    rows = rows_in_flight(settings, device, engine, seeds * hidden)

    def split(images: Tensor, labels: Tensor) -> list[Chunk]:
        return chunks(images.to(device), labels.to(device), engine, rows, torch.float32)

    train = split(dataset.train_images, dataset.train_labels)
    test = split(dataset.test_images, dataset.test_labels)
    on_device = {name: value.to(device) for name, value in parameters.items()}
    return TorchSteps(network, on_device, train, test, learning_rate, check_stop)
