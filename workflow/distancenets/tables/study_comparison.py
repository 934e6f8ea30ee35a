"""Two studies compared: the settings that differ, and the difference of every model that both have."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from distancenets.configuration.study import Study, load_study
from distancenets.errors import UserError
from distancenets.statistics.comparisons import comparison
from distancenets.statistics.runs import read_runs

NOT_THERE = "–"
KEPT = (
    "n_a",
    "n_b",
    "mean_a",
    "mean_b",
    "sample_sd_a",
    "sample_sd_b",
    "difference",
    "low",
    "high",
    "n_pairs",
    "paired_difference",
    "paired_low",
    "paired_high",
)


class FinishedStudy(NamedTuple):
    """A study and its runs: experiment, epoch, model (the paper's name), seed, test_accuracy (percent)."""

    study: Study
    runs: pd.DataFrame

    def models(self, experiment: str) -> list[str]:
        """The models with runs in `experiment`, in the registry's order; none if the experiment is unknown."""
        there = set(self.runs.loc[self.runs["experiment"] == experiment, "model"])
        known = self.study.models(experiment) if experiment in self.study.experiments else []
        return [model.paper_name for model in known if model.paper_name in there]

    def epochs(self, experiment: str) -> list[int]:
        """The milestones with runs in `experiment`, ascending."""
        return sorted(self.runs.loc[self.runs["experiment"] == experiment, "epoch"].unique().tolist())

    def accuracies(self, experiment: str, epoch: int, model: str) -> "pd.Series[float]":
        """Test accuracies (percent) by seed."""
        runs = self.runs
        same = (runs["experiment"] == experiment) & (runs["epoch"] == epoch) & (runs["model"] == model)
        return runs[same].set_index("seed")["test_accuracy"]


def read_finished_study(name: str, results: Path) -> FinishedStudy:
    """Return the study of this name below `results`, or in the folder `name`."""
    folder = next((path for path in (results / name, Path(name)) if (path / "study.yaml").is_file()), None)
    if folder is None:
        known = ", ".join(sorted(path.parent.name for path in results.glob("*/study.yaml"))) or "none"
        raise UserError(f"{name}: neither a study in {results}/ (available: {known}) nor a folder with a study.yaml")
    return FinishedStudy(load_study(folder / "study.yaml"), read_runs(folder / "runs.csv"))


class Milestones(NamedTuple):
    """What is compared: an experiment of the first study at an epoch, and one of the second at an epoch."""

    experiment_a: str
    epoch_a: int
    experiment_b: str
    epoch_b: int


def experiment_pairs(first: FinishedStudy, second: FinishedStudy) -> list[tuple[str, str]]:
    """The experiments of the same name; without any, the two reported ones."""
    same = [(name, name) for name in first.study.experiments if name in second.study.experiments]
    return same or [(first.study.reported_experiment, second.study.reported_experiment)]


def milestones(first: FinishedStudy, second: FinishedStudy) -> Iterator[Milestones]:
    """Yield the milestones that paired experiments have in common; without any, the last of each."""
    for a, b in experiment_pairs(first, second):
        epochs_a, epochs_b = first.epochs(a), second.epochs(b)
        common = [(epoch, epoch) for epoch in epochs_a if epoch in epochs_b]
        for epoch_a, epoch_b in common or list(zip(epochs_a[-1:], epochs_b[-1:], strict=False)):
            yield Milestones(a, epoch_a, b, epoch_b)


def differences_table(first: FinishedStudy, second: FinishedStudy) -> pd.DataFrame:
    """One row per model that both studies have at paired milestones, always the first study minus the second.

    Returns
    -------
    pandas.DataFrame
        The columns of `Milestones`, model, n_…, mean_… (percent), sample_sd_…, difference with low and high (Welch's
        interval, percentage points), n_pairs, paired_difference with paired_low and paired_high (paired t interval over
        the seeds that both have). The confidence is the first study's.
    """
    rows = []
    for place in milestones(first, second):
        there = second.models(place.experiment_b)
        for model in first.models(place.experiment_a):
            a = first.accuracies(place.experiment_a, place.epoch_a, model)
            b = second.accuracies(place.experiment_b, place.epoch_b, model)
            if model in there and len(a) and len(b):
                found = comparison(a, b, first.study.statistics)
                rows.append(place._asdict() | {"model": model} | {name: found[name] for name in KEPT})
    return pd.DataFrame(rows, columns=[*Milestones._fields, "model", *KEPT])


def lone_models(first: FinishedStudy, second: FinishedStudy) -> pd.DataFrame:
    """One row per experiment and model without a counterpart: study (a or b), experiment, model."""
    pairs = experiment_pairs(first, second)
    rows = []
    for which, here, there, counterpart in (
        ("a", first, second, dict(pairs)),
        ("b", second, first, {b: a for a, b in pairs}),
    ):
        for experiment in here.study.experiments:
            known = there.models(counterpart.get(experiment, ""))
            rows += [(which, experiment, model) for model in here.models(experiment) if model not in known]
    return pd.DataFrame(rows, columns=["study", "experiment", "model"])


def settings_table(first: Study, second: Study) -> pd.DataFrame:
    """One row per setting that differs: setting (its keys, joined by dots), a and b (– if a study lacks it).

    Name and title are left out, because they do not describe the runs.
    """
    a, b = (dict(_flat(study.model_dump(mode="json", exclude={"study", "title"}))) for study in (first, second))
    rows = [(key, a.get(key, NOT_THERE), b.get(key, NOT_THERE)) for key in {**a, **b}]
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=["setting", "a", "b"])


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{prefix}{key}", text
