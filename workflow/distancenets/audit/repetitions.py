"""The same t printed for two comparisons: which one gives it, and whether chance may explain it."""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from scipy import stats

from distancenets.audit.findings import LEVEL, Check, Consistency, Finding
from distancenets.audit.intervals import half_unit, may_be_equal
from distancenets.audit.recomputation import Recomputation, Statistic
from distancenets.audit.source_tables import origin
from distancenets.configuration.published import Published, PublishedTest


def repeated_statistics(record: Published, found: Sequence[Recomputation]) -> list[Finding]:
    """Return a finding for every two tests that print the same |t|.

    The set behind the other statistics decides. The two tests are inconsistent if in that set the rows of one give the
    printed t, the rows of the other do not, and chance hardly prints such a number twice.
    """
    source = origin(found)
    own = {
        (entry.test.id, entry.statistic): entry for entry in found if source and (entry.table, entry.reading) == source
    }
    return [
        _same_t(one, other, own, len(record.tests) - 1)
        for one, other in combinations(record.tests, 2)
        if may_be_equal(abs(one.t), abs(other.t))
    ]


def chance_of_the_same_t(t: Decimal, others: int) -> float:
    """Return an upper bound of the probability that a test prints the |t| of one of `others` other tests by chance.

    Other runs of the same two models give another t. For any mean and df, it varies at least as widely as a
    standard normal variable, so the density of |t| is at most φ(0) (1 + exp(−t² / 2)). Numbers that print the same
    fill an interval of one unit of the last digit for each of the other tests.
    """
    density = float(stats.norm.pdf(0)) * (1 + math.exp(-(float(t) ** 2) / 2))
    return min(1.0, others * 2 * float(half_unit(t)) * density)


def _same_t(
    one: PublishedTest, other: PublishedTest, own: dict[tuple[str, Statistic], Recomputation], others: int
) -> Finding:
    entries = [own.get((test.id, Statistic.T)) for test in (one, other)]
    fitting = [entry for entry in entries if entry is not None and entry.fits]
    misfits = [entry for entry in entries if entry is not None and not entry.fits]
    chance = max(chance_of_the_same_t(test.t, others) for test in (one, other))
    luck = f"the probability of printing the t of one of the {others} other tests by chance is at most {chance:.2g}."
    interval, computed = None, "both fit"
    if len(fitting) == 2:
        verdict, why = Consistency.CONSISTENT, "Both comparisons give this t."
    elif fitting and misfits:
        misfit = misfits[0]
        interval, computed = misfit.recomputed, f"{misfit.recomputed} for {misfit.test.comparison} ({misfit.label})"
        beside = f" (the printed d = {misfit.test.d} fits them)" if own[misfit.test.id, Statistic.D].fits else ""
        verdict = Consistency.INCONSISTENT if chance < LEVEL else Consistency.UNTOLD
        why = (
            f"The rows of {fitting[0].test.comparison} give it; the rows of {misfit.test.comparison} do not{beside}; "
            f"{luck}"
        )
    else:
        verdict, computed = Consistency.UNTOLD, "no set decides"
        why = f"No set of means and SDs shows which comparison it belongs to; {luck}"
    return Finding(
        check=Check.REPEATED_T,
        where=f"{one.comparison}; {other.comparison}",
        printed=f"t = {one.t}; t = {other.t}",
        computed=computed,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        verdict=verdict,
        why=why,
    )
