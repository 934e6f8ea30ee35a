"""Networks to measure: a run at a milestone, or several seeds of a model, with their features, scores and outputs.

Shapes throughout: S seeds, H hidden nodes, C classes, N images; features are S × H × N, scores S × C × N.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from distancenets.configuration.recipes import Recipe, study_recipe
from distancenets.configuration.study import Run, Study
from distancenets.models.networks import head_parameters, initialise
from distancenets.models.registry import Model, find_model
from distancenets.training.batches import Network
from distancenets.training.first_layer import DensePixels
from distancenets.training.microbatching import CPU_ROWS
from distancenets.training.paths import run_path
from distancenets.training.pixel_scaling import scaling
from distancenets.training.run_files import RunFolder, pack

# Half a gigabyte: the features of MNIST's images in 1,900 nodes.
KEPT = 2**27


class Stored(NamedTuple):
    """A run on disk, and the digest that its files carry."""

    folder: RunFolder
    digest: str


@dataclass(frozen=True)
class Networks:
    """The seeds of one model at one epoch; images go through them `rows` at a time."""

    experiment: str
    epoch: int
    seeds: tuple[int, ...]
    network: Network
    parameters: dict[str, Tensor]
    rows: int = 2000
    # Keyed by the id of the images, which are stored with the chunks so that the id stays theirs.
    _known: dict[int, tuple[Tensor, list[Tensor]]] = field(default_factory=dict, init=False, repr=False)

    @property
    def model(self) -> Model:
        """The model of the networks."""
        return self.network.model

    @property
    def head(self) -> dict[str, Tensor]:
        """The parameters of the head, without their prefix."""
        return head_parameters(self.parameters)

    def pre_activations(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the first layer's output for `images`, N × pixels uint8, chunk by chunk: S × H × n.

        This dominates the cost of a measurement, so up to `KEPT` numbers are cached per tensor of images.
        """
        if id(images) in self._known:
            yield from self._known[id(images)][1]
            return
        weight, bias = self.parameters["hidden.weight"], self.parameters["hidden.bias"]
        folded = self.network.scaling.fold(weight, bias)
        split = torch.split(images, self.rows)
        chunks: Iterable[Tensor] = (DensePixels(some, weight.dtype).forward(*folded) for some in split)
        if len(images) * bias.numel() <= KEPT:
            chunks = list(chunks)
            self._known[id(images)] = images, chunks
        yield from chunks

    def features(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the hidden features of `images` chunk by chunk: S × H × n, after the activation."""
        for chunk in self.pre_activations(images):
            yield self.model.activation.function(chunk)

    def scores(self, features: Tensor) -> Tensor:
        """Return the head's scores of `features`, before the output constraint."""
        return self.model.head.scores(features, self.head, self.network.offset_l2)

    def outputs(self, features: Tensor) -> Tensor:
        """Return the network's outputs for `features`, after the output constraint."""
        return self.model.constrained(self.scores(features))

    def all_scores(self, images: Tensor) -> Tensor:
        """Return the scores of all `images`, S × C × N, computed chunk by chunk."""
        return torch.cat([self.scores(features) for features in self.features(images)], dim=-1)

    def untrained(self) -> "Networks":
        """Return the same networks before training, as epoch 0."""
        start = initialise(self.model, self.seeds, self.parameters["hidden.bias"].shape[1])
        return replace(self, epoch=0, parameters=start)


def trained_networks(
    study: Study, experiment: str, model: Model, epoch: int, stored: Mapping[int, Stored], datasets: Path
) -> Networks:
    """Return the networks of `model` at `epoch`; `stored` maps each seed to its folder and digest.

    Raises
    ------
    UserError
        A run's weights are missing, or were made with other parameters; the file is named.
    """
    recipe = study_recipe(study, experiment, model.architecture, model.representation.name, datasets)
    network = Network(model, recipe.experiment.offset_l2, scaling(recipe.experiment.pixels, recipe.dataset))
    weights = pack([run.folder.read_weights(run.digest, epoch) for run in stored.values()])
    return Networks(experiment, epoch, tuple(stored), network, weights, CPU_ROWS)


def finished_networks(
    study: Study, root: Path, run: Run, recipe: Recipe, datasets: Path
) -> Iterator[tuple[Stored, Networks]]:
    """Yield `run` below `root` at each milestone of its `recipe`, with its folder and digest."""
    model = find_model(run.architecture, run.representation)
    stored = Stored(RunFolder(root / run_path(run)), recipe.run_digest(run.seed))
    for epoch in recipe.experiment.kept_epochs:
        yield stored, trained_networks(study, run.experiment, model, epoch, {run.seed: stored}, datasets)
