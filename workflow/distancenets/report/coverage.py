"""Coverage: how much of what a study asks for is in its archive."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from distancenets.configuration.study import Run, Study
from distancenets.measurements.archive import Entry
from distancenets.words import span


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
