"""What an audit finds: one finding a check, with the numbers behind its verdict."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from distancenets.audit.intervals import Interval


class Verdict(StrEnum):
    """Whether the printed number agrees with what follows from the other printed numbers."""

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    UNTOLD = "cannot be told"


class Check(StrEnum):
    """What is checked; the value heads the finding."""

    RECOMPUTED = "recomputed from one set"
    ORIGIN = "set behind the statistics"
    STATISTIC = "statistic from means and SDs"
    QUOTED_SD = "quoted SDs"
    P_FROM_T = "p from t"
    D_FROM_T = "d from t"
    SIGN = "sign of t"
    DESIGN = "degrees of freedom"
    WORDING = "wording beside its own p"
    WORDING_RECOMPUTED = "wording beside the tables"
    COPIED_T = "same t twice"
    SAME_ROWS = "same rows twice"
    SAME_MODELS = "same experiment, two results"
    GRANULARITY = "possible percentage"
    POWER = "power of the percentage check"
    DEFINITION = "same number, two definitions"
    QUANTITY = "same quantity, two numbers"
    CLAIMED = "number in a claim"
    COMPUTE = "time per model-epoch"


@dataclass(frozen=True)
class Finding:
    """One check of one printed item.

    `computed` says for a reader what the other printed numbers give; `low` and `high` are its ends, None
    where the check compares no numbers.
    """

    check: Check
    where: str
    printed: str
    computed: str
    low: float | None
    high: float | None
    verdict: Verdict
    why: str

    def record(self) -> dict[str, str | float | None]:
        """Return the finding as plain values."""
        return {key: str(value) if isinstance(value, StrEnum) else value for key, value in asdict(self).items()}


def agreement(agrees: bool) -> Verdict:
    """Return the verdict of a check that can be told."""
    return Verdict.CONSISTENT if agrees else Verdict.INCONSISTENT


def hull(intervals: Iterable[Interval]) -> Interval:
    """Return the smallest interval around all of them."""
    known = list(intervals)
    return Interval(min(interval.low for interval in known), max(interval.high for interval in known))


def of_check(findings: Iterable[Finding], *checks: Check) -> list[Finding]:
    """Return the findings of the given checks."""
    return [finding for finding in findings if finding.check in checks]
