"""A recipe: everything that determines a run to the bit, and the digest that its files carry."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from distancenets.configuration.datasets import DATASETS_FILE, DatasetSettings, load_dataset_settings
from distancenets.configuration.experiment import Experiment
from distancenets.configuration.settings import Settings
from distancenets.configuration.study import Study
from distancenets.files import sha256

# An experiment's keys that choose its models, and its keys that set how long a run is and what it records.
CHOICES = {"architectures", "representations"}
LENGTH = {"epochs", "milestones", "record_every"}
# A data set's keys that change a run, unlike its title and sources.
PINNED = {"pixel_mean", "pixel_sd", "sha256"}
# A study's keys that determine its runs, unlike those for training, judging and showing them.
RUNS = {"study", "seeds", "missing", "architectures", "representations", "experiments"}


class Recipe(Settings):
    """One model of an experiment on one data set; a seed completes it."""

    architecture: str
    representation: str
    experiment: Experiment
    dataset: DatasetSettings

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of everything that all seeds of this recipe share, in hexadecimal.

        Names, sources and the choice of models are left out: they do not change a run.
        """
        return self._digest_without(CHOICES)

    @cached_property
    def trajectory(self) -> str:
        """The same without the run's length: a longer run passes through all states of a shorter one."""
        return self._digest_without(CHOICES | LENGTH)

    def extends(self, shorter: "Recipe") -> bool:
        """Return whether a run of this recipe continues one of `shorter` that kept everything that this one keeps.

        Weights are stored without the optimiser's state, so a run with momentum or Adam continues no other run.
        """
        mine, its = self.experiment, shorter.experiment
        recorded = [epoch for epoch in range(its.epochs) if mine.is_recorded(epoch)]
        kept = [epoch for epoch in mine.kept_epochs if epoch < its.epochs]
        return (
            not mine.optimiser.moments
            and self.trajectory == shorter.trajectory
            and its.epochs < mine.epochs
            and all(map(its.is_recorded, recorded))
            and set(kept) <= set(its.kept_epochs)
        )

    def run_digest(self, seed: int) -> str:
        """Return the SHA-256 of everything that determines the run of `seed`, in hexadecimal."""
        return sha256(f"{self.digest} seed {seed}".encode())

    def _digest_without(self, keys: set[str]) -> str:
        experiment = _identity(self.experiment, keys)
        data = self.dataset.model_dump(mode="json", include=PINNED)
        parts = [self.architecture, self.representation, experiment, data]
        return sha256(json.dumps(parts, sort_keys=True).encode())


def _identity(experiment: Experiment, without: set[str]) -> dict[str, Any]:
    """Return the settings that distinguish experiments.

    Full-batch gradient descent on the published split keeps the format of the first version, so that digests of runs
    from that time stay valid.
    """
    values = experiment.model_dump(mode="json", exclude=without)
    if experiment.split == "published":
        del values["split"]
    if experiment.is_full_batch_descent:
        values["learning_rate"] = values.pop("optimiser")["learning_rate"]
        del values["batch_size"]
    return values


def study_recipe(
    study: Study, experiment: str, architecture: str, representation: str, datasets: Path = DATASETS_FILE
) -> Recipe:
    """Return the recipe of a model in an experiment of `study`, with its data set from the file `datasets`."""
    settings = study.experiment(experiment)
    source = load_dataset_settings(settings.dataset, datasets)
    return Recipe(architecture=architecture, representation=representation, experiment=settings, dataset=source)


def study_digest(study: Study, datasets: Path = DATASETS_FILE) -> str:
    """Return the SHA-256 of all settings that determine the runs of `study` and their measurements, in hexadecimal."""
    names = sorted({experiment.dataset for experiment in study.experiments.values()})
    data = [load_dataset_settings(name, datasets).model_dump(mode="json", include=PINNED) for name in names]
    return sha256(json.dumps([study.model_dump(mode="json", include=RUNS), data], sort_keys=True).encode())
