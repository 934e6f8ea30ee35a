"""A study: which models are trained, on which data, for how long, and what is reported."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Self

import yaml
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.experiment import (
    Architecture,
    Architectures,
    Experiment,
    Name,
    Representation,
    Representations,
)
from distancenets.configuration.settings import Line, Settings, load, read_yaml, validated
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.errors import UserError
from distancenets.files import write_text
from distancenets.measurements.registry import Rows
from distancenets.models.registry import Model, architectures, models
from distancenets.models.representations import REPRESENTATIONS


class TrainingSettings(Settings):
    """How runs are trained; none of these settings changes a run's digest."""

    former: ClassVar[dict[str, str]] = {
        "precision": "set `training.engine` instead (split or dense)",
        "chunk_rows": "remove it, because no result depends on it any more",
    }

    engine: Literal["auto", "dense", "compiled", "split"] = Field(
        "auto",
        description="compiled (CPU, the same bits everywhere), split (GPU) or dense (anywhere); auto is the fastest",
    )
    threads: PositiveInt = Field(1, le=1024, description="CPU threads per job; without effect on compiled's bits")
    gpu_memory_mib: PositiveInt = Field(8192, le=1_000_000, description="MiB of GPU memory for the images of one pass")
    checkpoint_seconds: PositiveFloat = Field(60, allow_inf_nan=False, description="seconds between two checkpoints")

    def with_threads(self, threads: int | None) -> Self:
        """Return these settings with the `threads` of a job, or unchanged if that is None."""
        return self if threads is None else self.replaced(threads=threads)


class Figure1Settings(Settings):
    """The hidden node of Figure 1; the paper shows node 39 of ReLU."""

    architecture: Architecture = Field("relu", description="the model's architecture")
    representation: Representation = Field("unconstrained", description="the model's representation")
    seed: int = Field(0, ge=0, description="the run's seed")
    node: int = Field(39, ge=0, description="the hidden node, counted from 0")


class ReportSettings(Settings):
    """The experiment and epochs that the paper's tables and figures are made from."""

    experiment: Name | None = Field(None, description="by default the study's first")
    epochs: dict[str, PositiveInt] = Field({}, description="table → epochs; by default the experiment's last")
    figure1: Figure1Settings = Figure1Settings()
    beside: Path | None = Field(
        None, description="a second study file, whose archived results the report checks and shows beside this study's"
    )


class Run(NamedTuple):
    """The axes of one run."""

    experiment: str
    architecture: str
    representation: str
    seed: int


class Study(Settings):
    """A file of config/: what is trained and what is reported."""

    study: Name = Field(description="the study's name: everything is written under results/<study>/")
    title: Line = Field(description="one line for people")
    seeds: PositiveInt = Field(3, le=100_000, description="runs of each model; seeds are 0 .. seeds − 1")
    models_per_job: Literal["one", "all_seeds"] = Field("one", description="one run per job, or all seeds of a model")
    missing: Literal["train", "skip", "plan"] = Field(
        "train", description="what happens to runs that are neither finished nor archived"
    )
    # It affects no result, so it is not stored with the results.
    hours: PositiveFloat = Field(6, le=1_000_000, exclude=True, description="hours of training to plan")
    data_folder: Path | None = Field(None, description="a folder with the data set's files, for offline machines")
    architectures: Architectures = Field(
        default_factory=lambda: tuple(architectures()), description="which to train (`distancenets models` lists all)"
    )
    representations: Representations = Field(tuple(REPRESENTATIONS), description="which to train")
    experiments: dict[Name, Experiment] = Field(min_length=1)
    measurements: Rows = Field(
        "by_node", description="rows to keep: per node and class, or only per run, without figures of them"
    )
    training: TrainingSettings = TrainingSettings()
    report: ReportSettings = ReportSettings()
    statistics: StatisticsSettings = StatisticsSettings()
    claims: ClaimsSettings = ClaimsSettings()

    @model_validator(mode="after")
    def _every_experiment_has_a_model(self) -> Self:
        for name in self.experiments:
            if not self.models(name):
                settings = self.experiments[name]
                raise ValueError(
                    f"experiments.{name}: no model has one of the architectures "
                    f"{', '.join(settings.architectures or self.architectures)} and one of the representations "
                    f"{', '.join(settings.representations or self.representations)} (`distancenets models` lists all)"
                )
        return self

    @model_validator(mode="after")
    def _report_names_what_is_there(self) -> Self:
        experiment = self.experiments.get(self.reported_experiment)
        if experiment is None:
            known = ", ".join(self.experiments)
            raise ValueError(f"report.experiment: no experiment '{self.report.experiment}' (known: {known})")
        for table, epochs in self.report.epochs.items():
            if epochs not in experiment.kept_epochs:
                raise ValueError(f"report.epochs.{table}: {epochs} is not a milestone ({list(experiment.kept_epochs)})")
        if self.report.figure1.seed >= self.seeds:
            raise ValueError(f"report.figure1.seed: {self.report.figure1.seed} is out of range (0 to {self.seeds - 1})")
        if self.report.figure1.node >= experiment.hidden:
            raise ValueError(f"report.figure1.node: the hidden layer has nodes 0 to {experiment.hidden - 1}")
        return self

    @property
    def reported_experiment(self) -> str:
        """The experiment that the paper's tables and figures are made from."""
        return self.report.experiment or next(iter(self.experiments))

    def reported_epochs(self, table: str) -> int:
        """Return the epochs at which `table` reads the reported experiment."""
        return self.report.epochs.get(table, self.experiments[self.reported_experiment].epochs)

    def experiment(self, name: str) -> Experiment:
        """Return the experiment `name`; a `UserError` lists the known ones."""
        if name not in self.experiments:
            known = ", ".join(self.experiments)
            raise UserError(f"study '{self.study}' has no experiment '{name}' (it has: {known})")
        return self.experiments[name]

    def models(self, experiment: str) -> list[Model]:
        """Return the models that `experiment` trains, in the registry's order."""
        settings = self.experiment(experiment)
        wanted_architectures = settings.architectures or self.architectures
        wanted_representations = settings.representations or self.representations
        return [
            model
            for model in models()
            if model.architecture in wanted_architectures and model.representation.name in wanted_representations
        ]

    def runs(self) -> Iterator[Run]:
        """Yield the axes of every run of the study."""
        for experiment in self.experiments:
            for model in self.models(experiment):
                for seed in range(self.seeds):
                    yield Run(experiment, model.architecture, model.representation.name, seed)


def load_study(path: Path) -> Study:
    """Read and validate the study in the YAML file `path`."""
    return load(Study, path)


def study_from_config(values: Mapping[str, object], files: Sequence[Path]) -> Study:
    """Return the study in `values`, which Snakemake merged from `files` and its command line.

    Raises
    ------
    UserError
        The study is invalid, or a file has an error that Snakemake ignores, such as a duplicate key.
    """
    for file in files:
        read_yaml(Path(file))
    return validated(Study, dict(values), " + ".join(os.path.relpath(file) for file in files) or "--config")


def write_study(path: Path, study: Study) -> None:
    """Write `study` to the YAML file `path` with all settings, overridden or default."""
    write_text(path, study_text(study))


def study_text(study: Study) -> str:
    """Return `study` in YAML, with all settings, overridden or default."""
    return yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def seed_ranges(seeds: Sequence[int]) -> str:
    """Return the ascending `seeds` as `parse_seeds` reads them, such as `0-4,7`."""
    starts = [seed for seed in seeds if seed - 1 not in seeds]
    ends = [seed for seed in seeds if seed + 1 not in seeds]
    return ",".join(str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True))


def parse_seeds(text: str, count: int) -> tuple[int, ...]:
    """Return the seeds that `text` names, such as `0-4` or `0,2,7`; they must be within 0 .. count − 1."""
    try:
        ranges = [[int(end) for end in part.split("-")] for part in text.split(",")]
    except ValueError:
        ranges = []
    highest = max((end for ends in ranges for end in ends), default=0)
    if highest >= count:
        raise UserError(f"--seeds {text}: seed {highest} is out of range (the study has seeds 0 to {count - 1})")
    seeds = sorted({seed for ends in ranges for seed in range(ends[0], ends[-1] + 1)})
    if not seeds:
        raise UserError(f"--seeds {text}: expected seeds such as 7, 0-19 or 0,2,5")
    return tuple(seeds)
