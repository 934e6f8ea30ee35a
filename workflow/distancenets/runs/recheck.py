"""Rechecks: archived runs, trained again from scratch for their first epochs and compared with the archive."""

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, TrainingSettings
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset
from distancenets.derived import read_derived
from distancenets.errors import Damaged, UserError
from distancenets.models.registry import find_model
from distancenets.runs.manifest import REPAIR
from distancenets.training.fingerprint import cpu_engine, is_current
from distancenets.training.run_files import METRICS as COLUMNS
from distancenets.training.seed_packs import Pack
from distancenets.training.trainer import Interrupted, train
from distancenets.words import listed

# Training amplifies the rounding of another engine: by epoch 50 the losses of two engines have differed by 11 %.
CLOSE_EPOCHS = 5
# Four times the differences of 154 runs of earlier CPU engines by then: 0.12 % of the loss, 0.12 percentage points.
LOSS_TOLERANCE = 5e-3
ACCURACY_TOLERANCE = 0.5
# For the untrained model's loss: 52 runs of former engines agreed to 6e-8, 12 with another start differed by 7e-5.
START_TOLERANCE = 1e-5
OTHER_START = "made by former code, another start"
BIT, CLOSE, NONE = "bit", "tolerance", "none"

TABLE = (
    *("experiment", "architecture", "representation", "model", "seed", "epochs", "standard", "equal"),
    *("epoch", "column", "archived", "found", "archived_on", "rechecked_on", "reason", "draw"),
)


@dataclass(frozen=True)
class Difference:
    """The first number of a run that was not reproduced."""

    epoch: int
    column: str
    archived: float
    found: float

    def __str__(self) -> str:
        """Return its place, and the retrained number minus the archived one."""
        size = f"{self.found - self.archived:+.3g}".replace("-", "−")
        return f"{self.column.replace('_', ' ')} at epoch {self.epoch} differs by {size}"


@dataclass(frozen=True)
class Recheck:
    """One archived run beside the same run trained again.

    `epochs` is the number of compared epochs. `reason` says why they are compared within a tolerance, or not at all; it
    is empty if bits are compared.
    """

    run: Run
    epochs: int
    reason: str
    difference: Difference | None
    archived_on: str
    rechecked_on: str

    @property
    def standard(self) -> str:
        """The standard of the comparison: `BIT`, `CLOSE` or `NONE`."""
        return {"": BIT, OTHER_START: NONE}.get(self.reason, CLOSE)

    @property
    def result(self) -> str:
        """The outcome in words."""
        return str(self.difference) if self.difference else agreement(self.standard, self.reason)


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


def agreement(standard: str, reason: str) -> str:
    """Return the result of a run without a difference under `standard`, in words."""
    words = {BIT: "equal to the bit", CLOSE: f"within the tolerance ({reason})", NONE: f"not comparable ({reason})"}
    return words[standard]


def table(rechecks: Sequence[Recheck], seed: int) -> pd.DataFrame:
    """Return one row per recheck of the draw `seed`, with the columns `TABLE`.

    The four columns of a difference are empty without one. `equal` is empty for a run that cannot be compared.
    """
    return pd.DataFrame(_rows(rechecks, seed), columns=list(TABLE))


def read_rechecks(path: Path) -> pd.DataFrame:
    """Return the table that `distancenets recheck --csv` wrote to `path`; a `UserError` names any other file."""
    return read_derived(path, TABLE, dtype={"equal": "boolean", "reason": str}).fillna({"reason": ""})


def verdict(rechecks: pd.DataFrame) -> str:
    """Return in one sentence how many runs of a table of rechecks were reproduced.

    Raises
    ------
    UserError
        A run differs.
    """
    differ = rechecks[rechecks["equal"].eq(False)]
    if len(differ):
        first = differ.iloc[0]
        run = Run(*(first[name] for name in Run._fields))
        what = Difference(*(first[name] for name in ("epoch", "column", "archived", "found")))
        count = f"{len(differ)} of {len(rechecks)} runs differ from the archive (draw {first['draw']})"
        raise UserError(f"{count}; {'/'.join(map(str, run))}: {what}")
    found = rechecks["standard"].value_counts()
    parts = [f"{found.get(BIT, 0)} of {len(rechecks)} runs came out again to the bit"]
    parts += [f"{found[CLOSE]} within the tolerance of another engine or code"] if CLOSE in found else []
    parts += [f"{found[NONE]} cannot be compared ({OTHER_START})"] if NONE in found else []
    return f"{listed(parts)} on {rechecks['rechecked_on'].iloc[0]} (draw {rechecks['draw'].iloc[0]})"


def _rows(rechecks: Sequence[Recheck], seed: int) -> Iterator[dict[str, object]]:
    for each in rechecks:
        model = find_model(each.run.architecture, each.run.representation).paper_name
        yield {
            **each.run._asdict(),
            "model": model,
            "epochs": each.epochs,
            "standard": each.standard,
            "equal": None if each.standard == NONE else each.difference is None,
            **(vars(each.difference) if each.difference else {}),
            "archived_on": each.archived_on,
            "rechecked_on": each.rechecked_on,
            "reason": each.reason,
            "draw": seed,
        }


def _machine(provenance: Mapping[str, Any]) -> str:
    return str(provenance.get("device", {}).get("name", "unknown"))
