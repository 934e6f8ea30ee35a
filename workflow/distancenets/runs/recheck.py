"""Rechecks: archived runs, trained again from nothing for their first epochs and compared with the archive."""

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import torch
from rich.console import Console

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, TrainingSettings
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset
from distancenets.errors import Damaged, UserError
from distancenets.models.registry import find_model
from distancenets.runs.manifest import REPAIR
from distancenets.training.fingerprint import cpu_engine, is_current
from distancenets.training.run_files import METRICS as COLUMNS
from distancenets.training.seed_packs import Pack
from distancenets.training.trainer import Interrupted, train

# Training amplifies the rounding of another engine: by epoch 50 the losses of two engines have differed by 11 %.
CLOSE_EPOCHS = 5
# Four times what 154 runs of earlier CPU engines differed by until then: 0.12 % of the loss, 0.12 percentage points.
LOSS_TOLERANCE = 5e-3
ACCURACY_TOLERANCE = 0.5

TABLE = (
    *("experiment", "architecture", "representation", "model", "seed", "epochs", "standard", "equal"),
    *("epoch", "column", "archived", "found", "archived_on", "rechecked_on", "reason"),
)


@dataclass(frozen=True)
class Difference:
    """The first number of a run that did not come out again."""

    epoch: int
    column: str
    archived: float
    found: float

    def __str__(self) -> str:
        """Return where it is, and what training again gave minus what is archived."""
        size = f"{self.found - self.archived:+.3g}".replace("-", "−")
        return f"{self.column.replace('_', ' ')} at epoch {self.epoch} differs by {size}"


@dataclass(frozen=True)
class Recheck:
    """One archived run beside the same run trained again.

    `epochs` is how many recorded epochs were compared. `reason` says why they are compared within a tolerance; it is
    empty if bits are.
    """

    run: Run
    epochs: int
    reason: str
    difference: Difference | None
    archived_on: str
    rechecked_on: str

    @property
    def result(self) -> str:
        """The outcome in words."""
        if self.difference:
            return str(self.difference)
        return f"within the tolerance ({self.reason})" if self.reason else "equal to the bit"


def draw(runs: Sequence[Run], seed: int, count: int | None = None) -> list[Run]:
    """Return `count` of `runs`, drawn at random; or for each model its lowest seed and one drawn from the others.

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
    archived: pandas.DataFrame,
    images: Dataset,
    epochs: int,
    settings: TrainingSettings,
) -> Recheck:
    """Train an archived run again for its first `epochs` on this machine's CPU, and compare what was recorded.

    Parameters
    ----------
    recipe
        The study's, of any length.
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
    # Every epoch, whichever ones the archived run recorded.
    whole = {"epochs": max(1, int(archived["epoch"].max())), "milestones": (), "record_every": 1}
    shortened = recipe.replaced(experiment=recipe.experiment.replaced(**whole).model_dump())
    found, made = trained_again(run, shortened, settings, images)
    limits = tolerances(images) if reason else dict.fromkeys(COLUMNS, (0.0, 0.0))
    difference = first_difference(archived, found, limits)
    return Recheck(run, len(archived), reason, difference, _machine(provenance), _machine(made))


def tolerance_reason(recipe: Recipe, provenance: Mapping[str, Any]) -> str:
    """Return why an archived run need not come out again to the bit; empty if it must."""
    engine = provenance.get("engine", {}).get("name", "unknown")
    if engine != "compiled":
        return f"engine {engine}"
    if cpu_engine(find_model(recipe.architecture, recipe.representation)) != "compiled":
        return "no compiler here"
    return "" if is_current(recipe, provenance) else "other code"


def tolerances(images: Dataset) -> dict[str, tuple[float, float]]:
    """Return how far a run of another engine may be off by column: relative to the archived number, and absolute.

    At least one image may change sides.
    """
    shares = (100 / len(labels) for labels in (images.train_labels, images.test_labels))
    limits = [(LOSS_TOLERANCE, 0.0), *((0.0, max(ACCURACY_TOLERANCE, 1.5 * share)) for share in shares)]
    return dict(zip(COLUMNS, limits, strict=True))


def first_difference(
    archived: pandas.DataFrame, found: pandas.DataFrame, limits: dict[str, tuple[float, float]]
) -> Difference | None:
    """Return the earliest number of `archived` that `found` has otherwise, by more than the limits of its column."""
    again = found.set_index("epoch")
    for row in archived.sort_values("epoch").to_dict("records"):
        due = again.loc[row["epoch"]]
        for column, (relative, absolute) in limits.items():
            old, new = float(row[column]), float(due[column])
            # A NaN is no number that came out again.
            if not abs(new - old) <= max(relative * abs(old), absolute):
                return Difference(int(row["epoch"]), column, old, new)
    return None


def trained_again(
    run: Run, recipe: Recipe, settings: TrainingSettings, images: Dataset
) -> tuple[pandas.DataFrame, dict[str, Any]]:
    """Return metrics and provenance of the run of `recipe`, trained from nothing in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        pack = Pack(Path(folder), run.experiment, recipe, (run.seed,))
        try:
            train(pack, images, settings, torch.device("cpu"), Console(quiet=True))
        except Interrupted as error:
            raise Interrupted(f"{pack.label}: interrupted; run the command again") from error
        files, digest = pack.folder(run.seed), recipe.run_digest(run.seed)
        return files.read_metrics(digest).to_pandas(), files.read_provenance()


def table(rechecks: Sequence[Recheck]) -> pandas.DataFrame:
    """Return a row per recheck with the columns `TABLE`; those of the first difference are empty if there is none."""
    return pandas.DataFrame(_rows(rechecks), columns=list(TABLE))


def verdict(rechecks: Sequence[Recheck], seed: int) -> str:
    """Return in one sentence how many runs came out again.

    Raises
    ------
    UserError
        A run did not.
    """
    differ = [each for each in rechecks if each.difference]
    if differ:
        first = f"{'/'.join(map(str, differ[0].run))}: {differ[0].difference}"
        raise UserError(f"{len(differ)} of {len(rechecks)} runs differ from the archive (draw {seed}); {first}")
    close = sum(bool(each.reason) for each in rechecks)
    parts = [f"{len(rechecks) - close} of {len(rechecks)} runs came out again to the bit"]
    parts += [f"{close} within the tolerance"] if close else []
    return f"{', '.join(parts)}, on {rechecks[0].rechecked_on} (draw {seed})"


def _rows(rechecks: Sequence[Recheck]) -> Iterator[dict[str, object]]:
    for each in rechecks:
        model = find_model(each.run.architecture, each.run.representation).paper_name
        yield {
            **each.run._asdict(),
            "model": model,
            "epochs": each.epochs,
            "standard": "tolerance" if each.reason else "bit",
            "equal": each.difference is None,
            **(vars(each.difference) if each.difference else {}),
            "archived_on": each.archived_on,
            "rechecked_on": each.rechecked_on,
            "reason": each.reason,
        }


def _machine(provenance: Mapping[str, Any]) -> str:
    return str(provenance.get("device", {}).get("name", "unknown"))
