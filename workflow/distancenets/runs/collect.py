"""All runs of a study in one table, each checked to belong to it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from distancenets.configuration.recipes import study_digest
from distancenets.configuration.study import Run, Study
from distancenets.derived import deriving
from distancenets.files import replacing_all, write_text
from distancenets.models.registry import find_model
from distancenets.runs.archive import METRICS, archived_table
from distancenets.runs.inventory import sources
from distancenets.runs.provenance import provenance
from distancenets.training.paths import run_path
from distancenets.training.run_files import RunFolder

RUN_AXES = list(Run._fields)


def write_collected(study: Study, root: Path, datasets: Path) -> None:
    """Write the tables of all runs, and a file named after the digest of the settings of these runs."""
    curves = learning_curves(study, root, datasets)
    origins = provenance(study, root, datasets)
    files = [root / name for name in ("learning_curves.parquet", "runs.csv", "provenance.csv")]
    with deriving("collect", *files), replacing_all(*files) as [curves_file, runs_file, origins_file]:
        curves.to_parquet(curves_file, index=False)
        runs_at_milestones(curves, study).to_csv(runs_file, index=False)
        origins.to_csv(origins_file, index=False)
    for earlier in (root / "gathered").glob("*"):
        earlier.unlink()
    write_text(root / "gathered" / study_digest(study, datasets), f"{study.study}\n")


def learning_curves(study: Study, root: Path, datasets: Path) -> pd.DataFrame:
    """Return the metrics of every run of `study` at every recorded epoch.

    Returns
    -------
    pandas.DataFrame
        One row per run and recorded epoch: experiment, architecture, representation, model (the paper's name), seed,
        epoch, train_loss (nats), train_accuracy, test_accuracy (percent).

    Raises
    ------
    UserError
        A run is missing, or was made with other parameters; the file is named.
    """
    return pd.concat(_curves(study, root, datasets), ignore_index=True)


def runs_at_milestones(curves: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the rows of `curves` at the epochs whose weights are kept: one row per run and milestone."""
    kept = {name: experiment.kept_epochs for name, experiment in study.experiments.items()}
    wanted = [epoch in kept[name] for name, epoch in zip(curves["experiment"], curves["epoch"], strict=True)]
    return curves[wanted]


def check_runs(study: Study, root: Path, datasets: Path) -> int:
    """Return the number of runs; a `UserError` names the first file that is missing or made with other parameters."""
    fresh, archived = sources(study, root, datasets)
    for run, recipe in fresh.items():
        RunFolder(root / run_path(run)).check(recipe.run_digest(run.seed))
    return len(fresh) + len(archived)


def _curves(study: Study, root: Path, datasets: Path) -> Iterator[pd.DataFrame]:
    fresh, archived = sources(study, root, datasets)
    rows = dict(tuple(archived_table(METRICS, list(archived), root).groupby(RUN_AXES))) if archived else {}
    for run in study.runs():
        if run in archived:
            metrics = rows[run].drop(columns=[*RUN_AXES, "model"])
            metrics = metrics[metrics["epoch"] <= study.experiments[run.experiment].epochs]
        elif run in fresh:
            metrics = RunFolder(root / run_path(run)).read_metrics(fresh[run].run_digest(run.seed)).to_pandas()
        else:
            continue
        axes = {**run._asdict(), "model": find_model(run.architecture, run.representation).paper_name}
        order = ("experiment", "architecture", "representation", "model", "seed")
        for position, name in enumerate(order):
            metrics.insert(position, name, axes[name])
        yield metrics
