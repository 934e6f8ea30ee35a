"""The steps of a pack with the selected engine."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from distancenets.configuration.experiment import Experiment
from distancenets.configuration.study import TrainingSettings
from distancenets.datasets.store import Dataset
from distancenets.training.batches import Chunk, Network, chunks, no_stop
from distancenets.training.checkpoints import State
from distancenets.training.engines.compiled import CompiledSteps
from distancenets.training.microbatching import rows_in_flight
from distancenets.training.mini_batches import MiniBatchSteps
from distancenets.training.steps import Steps, TorchSteps


def make_steps(
    engine: str,
    network: Network,
    state: State,
    seeds: Sequence[int],
    dataset: Dataset,
    experiment: Experiment,
    device: torch.device,
    settings: TrainingSettings,
    check_stop: Callable[[], None] = no_stop,
) -> Steps:
    """Return the work of an epoch of `experiment` on `device`, from the parameters and moments of a pack's `state`.

    `check_stop` is called between pieces of work, so that it can abandon a step by an exception. Then the parameters
    are unchanged.
    """
    if engine == "compiled":
        pack = state.parameters, state.moments, seeds
        return CompiledSteps(network, *pack, dataset, experiment, settings.threads, check_stop)
    nodes = len(seeds) * experiment.hidden
    rows = rows_in_flight(settings, device, engine, nodes)

    def split(images: Tensor, labels: Tensor) -> list[Chunk]:
        return chunks(images.to(device), labels.to(device), engine, rows, torch.float32)

    train = split(dataset.train_images, dataset.train_labels)
    test = split(dataset.test_images, dataset.test_labels)
    parameters, moments = (
        {name: value.to(device) for name, value in of.items()} for of in (state.parameters, state.moments)
    )
    if experiment.batch_size == "full":
        return TorchSteps(network, parameters, moments, train, test, experiment.optimiser, check_stop)
    images, labels = dataset.train_images.to(device), dataset.train_labels.to(device)
    size = min(experiment.batch_size, len(labels))
    splits = images, labels, train, test
    return MiniBatchSteps(network, parameters, moments, seeds, *splits, experiment.optimiser, size, check_stop)
