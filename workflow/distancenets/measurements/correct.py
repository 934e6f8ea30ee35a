"""Which test images every run of a study answers correctly, from the archive and from the weights of fresh runs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.configuration.study import Study
from distancenets.datasets.store import Dataset, load_dataset
from distancenets.derived import deriving, read_derived
from distancenets.errors import Damaged, UserError
from distancenets.files import replacing
from distancenets.measurements.answers import stored_answers, unpacked
from distancenets.measurements.networks import Stored, trained_networks
from distancenets.measurements.registry import AXES
from distancenets.measurements.tables import archived_rows, in_order
from distancenets.models.registry import find_model
from distancenets.runs.archive import CORRECT
from distancenets.runs.inventory import archived_runs, unarchived_runs
from distancenets.statistics.components import Correct
from distancenets.training.paths import run_path
from distancenets.training.run_files import RunFolder

NO_ANSWERS = "no run archived with its answers yet"
COLUMNS = [*AXES, "images", "correct"]
FILE = "measurements/correct.parquet"


def write_answers(study: Study, root: Path, datasets: Path, data: Path) -> None:
    """Write the answers of every run and milestone of `study` below `root`."""
    answers = study_answers(study, root, datasets, data)
    with deriving("correct", root / FILE), replacing(root / FILE) as path:
        answers.to_parquet(path, index=False)


def read_answers(root: Path) -> pd.DataFrame:
    """Return what `write_answers` wrote below `root`."""
    return read_derived(root / FILE, COLUMNS)


def study_answers(study: Study, root: Path, datasets: Path, data: Path) -> pd.DataFrame:
    """Return the answers of every run and milestone of `study`; archived runs without answers have no row.

    Experiments whose seeds draw their own test images are left out: those images cannot be compared over seeds.

    Returns
    -------
    pandas.DataFrame
        `AXES`, images (their number), correct (bytes, as `measurements.answers.packed` writes them).
    """
    torch.set_num_threads(study.training.threads)
    parts = [pd.DataFrame(columns=COLUMNS), *_archived(study, root, datasets), *_fresh(study, root, datasets, data)]
    filled = [part for part in parts if len(part)] or parts[:1]
    return in_order(pd.concat(filled, ignore_index=True)[COLUMNS], study)


def by_model(answers: pd.DataFrame) -> dict[str, tuple[list[int], Correct]]:
    """Return model → its seeds, ascending, and which images each answers correctly, S × I, at one milestone."""
    found = {}
    for model, rows in answers.groupby("model", sort=False):
        ordered = rows.sort_values("seed")
        bits = [unpacked(content, images) for content, images in ordered[["correct", "images"]].to_numpy(dtype=object)]
        found[str(model)] = (ordered["seed"].astype(int).tolist(), np.stack(bits))
    return found


def _archived(study: Study, root: Path, datasets: Path) -> Iterator[pd.DataFrame]:
    """Yield the archive's answers, if it has any: runs that were archived before answers were kept have none."""
    archived = archived_runs(study, root, datasets)
    shared = [run for run in archived if study.experiments[run.experiment].split == "published"]
    try:
        yield archived_rows(CORRECT, study, shared, root)
    except Damaged:
        raise
    except UserError:
        return


def _fresh(study: Study, root: Path, datasets: Path, data: Path) -> Iterator[pd.DataFrame]:
    read_before: dict[str, Dataset] = {}
    for run, recipe in unarchived_runs(study, root, datasets).items():
        settings = study.experiments[run.experiment]
        if settings.split == "drawn":
            continue
        if settings.dataset not in read_before:
            read_before[settings.dataset] = load_dataset(
                data / settings.dataset, load_dataset_settings(settings.dataset, datasets)
            )
        model = find_model(run.architecture, run.representation)
        stored = Stored(RunFolder(root / run_path(run)), recipe.run_digest(run.seed))
        axes = {**run._asdict(), "model": model.paper_name}
        for epoch in recipe.experiment.kept_epochs:
            networks = trained_networks(study, run.experiment, model, epoch, {run.seed: stored}, datasets)
            yield stored_answers(stored, recipe, networks, read_before[settings.dataset]).assign(**axes)
