"""Initial states: a pack starts at a checkpoint, at the end of shorter runs, or at epoch 0."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distancenets.configuration.recipes import Recipe
from distancenets.errors import Damaged, UserError
from distancenets.files import clear_parts, remove_empty
from distancenets.models.networks import initialise
from distancenets.models.registry import find_model
from distancenets.training.checkpoints import REMEDY, Header, State, read_checkpoint
from distancenets.training.fingerprint import fingerprint
from distancenets.training.optimisers import no_moments
from distancenets.training.run_files import METRICS, RunFolder, pack
from distancenets.training.seed_packs import Pack, is_finished, passed_through


def header(wanted: Pack, engine: str) -> Header:
    """Return the header of a checkpoint of `wanted` by this engine."""
    return Header(wanted.recipe.digest, wanted.seeds, engine, fingerprint(wanted.recipe, engine))


def beginning(wanted: Pack, engine: str, device: torch.device, overwrite: bool, tell: Callable[[str], None]) -> State:
    """Return the state from which to train `wanted`, on `device`.

    Raises
    ------
    UserError
        A checkpoint is damaged, of another configuration or made by other code, and `overwrite` is off.
        Or a file of a shorter run is damaged.
    """
    state = _at_checkpoint(wanted, engine, overwrite, tell) or _end_of_shorter_runs(wanted)
    if state is None:
        model = find_model(wanted.recipe.architecture, wanted.recipe.representation)
        start = initialise(model, wanted.seeds, wanted.recipe.experiment.hidden)
        state = State(0, start, no_moments(wanted.recipe.experiment.optimiser, start))
    return replace(
        state,
        parameters={name: value.to(device) for name, value in state.parameters.items()},
        moments={name: value.to(device) for name, value in state.moments.items()},
        rows=[row.to(device) for row in state.rows],
    )


def clear_up(wanted: Pack, overwrite: bool) -> None:
    """Remove the model's checkpoints whose seeds are all finished, empty folders, and partial files of killed jobs.

    Checkpoints of another configuration are removed only with `overwrite`: a longer run may continue from them.
    """
    for path in sorted(wanted.checkpoints.glob("*.safetensors")):
        try:
            its, _ = read_checkpoint(path)
        except Damaged:
            continue
        if (overwrite or its.recipe == wanted.recipe.digest) and all(is_finished(wanted, seed) for seed in its.seeds):
            path.unlink(missing_ok=True)
    for folder in (wanted.checkpoints, *(wanted.folder(seed).folder for seed in wanted.seeds)):
        clear_parts(folder)
    remove_empty(wanted.checkpoints, wanted.root / "checkpoints")


def _at_checkpoint(wanted: Pack, engine: str, overwrite: bool, tell: Callable[[str], None]) -> State | None:
    """Return the latest state of the seeds of `wanted` in any checkpoint: the pack's own, or a larger pack's."""
    found: list[State] = []
    for path in sorted(wanted.checkpoints.glob("*.safetensors")):
        try:
            found += _states(path, wanted, engine)
        except UserError as error:
            if not path.exists():
                continue  # removed by the job that finished with it
            if not overwrite:
                raise
            tell("starts over: " + str(error).removesuffix(f"; {REMEDY}"))
            path.unlink(missing_ok=True)
    return max(found, key=lambda state: state.epoch, default=None)


def _states(path: Path, wanted: Pack, engine: str) -> Iterator[State]:
    """Yield the state of the seeds of `wanted` in the checkpoint `path`, if it contains them all."""
    ours = header(wanted, engine)
    its, state = read_checkpoint(path)
    if its.recipe != ours.recipe or not set(its.seeds) >= set(ours.seeds):
        if path == wanted.checkpoint:
            raise UserError(f"{path}: a checkpoint of another configuration; {REMEDY}")
        return
    if its[2:] != ours[2:]:
        raise UserError(
            f"{path}: made by engine '{its.engine}' with fingerprint {its.fingerprint[:12]}, but this run has engine "
            f"'{ours.engine}' with fingerprint {ours.fingerprint[:12]}; {REMEDY}"
        )
    yield state.of_seeds([its.seeds.index(seed) for seed in ours.seeds])


def _end_of_shorter_runs(wanted: Pack) -> State | None:
    """Return the final state of finished shorter runs that `wanted` extends, if all seeds have one of equal length."""
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
    return State(end, weights(end), {}, list(rows), {epoch: weights(epoch) for epoch in kept}, seconds)


def _rows(folder: RunFolder, digest: str, longer: Recipe, end: int) -> Tensor:
    """Return the metrics that `longer` records before `end`: R × (epoch, train loss, train accuracy, test accuracy)."""
    table = folder.read_metrics(digest).to_pandas()
    recorded = table["epoch"].map(lambda epoch: epoch < end and longer.experiment.is_recorded(epoch))
    columns = [table.loc[recorded, name].to_numpy() for name in ("epoch", *METRICS)]
    return torch.from_numpy(np.stack([column.astype(columns[1].dtype) for column in columns], axis=1))
