"""From the runs of a study to a verdict on every claim in every experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from distancenets.claims.conditions import Judged, Part
from distancenets.claims.evidence import Evidence, NotMeasured
from distancenets.claims.register import REGISTER, Claim
from distancenets.claims.verdicts import Verdict, reason, seeds_needed, verdict
from distancenets.configuration.published import Published, PublishedClaim
from distancenets.configuration.study import Study
from distancenets.models.registry import find_model

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Ruling:
    """The verdict on one claim in one experiment, and what it rests on.

    `epochs` and `seeds` are those judged at, 0 where there are none; `seeds_needed` and `epochs_needed` what an
    undetermined one lacks, None where that is nothing or cannot be told.
    """

    claim: PublishedClaim
    experiment: str
    verdict: Verdict
    why: str
    rule: str
    epochs: int
    seeds: int
    epochs_needed: int | None = None
    seeds_needed: int | None = None
    parts: Sequence[Part] = ()


def rulings(study: Study, runs: pd.DataFrame, measurements: Tables, record: Published) -> list[Ruling]:
    """Return a ruling on every claim of the register in every experiment of `study`, experiment by experiment.

    Parameters
    ----------
    runs
        Experiment, epoch, model (the paper's name), seed and test_accuracy (percent); see `statistics.runs`.
    measurements
        Tables of measurements by name; see `claims.evidence`.
    """
    return [
        ruling(claim, experiment, study, runs, measurements, record)
        for experiment in study.experiments
        for claim in REGISTER
    ]


def ruling(
    claim: Claim, experiment: str, study: Study, runs: pd.DataFrame, measurements: Tables, record: Published
) -> Ruling:
    """Return what `experiment` says about `claim`: undetermined where anything it needs is missing."""
    about = next(entry for entry in record.claims if entry.id == claim.number)
    wanted = record.tables[claim.table].epochs
    least = study.claims.min_epochs or wanted
    enough = study.experiments[experiment].kept_nearest(wanted, at_least=least)
    epochs = enough or study.experiments[experiment].epochs
    at_epoch = runs[(runs["experiment"] == experiment) & (runs["epoch"] == epochs)]
    accuracies = {str(name): rows.set_index("seed")["test_accuracy"] for name, rows in at_epoch.groupby("model")}
    seeds = _common_seeds([accuracies.get(model) for model in claim.models])

    epochs_needed, at_least = None, None
    lacks: list[str] = []
    conditions: Sequence[Judged] = ()
    absent = [model for model in claim.models if model not in accuracies]
    if enough is None:
        epochs_needed = least
        lacks.append(f"{least:,} epochs are needed, {epochs:,} were trained")
    if absent:
        lacks.append(f"not trained: {', '.join(absent)}")
    elif seeds < study.claims.min_seeds:
        at_least = study.claims.min_seeds
        lacks.append(f"{study.claims.min_seeds} seeds are needed, {seeds} are there")
    if not absent:
        here = _measured_here(measurements, experiment, epochs)
        try:
            conditions = claim.decide(Evidence(accuracies, about, study.claims, study.statistics, here))
        except NotMeasured as missing:
            lacks.append(f"not measured: {missing}")
    if lacks:
        why, rule, needed = "; ".join(lacks), claim.rule_in(study), (epochs_needed, at_least)
        return Ruling(about, experiment, Verdict.UNDETERMINED, why, rule, epochs, seeds, *needed)
    parts = [
        condition.judge(study.statistics.alpha / len(conditions), study.statistics.power) for condition in conditions
    ]
    return _decided(Ruling(about, experiment, verdict(parts), "", claim.rule_in(study), epochs, seeds, parts=parts))


def _decided(found: Ruling) -> Ruling:
    """Return `found` with its reason in words and, where it is undetermined, the seeds that would tell."""
    why = f"{found.epochs:,} epochs, {found.seeds} seeds: {reason(found.parts)}"
    needed = seeds_needed(found.parts) if found.verdict is Verdict.UNDETERMINED else None
    return replace(found, why=f"{why} (about {needed:,} seeds would tell)" if needed else why, seeds_needed=needed)


def _common_seeds(accuracies: Sequence["pd.Series[float] | None"]) -> int:
    seeds = [set[int]() if values is None else set(values.index) for values in accuracies]
    return len(set.intersection(*seeds))


def _measured_here(measurements: Tables, experiment: str, epochs: int) -> dict[str, pd.DataFrame]:
    here = {}
    for name, table in measurements.items():
        rows = table[(table["experiment"] == experiment) & (table["epoch"] == epochs)]
        names = [find_model(*axes).paper_name for axes in rows[["architecture", "representation"]].to_numpy()]
        here[name] = rows.assign(model=names)
    return here
