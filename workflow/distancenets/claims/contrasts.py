"""Contrasts: whether a difference of models changes from one protocol to another, within seeds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from distancenets.claims.comparisons import differences
from distancenets.claims.definitions import CLAIMS
from distancenets.claims.judgement import accuracies_at, epochs_reached
from distancenets.configuration.published import Published
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.configuration.study import Study
from distancenets.statistics.looks import complete_seeds, look
from distancenets.statistics.t_tests import interval, paired

# Accuracies in percent by seed, of each model by its paper's name.
Accuracies = Mapping[str, "pd.Series[float]"]
DIFFERS, SAME, OPEN = "differs", "same within the margin", "open"
COLUMNS = (
    "claim",
    "difference",
    "reference",
    "protocol",
    "seeds",
    "under_reference",
    "under_protocol",
    "change",
    "lower",
    "upper",
    "result",
)


def contrasts(
    protocols: Mapping[str, Accuracies],
    compared: Sequence[tuple[int, str, Sequence[str]]],
    settings: StatisticsSettings,
) -> pd.DataFrame:
    """Return the change of each difference from the first of `protocols`, the reference, to every other one.

    A change is the mean over seeds of (difference under the protocol − difference under the reference). Effects that
    the runs of a seed share cancel. Changes are judged like claims: at 10, 20, 40 … complete seeds, each look at its
    share of the level.

    Parameters
    ----------
    compared
        claim (number), name, models: two for first − second, four for (first − second) − (third − fourth).

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, differences and changes in percentage points. `result` is `differs` if the interval of the change
        excludes 0, `same within the margin` if it lies within ± the equivalence margin, otherwise `open`. A contrast
        whose models were not trained under both protocols has no row.
    """
    reference, *others = protocols
    rows = [
        (claim, name, reference, other, *row)
        for claim, name, models in compared
        for other in others
        for row in _rows(protocols[reference], protocols[other], models, settings)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


class Protocol(NamedTuple):
    """An experiment of a study, with the study's runs; `name` identifies it in the table."""

    name: str
    study: Study
    experiment: str
    runs: pd.DataFrame


def claims_contrasts(protocols: Sequence[Protocol], record: Published, settings: StatisticsSettings) -> pd.DataFrame:
    """Return the `contrasts` of every difference that a claim is about, at the epochs that the claim is judged at."""
    parts = [pd.DataFrame(columns=list(COLUMNS))]
    for claim in CLAIMS:
        named = [(claim.number, name, models) for name, models in differences(claim, record)]
        reached = {
            each.name: accuracies_at(each.runs, each.experiment, epochs)
            for each in protocols
            if (epochs := epochs_reached(claim, each.experiment, each.study, record)) is not None
        }
        if named and protocols[0].name in reached:
            parts.append(contrasts(reached, named, settings))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def difference(accuracies: Accuracies, models: Sequence[str]) -> "pd.Series[float] | None":
    """Return a difference of two or four models by seed, percentage points; None if a model was not trained."""
    if not all(model in accuracies for model in models):
        return None
    first, second, *plain = (accuracies[model] for model in models)
    change = first - second
    return (change - (plain[0] - plain[1]) if plain else change).dropna()


def _rows(
    reference: Accuracies, other: Accuracies, models: Sequence[str], settings: StatisticsSettings
) -> Iterator[tuple[object, ...]]:
    before, after = difference(reference, models), difference(other, models)
    if before is None or after is None:
        return
    complete = complete_seeds([before.index, after.index])
    passed = look(complete)
    seeds = complete if passed is None else passed.seeds
    before, after = before[before.index < seeds], after[after.index < seeds]
    change = (after - before).dropna()
    found = paired(change.to_numpy())
    if passed is None:
        yield seeds, before.mean(), after.mean(), found.value, float("nan"), float("nan"), OPEN
        return
    lower, upper = interval(found, 1 - settings.alpha * passed.share)
    yield seeds, before.mean(), after.mean(), found.value, lower, upper, _result(lower, upper, settings)


def _result(lower: float, upper: float, settings: StatisticsSettings) -> str:
    margin = settings.equivalence_margin
    if -margin < lower and upper < margin:
        return SAME
    return DIFFERS if lower > 0 or upper < 0 else OPEN
