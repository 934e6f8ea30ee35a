"""Results from the saved weights of finished runs: the registered measurements, and the answers to images."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, Study
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset, loader
from distancenets.errors import UserError
from distancenets.measurements.answers import borderline, packed
from distancenets.measurements.networks import Networks, Stored, finished_networks, trained_networks
from distancenets.measurements.tables import Tables
from distancenets.models.networks import head_parameters
from distancenets.models.registry import find_model
from distancenets.training.engines.native.images import Split
from distancenets.training.engines.native.network import CompiledNetwork, Workspace
from distancenets.training.first_layer import DensePixels
from distancenets.training.microbatching import CPU_ROWS
from distancenets.training.paths import run_path
from distancenets.training.pixel_scaling import scaling
from distancenets.training.run_files import RunFolder

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
    name: str, study: Study, root: Path, runs: Mapping[Run, Recipe], datasets: Path, data: Path
) -> Iterator[Tables]:
    """Yield the tables of the measurement `name` of each of `runs`, seed by seed: images are drawn once per seed."""
    torch.set_num_threads(study.training.threads)
    torch.set_flush_denormal(True)
    load = loader(datasets, data)
    for experiment, settings in study.experiments.items():
        of_seed: dict[int, Dataset] = {}
        for networks in finished_networks(study, root, experiment, runs, datasets):
            [seed] = networks.seeds
            if seed not in of_seed:
                of_seed = {seed: images_of(load(settings.dataset), settings.split, seed)}
            yield measure(name, networks, of_seed[seed])


def correct_images(
    recipe: Recipe, engine: str, parameters: dict[str, Tensor], images: Tensor, labels: Tensor
) -> Tensor:
    """Return which `images`, N × D uint8, a pack's networks classify as their `labels`, N: S × N, bool.

    Runs of the compiled engine are evaluated by it, to the bit as in training. Others are evaluated by the dense
    engine, which may differ on images at class borders. If classes tie, the lowest one is the answer.
    """
    model, form = find_model(recipe.architecture, recipe.representation), recipe.experiment.offset_l2
    scales = scaling(recipe.experiment.pixels, recipe.dataset)
    if engine == "compiled":
        space, split = Workspace(images.shape[1], recipe.experiment.hidden), Split(images.numpy(), labels.numpy())
        networks = ({name: value[seed].numpy() for name, value in parameters.items()} for seed in _seeds(parameters))
        scores = (CompiledNetwork(model, form, scales, network, space).evaluate(split) for network in networks)
        return torch.stack([torch.from_numpy(split.in_order_given(score.right)) for score in scores]).bool()
    folded = scales.fold(parameters["hidden.weight"], parameters["hidden.bias"])
    head = head_parameters(parameters)
    answers = []
    with torch.no_grad():
        for some in torch.split(images, CPU_ROWS):
            pre_activations = DensePixels(some, folded[0].dtype).forward(*folded)
            answers.append(model.outputs(pre_activations, head, form).argmax(1))
    return torch.cat(answers, dim=1) == labels


def answers_of_weights(
    study: Study, root: Path, runs: Mapping[Run, Recipe], datasets: Path, data: Path
) -> Iterator[pd.DataFrame]:
    """Yield the rows of the table `correct` of each of `runs` at each milestone, with the run's axes."""
    torch.set_num_threads(study.training.threads)
    load = loader(datasets, data)
    for run, recipe in runs.items():
        model = find_model(run.architecture, run.representation)
        stored = Stored(RunFolder(root / run_path(run)), recipe.run_digest(run.seed))
        axes = {**run._asdict(), "model": model.paper_name}
        for epoch in recipe.experiment.kept_epochs:
            networks = trained_networks(study, run.experiment, model, epoch, {run.seed: stored}, datasets)
            yield stored_answers(stored, recipe, networks, load(recipe.experiment.dataset)).assign(**axes)


def stored_answers(stored: Stored, recipe: Recipe, networks: Networks, images: Dataset) -> pd.DataFrame:
    """Return the row of the table `correct` for the one network in `networks`, read from the run `stored`.

    Raises
    ------
    UserError
        The network's number of correct test images differs from the one that the run recorded.
    """
    engine = stored.folder.read_provenance()["engine"]["name"]
    curve = stored.folder.read_metrics(stored.digest).to_pandas()
    [correct] = correct_images(recipe, engine, networks.parameters, images.test_images, images.test_labels)
    recorded = curve.loc[curve["epoch"] == networks.epoch, "test_accuracy"].item()
    if abs(100 * int(correct.sum()) / len(correct) - recorded) > borderline(engine, len(correct)):
        raise UserError(
            f"{stored.folder.weights}: answers {int(correct.sum())} of {len(correct)} test images at epoch "
            f"{networks.epoch} correctly, but the run recorded {recorded} %; train the run again"
        )
    return packed(correct.numpy(), networks.epoch)


def _seeds(parameters: dict[str, Tensor]) -> range:
    return range(len(parameters["hidden.bias"]))


def _refuse_non_finite(networks: Networks) -> None:
    for name, value in networks.parameters.items():
        if not value.isfinite().all():
            model = f"{networks.experiment} {networks.model.architecture}/{networks.model.representation.name}"
            raise UserError(f"{model}, epoch {networks.epoch}: {name} contains numbers that are not finite")
