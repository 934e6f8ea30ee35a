"""Beginnings: where a pack starts, which is at its checkpoint, at the end of shorter runs, or at epoch 0."""

from dataclasses import replace

import numpy
import torch
from torch import Tensor

from distancenets.configuration.recipes import Recipe
from distancenets.models.networks import initialise
from distancenets.models.registry import find_model
from distancenets.training.checkpoints import State, read_checkpoint
from distancenets.training.packs import Pack, passed_through
from distancenets.training.runs import METRICS, RunFolder, pack


def beginning(wanted: Pack, device: torch.device) -> State:
    """Return the state that `wanted` is trained from, on `device`.

    Raises
    ------
    UserError
        The checkpoint is damaged or another configuration's, or so is a file of a shorter run.
    """
    state = read_checkpoint(wanted.checkpoint, wanted.digest, device) or _end_of_shorter_runs(wanted)
    if state is None:
        model = find_model(wanted.recipe.architecture, wanted.recipe.representation)
        state = State(0, initialise(model, wanted.seeds, wanted.recipe.experiment.hidden))
    return replace(
        state,
        parameters={name: value.to(device) for name, value in state.parameters.items()},
        rows=[row.to(device) for row in state.rows],
    )


def _end_of_shorter_runs(wanted: Pack) -> State | None:
    """Return the last epoch of finished runs that `wanted` passes through, if all its seeds have one at that epoch."""
    recipes = [passed_through(wanted, seed) for seed in wanted.seeds]
    found = [recipe for recipe in recipes if recipe is not None]
    if len(found) < len(recipes) or len({recipe.experiment.epochs for recipe in found}) > 1:
        return None
    runs = [(wanted.folder(seed), recipe.run_digest(seed)) for seed, recipe in zip(wanted.seeds, found, strict=True)]
    end = found[0].experiment.epochs

    def weights(epoch: int) -> dict[str, Tensor]:
        return pack([folder.read_weights(digest, epoch) for folder, digest in runs])

    rows = torch.stack([_rows(folder, digest, wanted.recipe, end) for folder, digest in runs], dim=1)
    kept = [epoch for epoch in wanted.recipe.experiment.kept_epochs if epoch < end]
    seconds = max(folder.read_provenance()["seconds"] for folder, _ in runs)
    return State(end, weights(end), list(rows), {epoch: weights(epoch) for epoch in kept}, seconds)


def _rows(folder: RunFolder, digest: str, longer: Recipe, end: int) -> Tensor:
    """Return what `longer` records before `end`: R × (epoch, train loss, train accuracy, test accuracy)."""
    table = folder.read_metrics(digest).to_pandas()
    recorded = table["epoch"].map(lambda epoch: epoch < end and longer.experiment.is_recorded(epoch))
    columns = [table.loc[recorded, name].to_numpy() for name in ("epoch", *METRICS)]
    return torch.from_numpy(numpy.stack([column.astype(columns[1].dtype) for column in columns], axis=1))
