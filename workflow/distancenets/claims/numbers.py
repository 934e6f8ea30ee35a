"""The numbers behind a claim, printed and measured side by side; they do not depend on the verdict."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from distancenets.claims.conditions import ConditionResult
from distancenets.claims.definitions import Claim
from distancenets.claims.evidence import Evidence
from distancenets.configuration.published import Published
from distancenets.models.registry import find_model
from distancenets.statistics.moments import mean, standard_deviation
from distancenets.words import plus_minus

NOT_TRAINED = "not trained"
NOT_MEASURED = "not measured"


class Number(NamedTuple):
    """One quantity in words, as printed and as measured; `published` is empty if the paper does not print it."""

    quantity: str
    published: str
    measured: str


def numbers(claim: Claim, evidence: Evidence, parts: Sequence[ConditionResult], record: Published) -> list[Number]:
    """Return the numbers behind `claim`: accuracies of its models, shares of dead nodes, or what `parts` measured.

    Accuracies are means ± population SD in percent, as the paper prints them. Dead output nodes are active for no
    image; shares that the paper prints come first.
    """
    if claim.measurement is None:
        return [_accuracy(model, claim, evidence, record) for model in claim.models]
    if claim.measurement == "activity":
        shares = [_dead_outputs(model, evidence, record) for model in claim.models]
        return sorted(shares, key=lambda number: not number.published)
    return [Number("", "", part.measured) for part in parts if part.measured]


def _accuracy(model: str, claim: Claim, evidence: Evidence, record: Published) -> Number:
    found = evidence.accuracies.get(model)
    measured = NOT_TRAINED if found is None else _spread(found)
    return Number(model, _printed_accuracy(model, claim.table, record), measured)


def _printed_accuracy(model: str, table: str, record: Published) -> str:
    """Return the mean ± SD that `table` prints for `model`, else the first other table, with its title; or nothing."""
    for name in dict.fromkeys((table, *record.tables)):
        for row in record.tables[name].rows:
            if find_model(*row.model).paper_name == model:
                return f"{row.mean} ± {row.sd}" + ("" if name == table else f" ({record.tables[name].title})")
    return ""


def _dead_outputs(model: str, evidence: Evidence, record: Published) -> Number:
    printed = [
        "–".join(str(value) for value in entry.percent)
        for entry in record.activity
        if entry.in_paper
        and (entry.layer, entry.quantity) == ("output", "never_active")
        and model in [find_model(*each.model).paper_name for each in entry.models]
    ]
    found = evidence.dead_outputs(model).values
    measured = NOT_MEASURED if found.empty else f"{_spread(100 * found)} % dead"
    return Number(model, "; ".join(f"{share} % dead" for share in printed), measured)


def _spread(values: "pd.Series[float]") -> str:
    known = values.to_numpy(np.float64)
    return f"{mean(known):.2f}" if known.size == 1 else plus_minus(mean(known), standard_deviation(known, ddof=0))
