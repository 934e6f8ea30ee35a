"""The four verdicts, and what a claim comes to from its conditions."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from distancenets.claims.conditions import Outcome, Part

SHOWN = 3


class Verdict(StrEnum):
    """What a study says about a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    MIXED = "mixed"
    UNDETERMINED = "undetermined"


def verdict(parts: Sequence[Part]) -> Verdict:
    """Return supported where every condition holds, contradicted where every one fails, mixed where both occur.

    Everything else is undetermined: conditions stay open, and what is known points one way only.
    """
    outcomes = {part.outcome for part in parts}
    if {Outcome.HOLDS, Outcome.FAILS} <= outcomes:
        return Verdict.MIXED
    if outcomes == {Outcome.HOLDS}:
        return Verdict.SUPPORTED
    return Verdict.CONTRADICTED if outcomes == {Outcome.FAILS} else Verdict.UNDETERMINED


def reason(parts: Sequence[Part]) -> str:
    """Return the conditions that decided, in one clause: those that fail or stay open first, three at most."""
    first = {Outcome.FAILS: 0, Outcome.OPEN: 1, Outcome.HOLDS: 2}
    ordered = sorted(parts, key=lambda part: first[part.outcome])
    told = [part.text for part in ordered[:SHOWN]]
    rest = Counter(part.outcome for part in ordered[SHOWN:])
    told += [_counted(outcome, rest[outcome]) for outcome in Outcome if rest[outcome]]
    return "; ".join(told)


def _counted(outcome: Outcome, count: int) -> str:
    singular, plural = {
        Outcome.HOLDS: ("holds", "hold"),
        Outcome.FAILS: ("fails", "fail"),
        Outcome.OPEN: ("stays open", "stay open"),
    }[outcome]
    return f"{count} more {singular if count == 1 else plural}"


def seeds_needed(parts: Sequence[Part]) -> int | None:
    """Return the seeds at which every open condition would be told; None where none is open or nobody can say."""
    needed = [part.runs_needed for part in parts if part.outcome is Outcome.OPEN]
    known = [count for count in needed if count is not None]
    return max(known) if known and len(known) == len(needed) else None
