"""Deposits: measure finished runs from their weights, and prepare them for the archive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

from distancenets.configuration.recipes import Recipe, study_recipe
from distancenets.configuration.study import Run, Study
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset
from distancenets.errors import UserError
from distancenets.measurements.figure1 import node_outputs
from distancenets.measurements.networks import Stored, trained_networks
from distancenets.measurements.registry import kept_files
from distancenets.measurements.weights import measure, stored_answers
from distancenets.models.registry import find_model
from distancenets.runs.archive import CORRECT, FIGURE1, METRICS, MODEL_AXES, RUNS, ArchivedRun
from distancenets.training.fingerprint import is_current
from distancenets.training.run_files import RunFolder

Tables = dict[str, pd.DataFrame]


class FinishedRun(NamedTuple):
    """A finished run: its axes, its files, and the milestones of the study that it reached."""

    run: Run
    stored: Stored
    provenance: dict[str, Any]
    milestones: tuple[int, ...]


def finished_runs(study: Study, folder: Path, datasets: Path) -> Iterator[FinishedRun]:
    """Yield the finished runs below `folder` that belong to `study`, whatever their last epoch.

    Raises
    ------
    UserError
        A file of a run is damaged or does not match its provenance, or two folders contain the same run.
    """
    known = set(study.runs())
    places: dict[Run, Path] = {}
    for path in sorted(folder.rglob("run.json")):
        files = RunFolder(path.parent)
        provenance = files.read_provenance()
        run, recipe = Run(**provenance["run"]), Recipe.model_validate(provenance["recipe"])
        if run not in known or recipe.trajectory != study_recipe(study, *run[:3], datasets).trajectory:
            continue
        if places.setdefault(run, path) != path:
            raise UserError(f"{path}: the same run as {places[run]}; remove one of them")
        digest = recipe.run_digest(run.seed)
        files.check(digest)
        kept = study.experiments[run.experiment].kept_epochs
        milestones = tuple(epoch for epoch in recipe.experiment.kept_epochs if epoch in kept)
        yield FinishedRun(run, Stored(files, digest), provenance, milestones)


def adds(finished: FinishedRun, archived: ArchivedRun | None) -> bool:
    """Return whether `finished` reached a milestone that the archive lacks, or replaces a run of other code.

    A run that the current code reproduces replaces one that it does not, if it has all milestones of the old one.
    """
    held = set(archived.milestones if archived else ())
    if archived is None or not set(finished.milestones) <= held:
        return True
    recipes = (Recipe.model_validate(made["recipe"]) for made in (archived.provenance, finished.provenance))
    old, new = (is_current(*pair) for pair in zip(recipes, (archived.provenance, finished.provenance), strict=True))
    return new and not old and set(finished.milestones) >= held


def tables_of(finished: FinishedRun, study: Study, datasets: Path, images: Dataset) -> Tables:
    """Return all archived tables of a run, by name."""
    run = finished.run
    images = images_of(images, study.experiments[run.experiment].split, run.seed)
    model = find_model(run.architecture, run.representation)
    recipe = Recipe.model_validate(finished.provenance["recipe"])
    axes = dict(zip(MODEL_AXES, (*run[:3], model.paper_name), strict=True)) | {"seed": run.seed}
    index = {
        "trajectory": [recipe.trajectory],
        "milestones": [list(finished.milestones)],
        "train_images": [len(images.train_labels)],
        "provenance": [json.dumps(finished.provenance, ensure_ascii=False, sort_keys=True)],
    }
    curve = finished.stored.folder.read_metrics(finished.stored.digest).to_pandas()
    tables = {RUNS: pd.DataFrame(index).assign(**axes), METRICS: curve.assign(**axes)}
    torch.set_num_threads(study.training.threads)
    stored = {run.seed: finished.stored}
    measured: dict[str, list[pd.DataFrame]] = {}
    for epoch in finished.milestones:
        networks = trained_networks(study, run.experiment, model, epoch, stored, datasets)
        answers = stored_answers(finished.stored, recipe, networks, images)
        measured.setdefault(CORRECT, []).append(answers.assign(**axes))
        for name, files in kept_files(study.measurements).items():
            found = measure(name, networks, images)
            for table in (Path(file).stem for file in files):
                measured.setdefault(table, []).append(found[table])
        if _is_figure1(run, study):
            node = study.report.figure1.node
            outputs = node_outputs(finished.stored, recipe, epoch, node, images)
            measured.setdefault(FIGURE1, []).append(outputs.assign(**axes, epoch=epoch, node=node))
    return tables | {table: pd.concat(rows, ignore_index=True) for table, rows in measured.items()}


def _is_figure1(run: Run, study: Study) -> bool:
    chosen = study.report.figure1
    return run == Run(study.reported_experiment, chosen.architecture, chosen.representation, chosen.seed)
