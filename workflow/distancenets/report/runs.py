"""One run, found by its axes or its folder and read back from its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from distancenets.configuration.recipes import Recipe
from distancenets.configuration.settings import validated
from distancenets.configuration.study import Run, Study
from distancenets.errors import UserError
from distancenets.models.registry import Model, find_model
from distancenets.runs.archive import METRICS, archived_table, entries
from distancenets.runs.manifest import archive_folder
from distancenets.training.paths import run_path
from distancenets.training.run_files import METRICS as COLUMNS
from distancenets.training.run_files import RunFolder

FORM = "experiment/architecture/representation/seed"


@dataclass(frozen=True)
class FinishedRun:
    """A run, from its files or the archive: `metrics` has one row per recorded epoch, `provenance` is `run.json`."""

    files: RunFolder
    run: Run
    recipe: Recipe
    metrics: pd.DataFrame
    provenance: dict[str, Any]

    @property
    def model(self) -> Model:
        """The model that was trained."""
        return find_model(self.run.architecture, self.run.representation)

    @property
    def milestones(self) -> pd.DataFrame:
        """The rows of `metrics` at the start and at every epoch whose weights are kept."""
        kept = (0, *self.recipe.experiment.kept_epochs)
        return self.metrics[self.metrics["epoch"].isin(kept)]


def parse_run(text: str, study: Study) -> Run:
    """Return the run of `study` that `text` names, such as `raw/relu/distance/0`, or `relu/distance/0` for the
    reported experiment.

    Raises
    ------
    UserError
        The text has another form, or names an axis that the study or the registry does not have.
    """
    parts = text.split("/")
    if len(parts) == 3:
        parts = [study.reported_experiment, *parts]
    if len(parts) != 4 or not parts[3].isdecimal():
        raise UserError(f"{text}: neither a run's folder nor {FORM} (such as raw/relu/distance/0)")
    experiment, architecture, representation, seed = parts
    study.experiment(experiment)
    find_model(architecture, representation)
    return Run(experiment, architecture, representation, int(seed))


def find_run(run: Run, study: Study, root: Path, datasets: Path) -> FinishedRun:
    """Return `run` of `study`, whose folder is `root`, from its own folder or else from the archive.

    Raises
    ------
    UserError
        It is in neither, or a file of it is damaged.
    """
    folder = root / run_path(run)
    if folder.is_dir():
        return read_run(folder)
    archived = entries(study, root, datasets).get(run)
    if archived is None:
        raise UserError(f"{folder}: no such run; it has not been trained")
    recipe = validated(Recipe, archived.provenance["recipe"], archive_folder(root))
    metrics = archived_table(METRICS, [run], root)[["epoch", *COLUMNS]]
    return FinishedRun(RunFolder(folder), run, recipe, metrics, archived.provenance)


def read_run(folder: Path) -> FinishedRun:
    """Return the run in `folder`.

    Raises
    ------
    UserError
        A file is missing or damaged, or the metrics belong to another run than the provenance.
    """
    files = RunFolder(folder)
    if files.finished() is None:
        raise UserError(f"{folder}: contains no finished run (expected {', '.join(_names(files))})")
    provenance = files.read_provenance()
    try:
        run = Run(**provenance["run"])
        recipe = validated(Recipe, provenance["recipe"], files.provenance)
    except (KeyError, TypeError) as error:
        raise UserError(f"{files.provenance}: not the provenance of a run ({error})") from error
    metrics = files.read_metrics(provenance["digest"]).to_pandas()
    return FinishedRun(files, run, recipe, metrics, provenance)


def _names(files: RunFolder) -> list[str]:
    return [path.name for path in (files.metrics, files.weights, files.provenance)]
