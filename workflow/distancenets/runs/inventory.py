"""Inventory: the runs of a study that are archived or finished on disk, and the study that they form."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from distancenets.configuration.datasets import DATASETS_FILE
from distancenets.configuration.experiment import Experiment
from distancenets.configuration.recipes import Recipe, study_recipe
from distancenets.configuration.study import Run, Study
from distancenets.errors import UserError
from distancenets.runs.archive import ArchivedRun, entries
from distancenets.training.paths import RUN_FILES, read_run_document, run_path

# Run → epochs.
Planned = Mapping[Run, int]
NONE: Planned = MappingProxyType({})


class Sources(NamedTuple):
    """The existing and planned runs of a study: those with run files, each with its recipe, and archived ones."""

    fresh: dict[Run, Recipe]
    archived: dict[Run, ArchivedRun]


def sources(study: Study, root: Path, datasets: Path = DATASETS_FILE, planned: Planned = NONE) -> Sources:
    """Return the source of each run of `study`, in the study's order.

    If missing runs are trained, runs with every milestone come from the archive, and all others are fresh. Otherwise,
    runs with any milestone come from the archive. Fresh runs are then `planned` ones (run → epochs), and runs on disk
    that are finished at a later milestone than the archived one.
    """
    fresh: dict[Run, Recipe] = {}
    archived: dict[Run, ArchivedRun] = {}
    recipe = cache(partial(_recipe, study, datasets))
    held = entries(study, root, datasets)
    for run in study.runs():
        kept = study.experiments[run.experiment].kept_epochs
        served = [epoch for epoch in kept if run in held and epoch in held[run].milestones]
        if study.missing == "train":
            reached = None if len(served) == len(kept) else kept[-1]
        else:
            beyond = [epoch for epoch in kept if epoch > max(served, default=0)]
            longer = [recipe(run[:3], epochs) for epochs in beyond]
            reached = planned.get(run) or _finished(root / run_path(run), run.seed, longer)
        if reached:
            fresh[run] = recipe(run[:3], reached)
        elif served:
            archived[run] = held[run]
    return Sources(fresh, archived)


def available_subset(study: Study, root: Path, datasets: Path = DATASETS_FILE, planned: Planned = NONE) -> Study:
    """Return `study` itself if missing runs are trained, else its subset with available or planned runs.

    Raises
    ------
    UserError
        No run is available or planned.
    """
    if study.missing == "train":
        return study
    fresh, archived = sources(study, root, datasets, planned)
    milestones = {run: entry.milestones for run, entry in archived.items()}
    milestones |= {run: recipe.experiment.kept_epochs for run, recipe in fresh.items()}
    if not milestones:
        raise UserError(f"{root}: no run of study '{study.study}' is archived or finished; use `missing: train`")
    wanted = list(study.runs())
    held = [run for run in wanted if run in milestones]
    reached: dict[str, int] = {}
    for run in held:
        kept = (epoch for epoch in milestones[run] if epoch in study.experiments[run.experiment].kept_epochs)
        reached[run.experiment] = max(reached.get(run.experiment, 0), *kept)
    experiments = {
        name: _with_models(study.experiments[name].shortened(epochs), [run for run in held if run.experiment == name])
        for name, epochs in reached.items()
    }
    return study.replaced(
        title=f"{study.title}: {len(held)} of {len(wanted)} runs so far",
        seeds=1 + max(run.seed for run in held),
        missing="skip",
        experiments=experiments,
        report=_reported(study, experiments),
    )


def _with_models(experiment: Experiment, runs: Sequence[Run]) -> Experiment:
    """Return `experiment` with only the architectures and representations of `runs`."""
    return experiment.replaced(
        architectures=tuple(dict.fromkeys(run.architecture for run in runs)),
        representations=tuple(dict.fromkeys(run.representation for run in runs)),
    )


def _reported(study: Study, experiments: dict[str, Experiment]) -> dict[str, object]:
    """Return the settings of the report without the epochs that were not reached."""
    name = study.reported_experiment if study.reported_experiment in experiments else next(iter(experiments))
    kept = experiments[name].kept_epochs
    epochs = {table: epochs for table, epochs in study.report.epochs.items() if epochs in kept}
    return study.report.model_dump() | {"experiment": name, "epochs": epochs}


def _recipe(study: Study, datasets: Path, axes: tuple[str, str, str], epochs: int) -> Recipe:
    recipe = study_recipe(study, *axes, datasets)
    return recipe.replaced(experiment=recipe.experiment.shortened(epochs))


def _finished(folder: Path, seed: int, recipes: Sequence[Recipe]) -> int | None:
    """Return the epochs of the one of `recipes` with which the run in `folder` was finished, or None."""
    if not all((folder / name).exists() for name in RUN_FILES):
        return None
    digest = read_run_document(folder / RUN_FILES[-1])["digest"]
    return next((each.experiment.epochs for each in recipes if each.run_digest(seed) == digest), None)
