"""From the runs of a study to a verdict on every claim in every experiment."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from distancenets.claims.conditions import ConditionResult, Judged, lacking
from distancenets.claims.definitions import CLAIMS, Claim
from distancenets.claims.evidence import Evidence
from distancenets.claims.numbers import Number, numbers
from distancenets.claims.prospects import AHEAD, Prospect, prospect_text, together
from distancenets.claims.thresholds import Outcome
from distancenets.claims.verdicts import Flip, Verdict, flips, least_alpha, reason, verdict
from distancenets.configuration.published import Published, PublishedClaim
from distancenets.configuration.study import Study
from distancenets.models.registry import find_model
from distancenets.statistics.hypothesis_tests import holm
from distancenets.statistics.looks import FIRST, complete_seeds, next_looks
from distancenets.words import seeds_text

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class ClaimResult:
    """The verdict on one claim in one experiment, and its reasons.

    - `epochs` is the milestone that was read; `seeds` is the smallest number that a judged condition used, 0 if none.
    - An undetermined claim needs `epochs_needed`, and `wanted`: model → seeds for each of the next looks. `prospects`
      are the prospects of these looks, empty if too little is known.
    - `flips` are the thresholds at which the verdict changes. `alpha` is the smallest level with the same verdict, and
      `holm` corrects it for all claims of the experiment; both are NaN if the verdict is undetermined.
    - `numbers` do not depend on the verdict; `evidence` names the tables that they come from.
    """

    claim: PublishedClaim
    experiment: str
    verdict: Verdict
    why: str
    rule: str
    epochs: int
    seeds: int = 0
    epochs_needed: int | None = None
    wanted: Sequence[Mapping[str, int]] = ()
    prospects: Sequence[Prospect] = ()
    flips: Sequence[Flip] = ()
    alpha: float = math.nan
    holm: float = math.nan
    parts: Sequence[ConditionResult] = ()
    numbers: Sequence[Number] = ()
    evidence: Sequence[str] = ()

    @property
    def seeds_needed(self) -> int | None:
        """The seeds that the next look at an undetermined claim needs, None if it needs no more."""
        return max(self.wanted[0].values(), default=None) if self.wanted else None

    @property
    def prospect(self) -> Prospect | None:
        """The prospect of the next look; None if too little is known or nothing is open."""
        return self.prospects[0] if self.prospects else None


def judge_claims(study: Study, runs: pd.DataFrame, measurements: Tables, record: Published) -> list[ClaimResult]:
    """Return the verdict on every claim in every experiment of `study`, experiment by experiment.

    Parameters
    ----------
    runs
        Experiment, epoch, model (the paper's name), seed and test_accuracy (percent); see `statistics.runs`.
    measurements
        Tables of measurements by name; see `claims.evidence`.
    """
    found = []
    for experiment in study.experiments:
        here = [judge_claim(claim, experiment, study, runs, measurements, record) for claim in CLAIMS]
        corrected = holm(np.array([each.alpha for each in here]))
        found += [replace(each, holm=float(p)) for each, p in zip(here, corrected, strict=True)]
    return found


def judge_claim(
    claim: Claim, experiment: str, study: Study, runs: pd.DataFrame, measurements: Tables, record: Published
) -> ClaimResult:
    """Return the verdict on `claim` in `experiment`; undetermined before its epochs or before any first look."""
    about = next(entry for entry in record.claims if entry.id == claim.number)
    least = study.claims.min_epochs or record.tables[claim.table].epochs
    reached = epochs_reached(claim, experiment, study, record)
    epochs = reached or study.experiments[experiment].epochs
    accuracies = accuracies_at(runs, experiment, epochs)
    here = _measured_here(measurements, experiment, epochs)
    evidence = Evidence(accuracies, about, study.claims, study.statistics, here)
    conditions = claim.conditions(evidence)
    parts = judged(conditions, study.statistics.alpha)
    found = ClaimResult(about, experiment, Verdict.UNDETERMINED, "", claim.rule(evidence), epochs)
    found = replace(found, numbers=numbers(claim, evidence, parts, record), evidence=claim.evidence)
    if reached is None:
        lacks = [f"needs {least:,} epochs; {epochs:,} trained", *_lacks(claim, conditions, epochs)]
        few = any(lacking(condition.samples) for condition in conditions)
        return replace(
            found, why="; ".join(lacks), epochs_needed=least, wanted=[dict.fromkeys(claim.models, FIRST)] if few else []
        )
    if not any(part.look for part in parts):
        untrained = any(not sample.trained for condition in conditions for sample in condition.samples)
        ahead = _prospects(parts)
        why = "; ".join(_lacks(claim, conditions, epochs)) + _ahead_text(ahead)
        found = replace(found, epochs_needed=epochs if untrained else None, prospects=ahead, parts=parts)
        return replace(found, why=why, wanted=_wanted(conditions, parts))
    return _decided(found, conditions, parts, study.statistics.alpha)


def epochs_reached(claim: Claim, experiment: str, study: Study, record: Published) -> int | None:
    """Return the milestone at which `claim` is judged in `experiment`; None if none is late enough."""
    published = record.tables[claim.table].epochs
    return study.experiments[experiment].kept_nearest(published, at_least=study.claims.min_epochs or published)


def accuracies_at(runs: pd.DataFrame, experiment: str, epochs: int) -> dict[str, "pd.Series[float]"]:
    """Return model → test accuracy in percent by seed."""
    rows = runs[(runs["experiment"] == experiment) & (runs["epoch"] == epochs)]
    return {str(name): some.set_index("seed")["test_accuracy"] for name, some in rows.groupby("model")}


def judged(conditions: Sequence[Judged], alpha: float) -> list[ConditionResult]:
    """Return the `conditions` of a claim, each judged at the one-sided level `alpha` / (their number), over all looks.

    Conditions that follow from algebra use none of the level.
    """
    level = alpha / max(sum(1 for condition in conditions if condition.samples), 1)
    return [condition.judge(level) for condition in conditions]


def _decided(
    found: ClaimResult, conditions: Sequence[Judged], parts: Sequence[ConditionResult], alpha: float
) -> ClaimResult:
    """Return `found` with its verdict, its reason in words and what would change it."""
    outcome = verdict(part.outcome for part in parts)
    used = [part.look.seeds for part in parts if part.look]
    why = f"{found.epochs:,} epochs, {seeds_text(used)}: {reason(parts)}"
    found = replace(found, verdict=outcome, why=why, seeds=min(used), parts=parts, flips=flips(parts))
    if outcome is not Verdict.UNDETERMINED:
        return replace(found, alpha=least_alpha(parts, alpha))
    ahead = _prospects(parts)
    untrained = any(not sample.trained for condition in conditions for sample in condition.samples)
    found = replace(found, epochs_needed=found.epochs if untrained else None, prospects=ahead)
    return replace(found, why=why + _ahead_text(ahead), wanted=_wanted(conditions, parts))


def _ahead_text(ahead: Sequence[Prospect]) -> str:
    """Return the prospect of the next look in brackets; empty if it is unknown."""
    return f" ({prospect_text(ahead[0])})" if ahead else ""


def _prospects(parts: Sequence[ConditionResult]) -> list[Prospect]:
    """Return the prospects of the next looks at all open conditions together; none if one is unknown."""
    ahead = [part.prospects for part in parts if part.outcome is Outcome.OPEN]
    return [together(each) for each in zip(*ahead, strict=True)] if all(ahead) else []


def _wanted(conditions: Sequence[Judged], parts: Sequence[ConditionResult]) -> list[dict[str, int]]:
    """Return model → seeds for each of the next looks at the open conditions."""
    wanted: list[dict[str, int]] = [{} for _ in range(AHEAD)]
    for condition, part in zip(conditions, parts, strict=True):
        if part.outcome is Outcome.OPEN:
            seeds = complete_seeds([sample.values.index for sample in condition.samples])
            for needed, ahead in zip(wanted, next_looks(seeds, AHEAD), strict=True):
                needed |= {each.model: max(ahead.seeds, needed.get(each.model, 0)) for each in condition.samples}
    return wanted


def _lacks(claim: Claim, conditions: Sequence[Judged], epochs: int) -> list[str]:
    """Return in words what the conditions lack for a first look."""
    lack = lacking(sample for condition in conditions for sample in condition.samples)
    few = [sample.seeds for sample in lack if not sample.values.empty]
    untrained = [name for name in claim.models if any(not each.trained for each in lack if each.model == name)]
    unmeasured = dict.fromkeys(sample.name for sample in lack if sample.trained and sample.values.empty)
    return [
        *([f"needs {FIRST} seeds; {min(few)} available"] if few else []),
        *([f"not trained for {epochs:,} epochs: {', '.join(untrained)}"] if untrained else []),
        *([f"not measured: {', '.join(unmeasured)}"] if unmeasured else []),
    ]


def _measured_here(measurements: Tables, experiment: str, epochs: int) -> dict[str, pd.DataFrame]:
    here = {}
    for name, table in measurements.items():
        rows = table[(table["experiment"] == experiment) & (table["epoch"] == epochs)]
        names = [find_model(*axes).paper_name for axes in rows[["architecture", "representation"]].to_numpy()]
        here[name] = rows.assign(model=names)
    return here
