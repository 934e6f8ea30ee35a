"""Holdings: which runs of a study the archive serves, which lie finished on disk, and the study that they make up."""

from collections.abc import Sequence
from pathlib import Path

from distancenets.configuration.datasets import DATASETS_FILE
from distancenets.configuration.recipes import study_recipe
from distancenets.configuration.study import Experiment, Run, Study
from distancenets.errors import UserError
from distancenets.runs.archive import ArchivedRun, entries
from distancenets.training.paths import RUN_FILES, read_run_document, run_path


def archived_runs(study: Study, root: Path, datasets: Path = DATASETS_FILE) -> dict[Run, ArchivedRun]:
    """Return the runs of `study` that its archive serves, in the study's order.

    Where missing runs are trained, these are the ones with every milestone; where they are skipped, those with any.
    """
    enough = any if study.missing == "skip" else all
    return {
        run: entry
        for run, entry in entries(study, root, datasets).items()
        if enough(epoch in entry.milestones for epoch in study.experiments[run.experiment].kept_epochs)
    }


def unarchived_runs(study: Study, root: Path, datasets: Path = DATASETS_FILE) -> list[Run]:
    """Return the runs of `study` whose files lie, or are to lie, below `root`: all that the archive does not serve.

    Where missing runs are skipped, only those that are finished.
    """
    archived = archived_runs(study, root, datasets)
    runs = [run for run in study.runs() if run not in archived]
    if study.missing == "train":
        return runs
    digests = {axes: study_recipe(study, *axes, datasets).run_digest for axes in {run[:3] for run in runs}}
    return [run for run in runs if _is_finished(root / run_path(run), digests[run[:3]](run.seed))]


def available_subset(study: Study, root: Path, datasets: Path = DATASETS_FILE) -> Study:
    """Return `study` itself where missing runs are trained, else the part of it that there are runs of.

    Raises
    ------
    UserError
        There is not one.
    """
    if study.missing == "train":
        return study
    milestones = {run: entry.milestones for run, entry in archived_runs(study, root, datasets).items()}
    milestones |= {run: study.experiments[run.experiment].kept_epochs for run in unarchived_runs(study, root, datasets)}
    if not milestones:
        raise UserError(f"{root}: no run of study '{study.study}' is archived or finished (missing: skip)")
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
        experiments=experiments,
        report=_reported(study, experiments),
    )


def _with_models(experiment: Experiment, runs: Sequence[Run]) -> Experiment:
    """Return `experiment` with no architecture or representation but those of `runs`."""
    return experiment.replaced(
        architectures=tuple(dict.fromkeys(run.architecture for run in runs)),
        representations=tuple(dict.fromkeys(run.representation for run in runs)),
    )


def _reported(study: Study, experiments: dict[str, Experiment]) -> dict[str, object]:
    """Return the settings of the report, less the epochs that were not reached."""
    name = study.reported_experiment if study.reported_experiment in experiments else next(iter(experiments))
    kept = experiments[name].kept_epochs
    epochs = {table: epochs for table, epochs in study.report.epochs.items() if epochs in kept}
    return study.report.model_dump() | {"experiment": name, "epochs": epochs}


def _is_finished(folder: Path, digest: str) -> bool:
    if not all((folder / name).exists() for name in RUN_FILES):
        return False
    return bool(read_run_document(folder / RUN_FILES[-1])["digest"] == digest)
