"""From the runs of a study to a verdict on every claim in every experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from distancenets.claims.conditions import Part
from distancenets.claims.evidence import Evidence, NotMeasured
from distancenets.claims.numbers import Number, numbers
from distancenets.claims.register import REGISTER, Claim
from distancenets.claims.verdicts import Verdict, reason, seeds_needed, verdict
from distancenets.configuration.published import Published, PublishedClaim
from distancenets.configuration.study import Study
from distancenets.models.registry import find_model
from distancenets.words import seeds_text

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Ruling:
    """The verdict on one claim in one experiment, and what it rests on.

    `epochs` are those read, `seeds` those that all its trained models share; `epochs_needed` and `seeds_needed` what
    would decide an undetermined one, None where that is nothing or cannot be told. `numbers` are there whatever the
    verdict; `evidence` names the tables that show where they come from.
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
    numbers: Sequence[Number] = ()
    evidence: Sequence[str] = ()


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
    published_epochs = record.tables[claim.table].epochs
    least = study.claims.min_epochs or published_epochs
    reached = study.experiments[experiment].kept_nearest(published_epochs, at_least=least)
    epochs = reached or study.experiments[experiment].epochs
    at_epoch = runs[(runs["experiment"] == experiment) & (runs["epoch"] == epochs)]
    accuracies = {str(name): rows.set_index("seed")["test_accuracy"] for name, rows in at_epoch.groupby("model")}
    absent = [model for model in claim.models if model not in accuracies]
    present = [set(accuracies[model].index) for model in claim.models if model in accuracies]
    seeds = len(set.intersection(*present)) if present else 0
    here = _measured_here(measurements, experiment, epochs)
    evidence = Evidence(accuracies, about, study.claims, study.statistics, here)
    found = Ruling(about, experiment, Verdict.UNDETERMINED, "", claim.rule_in(study), epochs, seeds)
    found = replace(found, numbers=numbers(claim, evidence, (), record), evidence=claim.evidence)

    lacks = []
    if reached is None:
        found = replace(found, epochs_needed=least)
        lacks.append(f"{least:,} epochs are needed, {epochs:,} were trained")
    if present and seeds < study.claims.min_seeds:
        found = replace(found, seeds_needed=study.claims.min_seeds)
        lacks.append(f"{study.claims.min_seeds} seeds are needed, {seeds} {'is' if seeds == 1 else 'are'} there")
    if absent:
        lacks.append(f"not trained for {epochs:,} epochs: {', '.join(absent)}")
        return replace(found, why="; ".join(lacks), epochs_needed=found.epochs_needed or epochs)
    try:
        parts = judged_parts(claim, evidence)
        found = replace(found, numbers=numbers(claim, evidence, parts, record))
    except NotMeasured as missing:
        lacks.append(f"not measured: {missing}")
    return replace(found, why="; ".join(lacks)) if lacks else _decided(found, parts, seeds_text(map(len, present)))


def judged_parts(claim: Claim, evidence: Evidence) -> list[Part]:
    """Return the conditions of `claim`, each judged at the one-sided level alpha / (number of conditions)."""
    conditions = claim.decide(evidence)
    level = evidence.statistics.alpha / len(conditions)
    return [condition.judge(level, evidence.statistics.power) for condition in conditions]


def _decided(found: Ruling, parts: Sequence[Part], seeds: str) -> Ruling:
    """Return `found` with its verdict, its reason in words and, where it is undetermined, the seeds that would tell."""
    outcome, why = verdict(parts), f"{found.epochs:,} epochs, {seeds}: {reason(parts)}"
    needed = seeds_needed(parts) if outcome is Verdict.UNDETERMINED else None
    if needed:
        why += f" (about {needed:,} seeds would tell)"
    return replace(found, verdict=outcome, why=why, seeds_needed=needed, parts=parts)


def _measured_here(measurements: Tables, experiment: str, epochs: int) -> dict[str, pd.DataFrame]:
    here = {}
    for name, table in measurements.items():
        rows = table[(table["experiment"] == experiment) & (table["epoch"] == epochs)]
        names = [find_model(*axes).paper_name for axes in rows[["architecture", "representation"]].to_numpy()]
        here[name] = rows.assign(model=names)
    return here
