"""Contrasts: whether a difference of models is another under one protocol than under another, seed by seed."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from distancenets.configuration.statistics import StatisticsSettings
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
    differences: Sequence[tuple[int, str, Sequence[str]]],
    settings: StatisticsSettings,
) -> pd.DataFrame:
    """Return how each difference changes from the first of `protocols` to each other one.

    A change is the mean over seeds of (difference under the protocol − difference under the reference): whatever the
    two runs of a seed have in common falls out. It is judged like a claim, at 10, 20, 40 … complete seeds, each
    look at its share of the level.

    Parameters
    ----------
    differences
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
        for claim, name, models in differences
        for other in others
        for row in _rows(protocols[reference], protocols[other], models, settings)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def difference(accuracies: Accuracies, models: Sequence[str]) -> "pd.Series[float] | None":
    """Return a difference of two or four models by seed; None if one of them was not trained."""
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
