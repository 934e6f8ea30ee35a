"""Coverage: how much of what a study asks for there is, in its archive and behind its results."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from distancenets.configuration.study import Run, Study
from distancenets.measurements.archive import Entry
from distancenets.report.provenance import read_provenance
from distancenets.words import seeds_text, span


class Part(NamedTuple):
    """The runs of an experiment at a milestone: those there and those asked for, likewise models and seeds."""

    study: str
    experiment: str
    epochs: int
    runs: int
    wanted_runs: int
    models: int
    wanted_models: int
    seeds: str
    wanted_seeds: int


def coverage(study: Study, archived: Mapping[Run, Entry]) -> Iterator[Part]:
    """Yield every experiment and milestone of `study`; `seeds` is what the models that were trained have, as 3–10."""
    for name, experiment in study.experiments.items():
        models = len(study.models(name))
        for epochs in experiment.kept_epochs:
            there = [run for run, entry in archived.items() if run.experiment == name and epochs in entry.milestones]
            seeds = Counter(run[:3] for run in there)
            counts = len(there), models * study.seeds, len(seeds), models
            yield Part(study.study, name, epochs, *counts, span(seeds.values()), study.seeds)


def extents(root: Path) -> dict[str, str]:
    """Return experiment → the models and seeds behind the results in `root`, such as "16 models × 3–15 seeds".

    Raises
    ------
    UserError
        The study's provenance cannot be read.
    """
    runs = read_provenance(root / "provenance.csv").groupby("experiment")["model"]
    counted = ((str(name), Counter(models).values()) for name, models in runs)
    return {name: f"{len(seeds)} model{'s' * (len(seeds) > 1)} × {seeds_text(seeds)}" for name, seeds in counted}
