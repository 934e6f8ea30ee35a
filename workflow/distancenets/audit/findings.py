"""The findings of an audit: one per check, with the numbers behind its verdict."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from distancenets.audit.intervals import Interval

# The significance level for words such as "indistinguishable".
LEVEL = 0.05


class Consistency(StrEnum):
    """Whether the printed number agrees with the other printed numbers."""

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    UNTOLD = "cannot be told"


class Check(StrEnum):
    """What is checked; the value is the heading of the finding."""

    RECOMPUTED = "recomputed from one set"
    ORIGIN = "set behind the statistics"
    DEVIATION = "kind of SD behind the statistics"
    STATISTIC = "statistic from means and SDs"
    QUOTED_SD = "quoted SDs"
    P_FROM_T = "p from t"
    D_FROM_T = "d from t"
    SIGN = "sign of t"
    DESIGN = "degrees of freedom"
    WORDING = "wording beside its own p"
    WORDING_RECOMPUTED = "wording beside the tables"
    REPEATED_T = "same t twice"
    SAME_ROWS = "same rows twice"
    SAME_MODELS = "same experiment, two results"
    GRANULARITY = "possible percentage"
    POWER = "power of the percentage check"
    COUNTS = "possible mean and SD of counts"
    DEFINITION = "same number, two definitions"
    QUANTITY = "same quantity, two numbers"
    CLAIMED = "number in a claim"
    PROMISED = "what a caption promises"
    COMPUTE = "time per model-epoch"


@dataclass(frozen=True)
class Finding:
    """One check of one printed item.

    `computed` is what the other printed numbers give, in words. `low` and `high` are its ends: None if the check
    compares no numbers, infinite if the rounding sets no bound.
    """

    check: Check
    where: str
    printed: str
    computed: str
    low: float | None
    high: float | None
    verdict: Consistency
    why: str

    def record(self) -> dict[str, str | float | None]:
        """Return the finding as plain values; an infinite end is None, because JSON has no infinity."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def _plain(value: str | float | None) -> str | float | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, StrEnum) else value


def agreement(agrees: bool) -> Consistency:
    """Return the verdict of a check that the numbers decide."""
    return Consistency.CONSISTENT if agrees else Consistency.INCONSISTENT


def hull(intervals: Iterable[Interval]) -> Interval:
    """Return the smallest interval around all of them."""
    known = list(intervals)
    return Interval(min(interval.low for interval in known), max(interval.high for interval in known))


def of_check(findings: Iterable[Finding], *checks: Check) -> list[Finding]:
    """Return the findings of the given checks."""
    return [finding for finding in findings if finding.check in checks]
