"""Results from the saved weights of finished runs: the registered measurements, and the answers to images."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import import_module
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, Study
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset, loader
from distancenets.errors import UserError
from distancenets.measurements.answers import borderline, packed
from distancenets.measurements.networks import Networks, Stored, finished_networks
from distancenets.measurements.tables import Tables
from distancenets.models.registry import find_model
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.run_files import of_seed

Measurement = Callable[[Networks, Dataset], Tables]


def measurement(name: str) -> Measurement:
    """Return `measure_<name>` of the module `name`, which turns networks and images into tables."""
    found: Measurement = getattr(import_module(f"distancenets.measurements.{name}"), f"measure_{name}")
    return found


def measure(name: str, networks: Networks, images: Dataset) -> Tables:
    """Return the tables of the measurement `name` of `networks`; a `UserError` refuses numbers that are not finite."""
    _refuse_non_finite(networks)
    # Imported first, because the limit affects only libraries that are loaded.
    measured = measurement(name)
    # On small matrices, threads of NumPy's BLAS cost up to ten times the time that they save.
    with torch.no_grad(), threadpool_limits(torch.get_num_threads()):
        return measured(networks, images)


def measure_weights(
    names: Sequence[str], study: Study, root: Path, runs: Mapping[Run, Recipe], datasets: Path, data: Path
) -> Iterator[Tables]:
    """Yield the tables of the measurements `names` of each of `runs`, seed by seed: images are drawn once per seed.

    Each thread measures a seed at a time, so no number depends on how many there are.
    """
    load = loader(datasets, data)
    # Before the threads start, or each would read its own.
    known = {name: load(name) for name in {study.experiments[run.experiment].dataset for run in runs}}

    def experiment_and_seed(item: tuple[Run, Recipe]) -> tuple[str, int]:
        return item[0].experiment, item[0].seed

    def measured(some: Sequence[tuple[Run, Recipe]]) -> list[Tables]:
        settings = study.experiments[some[0][0].experiment]
        images = images_of(known[settings.dataset], settings.split, some[0][0].seed)
        return [
            {table: content for name in names for table, content in measure(name, networks, images).items()}
            for run, recipe in some
            for _, networks in finished_networks(study, root, run, recipe, datasets)
        ]

    seeds = [list(some) for _, some in groupby(sorted(runs.items(), key=experiment_and_seed), experiment_and_seed)]
    pool = ThreadPoolExecutor(study.training.threads, initializer=_single_threaded)
    try:
        for tables in pool.map(measured, seeds):
            yield from tables
    finally:
        pool.shutdown(cancel_futures=True)


def _single_threaded() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@lru_cache(maxsize=1)
def listed_images(dataset: Dataset) -> Split:
    """The test images of `dataset` as the compiled engine reads them."""
    return Split(dataset.test_images.numpy(), dataset.test_labels.numpy())


def correct_images(recipe: Recipe, engine: str, network: Networks, dataset: Dataset) -> NDArray[np.bool_]:
    """Return which test images one network classifies correctly, N.

    Runs of the compiled engine are evaluated by it, to the bit as in training. Others are evaluated by the dense
    engine, which may differ on images at class borders. If classes tie, the lowest one is the answer.
    """
    if engine != "compiled":
        answers = [network.outputs(features).argmax(1) for features in network.features(dataset.test_images)]
        correct: NDArray[np.bool_] = (torch.cat(answers, dim=1) == dataset.test_labels)[0].numpy()
        return correct
    space, split = Workspace(dataset.test_images.shape[1], recipe.experiment.hidden), listed_images(dataset)
    parameters = {name: value.numpy() for name, value in of_seed(network.parameters, 0).items()}
    form, scaling = network.network.offset_l2, network.network.scaling
    score = CompiledNetwork(network.model, form, scaling, parameters, space).evaluate(split)
    return split.in_order_given(score.right).astype(bool)


def answers_of_weights(
    study: Study, root: Path, runs: Mapping[Run, Recipe], datasets: Path, data: Path
) -> Iterator[pd.DataFrame]:
    """Yield the rows of the table `correct` of each of `runs` at each milestone, with the run's axes."""
    torch.set_num_threads(study.training.threads)
    load = loader(datasets, data)
    for run, recipe in runs.items():
        model = find_model(run.architecture, run.representation).paper_name
        for stored, networks in finished_networks(study, root, run, recipe, datasets):
            answers = stored_answers(stored, recipe, networks, load(recipe.experiment.dataset))
            yield answers.assign(**run._asdict(), model=model)


def stored_answers(stored: Stored, recipe: Recipe, networks: Networks, images: Dataset) -> pd.DataFrame:
    """Return the row of the table `correct` for the one network in `networks`, read from the run `stored`.

    Raises
    ------
    UserError
        The network's number of correct test images differs from the one that the run recorded.
    """
    engine = stored.folder.read_provenance()["engine"]["name"]
    curve = stored.folder.read_metrics(stored.digest).to_pandas()
    correct = correct_images(recipe, engine, networks, images)
    recorded = curve.loc[curve["epoch"] == networks.epoch, "test_accuracy"].item()
    if abs(100 * int(correct.sum()) / len(correct) - recorded) > borderline(engine, len(correct)):
        raise UserError(
            f"{stored.folder.weights}: answers {int(correct.sum())} of {len(correct)} test images at epoch "
            f"{networks.epoch} correctly, but the run recorded {recorded} %; train the run again"
        )
    return packed(correct, networks.epoch)


def _refuse_non_finite(networks: Networks) -> None:
    for name, value in networks.parameters.items():
        if not value.isfinite().all():
            model = f"{networks.experiment} {networks.model.architecture}/{networks.model.representation.name}"
            raise UserError(f"{model}, epoch {networks.epoch}: {name} contains numbers that are not finite")
