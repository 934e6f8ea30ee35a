"""Rechecks: archived runs, trained again from scratch for their first epochs and compared with the archive."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, TrainingSettings
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset
from distancenets.errors import Damaged
from distancenets.models.registry import find_model
from distancenets.runs.manifest import REPAIR
from distancenets.runs.recheck_record import OTHER_START, Difference, Recheck
from distancenets.training.fingerprint import cpu_engine, is_current
from distancenets.training.run_files import METRICS as COLUMNS
from distancenets.training.seed_packs import Pack
from distancenets.training.trainer import Interrupted, train

# Training amplifies the rounding of another engine: by epoch 50 the losses of two engines have differed by 11 %.
CLOSE_EPOCHS = 5
# Four times the differences of 154 runs of earlier CPU engines by then: 0.12 % of the loss, 0.12 percentage points.
LOSS_TOLERANCE = 5e-3
ACCURACY_TOLERANCE = 0.5
# For the untrained model's loss: 52 runs of former engines agreed to 6e-8, 12 with another start differed by 7e-5.
START_TOLERANCE = 1e-5


def draw(runs: Sequence[Run], seed: int, count: int | None = None) -> list[Run]:
    """Return `count` random ones of `runs`; for None, each model's lowest seed and a random other seed.

    The same runs and `seed` give the same draw.
    """
    stream = random.Random(seed)
    if count is not None:
        drawn = set(stream.sample(runs, min(count, len(runs))))
    else:
        drawn = set()
        for axes in dict.fromkeys(run[:3] for run in runs):
            lowest, *others = sorted(run for run in runs if run[:3] == axes)
            drawn |= {lowest, *stream.sample(others, min(1, len(others)))}
    return [run for run in runs if run in drawn]


def recheck(
    run: Run,
    recipe: Recipe,
    provenance: Mapping[str, Any],
    archived: pd.DataFrame,
    images: Dataset,
    epochs: int,
    settings: TrainingSettings,
) -> Recheck:
    """Train an archived run again for its first `epochs` on this machine's CPU, and compare the metrics.

    Parameters
    ----------
    recipe
        The study's recipe, of any length.
    provenance, archived
        The run's `run.json` and metrics, as they are in the archive.

    Raises
    ------
    Damaged
        The archive has no metrics of the run.
    Interrupted
        SIGTERM or SIGINT arrived.
    """
    images = images_of(images, recipe.experiment.split, run.seed)
    reason = tolerance_reason(recipe, provenance)
    archived = archived[archived["epoch"] <= (min(epochs, CLOSE_EPOCHS) if reason else epochs)]
    if archived.empty:
        raise Damaged(f"{'/'.join(map(str, run))}: the archive has no metrics of it; {REPAIR}")
    # Record every epoch, because the archived run may have recorded any of them.
    whole = {"epochs": max(1, int(archived["epoch"].max())), "milestones": (), "record_every": 1}
    shortened = recipe.replaced(experiment=recipe.experiment.replaced(**whole).model_dump())
    found, made = trained_again(run, shortened, settings, images)
    machines = _machine(provenance), _machine(made)
    if reason and not is_current(recipe, provenance) and other_start(archived, found):
        return Recheck(run, 0, OTHER_START, None, *machines)
    limits = tolerances(images) if reason else dict.fromkeys(COLUMNS, (0.0, 0.0))
    return Recheck(run, len(archived), reason, first_difference(archived, found, limits), *machines)


def tolerance_reason(recipe: Recipe, provenance: Mapping[str, Any]) -> str:
    """Return why an archived run need not be reproduced to the bit; empty if it must."""
    engine = provenance.get("engine", {}).get("name", "unknown")
    if engine != "compiled":
        return f"engine {engine}"
    if cpu_engine(find_model(recipe.architecture, recipe.representation)) != "compiled":
        return "no compiler here"
    return "" if is_current(recipe, provenance) else "other code"


def tolerances(images: Dataset) -> dict[str, tuple[float, float]]:
    """Return the tolerances for a run of another engine by column: relative to the archived number, and absolute.

    One image may always change its class.
    """
    shares = (100 / len(labels) for labels in (images.train_labels, images.test_labels))
    limits = [(LOSS_TOLERANCE, 0.0), *((0.0, max(ACCURACY_TOLERANCE, 1.5 * share)) for share in shares)]
    return dict(zip(COLUMNS, limits, strict=True))


def other_start(archived: pd.DataFrame, found: pd.DataFrame) -> bool:
    """Return whether the untrained models differ, because former code drew some start values differently."""
    old, new = (table.loc[table["epoch"] == 0, "train_loss"] for table in (archived, found))
    return not old.empty and not abs(new.item() - old.item()) <= START_TOLERANCE * abs(old.item())


def first_difference(
    archived: pd.DataFrame, found: pd.DataFrame, limits: dict[str, tuple[float, float]]
) -> Difference | None:
    """Return the earliest number of `archived` that differs in `found` by more than the limits of its column."""
    again = found.set_index("epoch")
    for row in archived.sort_values("epoch").to_dict("records"):
        due = again.loc[row["epoch"]]
        for column, (relative, absolute) in limits.items():
            old, new = float(row[column]), float(due[column])
            # Negated, so that a NaN counts as a difference.
            if not abs(new - old) <= max(relative * abs(old), absolute):
                return Difference(int(row["epoch"]), column, old, new)
    return None


def trained_again(
    run: Run, recipe: Recipe, settings: TrainingSettings, images: Dataset
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return metrics and provenance of the run of `recipe`, trained from scratch in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        pack = Pack(Path(folder), run.experiment, recipe, (run.seed,))
        try:
            train(pack, images, settings, torch.device("cpu"), Console(quiet=True))
        except Interrupted as error:
            raise Interrupted(f"{pack.label}: interrupted; run the command again") from error
        files, digest = pack.folder(run.seed), recipe.run_digest(run.seed)
        return files.read_metrics(digest).to_pandas(), files.read_provenance()


def _machine(provenance: Mapping[str, Any]) -> str:
    return str(provenance.get("device", {}).get("name", "unknown"))
