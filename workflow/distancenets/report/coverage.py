"""Coverage: the available and the wanted runs of a study, in its archive and behind its results."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from distancenets.configuration.study import Run, Study
from distancenets.runs.archive import ArchivedRun
from distancenets.statistics.runs import read_runs
from distancenets.words import listed, seeds_text, span


class Coverage(NamedTuple):
    """Available and wanted runs of an experiment at a milestone, likewise models and seeds."""

    study: str
    experiment: str
    epochs: int
    runs: int
    wanted_runs: int
    models: int
    wanted_models: int
    seeds: str
    wanted_seeds: int


def coverage(study: Study, archived: Mapping[Run, ArchivedRun]) -> Iterator[Coverage]:
    """Yield every experiment and milestone of `study`; `seeds` is the range over trained models, such as 3–10."""
    for name, experiment in study.experiments.items():
        models = len(study.models(name))
        for epochs in experiment.kept_epochs:
            there = [run for run, entry in archived.items() if run.experiment == name and epochs in entry.milestones]
            seeds = Counter(run[:3] for run in there)
            counts = len(there), models * study.seeds, len(seeds), models
            yield Coverage(study.study, name, epochs, *counts, span(seeds.values()), study.seeds)


def extents(root: Path) -> dict[str, str]:
    """Return experiment → the models, seeds and epochs behind the results in `root`.

    Such as "16 models × 3 seeds, 75 epochs"; with several milestones, "16 models × 3–20 seeds at 5,000 and
    3 models × 1 seed at 50,000 epochs".

    Raises
    ------
    UserError
        The study's runs cannot be read.
    """
    runs = read_runs(root / "runs.csv")
    return {str(name): f"{_extent(rows)} epochs" for name, rows in runs.groupby("experiment")}


def _extent(runs: pd.DataFrame) -> str:
    at = " at" if runs["epoch"].nunique() > 1 else ","
    counted = ((epochs, Counter(rows["model"]).values()) for epochs, rows in runs.groupby("epoch"))
    return listed(
        [
            f"{len(seeds)} model{'s' * (len(seeds) > 1)} × {seeds_text(seeds)}{at} {epochs:,}"
            for epochs, seeds in counted
        ]
    )
