"""Which test images every run of a study answers correctly, from the archive and from the weights of fresh runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from distancenets.configuration.study import Run, Study
from distancenets.derived import deriving, read_derived
from distancenets.errors import Damaged, UserError
from distancenets.files import replacing
from distancenets.measurements.answers import unpacked
from distancenets.measurements.registry import AXES
from distancenets.measurements.tables import archived_rows, in_order
from distancenets.runs.archive import CORRECT
from distancenets.runs.inventory import sources
from distancenets.statistics.components import Correct

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
    fresh, archived = sources(study, root, datasets)
    parts = [pd.DataFrame(columns=COLUMNS), *_archived(study, root, list(archived))]
    if shared := {run: recipe for run, recipe in fresh.items() if study.experiments[run.experiment].split != "drawn"}:
        # It imports torch, which takes longer than reading an archive.
        from distancenets.measurements.weights import answers_of_weights  # noqa: PLC0415

        parts += answers_of_weights(study, root, shared, datasets, data)
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


def _archived(study: Study, root: Path, runs: Sequence[Run]) -> Iterator[pd.DataFrame]:
    """Yield the archive's answers, if it has any: runs that were archived before answers were kept have none."""
    shared = [run for run in runs if study.experiments[run.experiment].split == "published"]
    try:
        yield archived_rows(CORRECT, study, shared, root)
    except Damaged:
        raise
    except UserError:
        return
