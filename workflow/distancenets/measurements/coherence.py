"""Coherence: cross-checks within an archive, which reveal a forged one even if its manifest matches."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from distancenets.configuration.recipes import Recipe
from distancenets.files import SEAL, sealed
from distancenets.measurements.answers import BORDERLINE_IMAGES, borderline, unpacked
from distancenets.measurements.registry import MEASUREMENTS
from distancenets.runs.archive import CORRECT, METRICS, RUNS, read_table
from distancenets.runs.manifest import (
    REPAIR,
    Axes,
    Holding,
    model_folder,
    read_manifest,
    table_of,
    unlisted,
)

# One test image of MNIST in percent, for runs that were archived before the table `correct` existed.
MNIST_STEP = 0.01
NO_ANSWERS = pd.DataFrame({"seed": [], "epoch": [], "images": [], "correct": []})

Tables = dict[str, pd.DataFrame]


class Archived(NamedTuple):
    """One run as its archive describes it."""

    seed: int
    milestones: tuple[int, ...]
    trajectory: str
    train_images: float
    provenance: dict[str, Any]
    fingerprint: str | None


def archive_faults(root: Path) -> Iterator[str]:
    """Yield one line per contradiction in the archive below `root`, with its manifest or within its tables.

    Raises
    ------
    Damaged
        A listed file is missing or damaged.
    """
    manifest = read_manifest(root)
    for path in unlisted(root, manifest):
        yield f"{path}: not listed in the manifest; {REPAIR}"
    for axes, holding in manifest.items():
        folder = model_folder(root, axes)
        tables = {table_of(name): read_table(table_of(name), root, axes, holding) for name in holding.files}
        yield from (f"{folder}: {fault}" for fault in _model_faults(axes, holding, tables))


def count_runs(root: Path) -> int:
    """Return the number of runs in the archive below `root`."""
    return sum(len(holding.runs) for holding in read_manifest(root).values())


def _model_faults(axes: Axes, holding: Holding, tables: Tables) -> Iterator[str]:
    runs = [_archived(row, holding) for row in tables[RUNS].to_dict("records")]
    for run in runs:
        try:
            faults = [*_origin_faults(run, axes), *_accuracy_faults(run, tables)]
        except (KeyError, TypeError, ValueError) as error:
            faults = [f"its rows do not describe a run ({error!r})"]
        yield from (f"seed {run.seed}: {fault}" for fault in faults)
    yield from _shared_curves(tables[METRICS])
    for name in (Path(file).stem for entry in MEASUREMENTS.values() for file in entry.files):
        if name in tables:
            yield from (f"{name}: {fault}" for fault in _coverage_faults(tables[name], runs))


def _archived(row: Mapping[Any, Any], holding: Holding) -> Archived:
    seed, milestones = int(row["seed"]), tuple(map(int, row["milestones"]))
    images = row.get("train_images", np.nan)
    return Archived(seed, milestones, row["trajectory"], images, json.loads(row["provenance"]), holding.runs[seed])


def _origin_faults(run: Archived, axes: Axes) -> Iterator[str]:
    """Yield the parts of a run's provenance that do not follow from its recipe, its seed and its folder."""
    made = run.provenance
    recipe = Recipe.model_validate(made["recipe"])
    named = (made["run"]["experiment"], recipe.architecture, recipe.representation, made["run"]["seed"])
    expected: dict[str, tuple[object, object]] = {
        "run": (named, (*axes, run.seed)),
        "digest": (made["digest"], recipe.run_digest(run.seed)),
        "trajectory": (run.trajectory, recipe.trajectory),
        "fingerprint": (made["code"].get("fingerprint"), run.fingerprint),
        "milestones": (set(run.milestones) - set(recipe.experiment.kept_epochs), set()),
        "own digest": (made.get(SEAL), sealed(made)[SEAL] if SEAL in made else None),
    }
    yield from (f"its {name} does not follow from its recipe" for name, (its, due) in expected.items() if its != due)


def _accuracy_faults(run: Archived, tables: Tables) -> Iterator[str]:
    """Yield contradictions between a run's learning curve and its recipe or its measurements."""
    metrics = _of(tables[METRICS], run.seed).set_index("epoch")
    experiment = Recipe.model_validate(run.provenance["recipe"]).experiment
    if metrics.index.tolist() != [epoch for epoch in range(experiment.epochs + 1) if experiment.is_recorded(epoch)]:
        yield "its learning curve has other epochs than its recipe records"
        return
    if not np.isfinite(metrics.to_numpy(dtype=float)).all():
        yield "its learning curve contains numbers that are not finite"
    if np.isfinite(run.train_images) and not _counts(metrics["train_accuracy"], run.train_images):
        yield f"a train accuracy is not a whole number of {run.train_images:.0f} images"
    answers = _of(tables.get(CORRECT, NO_ANSWERS), run.seed)
    if run.fingerprint is not None and sorted(answers["epoch"]) != sorted(run.milestones):
        yield f"{CORRECT} has other epochs than its milestones"
    for epoch, images, correct in answers[["epoch", "images", "correct"]].to_numpy(dtype=object):
        if not _counts(metrics["test_accuracy"], images):
            yield f"a test accuracy is not a whole number of {images} images"
        answered, engine = 100 * int(unpacked(correct, images).sum()) / images, run.provenance["engine"]["name"]
        if not abs(answered - metrics["test_accuracy"].get(epoch, np.nan)) <= borderline(engine, images):
            yield f"its test accuracy at epoch {epoch} does not match the images in {CORRECT}"
    yield from _perturbation_faults(run, tables, metrics["test_accuracy"])


def _perturbation_faults(run: Archived, tables: Tables, accuracy: "pd.Series[float]") -> Iterator[str]:
    """Yield the milestones at which the unclamped accuracy does not match the learning curve."""
    if "perturbation" not in tables:
        return
    rows = _of(tables["perturbation"], run.seed)
    unclamped = rows[(rows["side"] == "below") & (rows["level"] == 0)].set_index("epoch")["accuracy"]
    images = _of(tables.get(CORRECT, NO_ANSWERS), run.seed)["images"]
    step = 100 / images.iloc[0] if len(images) else MNIST_STEP
    for epoch in run.milestones:
        # In the archive, measurements have single precision.
        if not abs(unclamped.get(epoch, np.nan) - accuracy[epoch]) < (BORDERLINE_IMAGES + 0.5) * step:
            yield f"its test accuracy at epoch {epoch} does not match perturbation level 0"


def _counts(accuracies: "pd.Series[float]", images: float) -> bool:
    """Return whether each of `accuracies`, in percent, is a whole number of `images`."""
    hits = accuracies * images / 100
    return bool(np.allclose(hits, hits.round(), rtol=0, atol=1e-6))


def _shared_curves(metrics: pd.DataFrame) -> Iterator[str]:
    """Yield the seeds whose train losses equal an earlier seed's."""
    seen: dict[tuple[float, ...], int] = {}
    shortest = min(len(rows) for _, rows in metrics.groupby("seed"))
    for seed in metrics["seed"].unique().tolist():
        rows = _of(metrics, seed)
        other = seen.setdefault(tuple(rows["train_loss"].iloc[:shortest]), seed)
        if other != seed:
            yield f"seeds {other} and {seed} have the same learning curve"


def _coverage_faults(table: pd.DataFrame, runs: list[Archived]) -> Iterator[str]:
    """Yield the runs and milestones that a table lacks, has in excess, or has with an unusual number of rows."""
    counts = table.groupby(["seed", "epoch"]).size()
    due = {(run.seed, epoch) for run in runs for epoch in run.milestones}
    for seed, epoch in sorted(due.symmetric_difference(counts.index)):
        yield f"seed {seed} at epoch {epoch} is {'missing' if (seed, epoch) in due else 'not a milestone of a run'}"
    for seed, epoch in counts.index[counts != counts.median()]:
        yield f"seed {seed} at epoch {epoch} has {counts[seed, epoch]} rows, others have {counts.median():.0f}"


def _of(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    return table[table["seed"] == seed]
