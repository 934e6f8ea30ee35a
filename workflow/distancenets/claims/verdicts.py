"""The five verdicts, the verdict from the conditions of a claim, and the thresholds at which it changes."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from distancenets.claims.conditions import ConditionResult
from distancenets.claims.thresholds import Outcome, number

SHOWN = 3


class Verdict(StrEnum):
    """What a study says about a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    MIXED = "mixed"
    REFUTED = "refuted"
    UNDETERMINED = "undetermined"


class Flip(NamedTuple):
    """A value of a threshold beyond which the verdict changes: `above` it, or below."""

    setting: str
    set_to: float
    value: float
    above: bool
    verdict: Verdict

    @property
    def text(self) -> str:
        """The flip in words."""
        side = "above" if self.above else "below"
        return f"{self.verdict} with {self.setting} {side} {number(self.value)}"


def verdict(outcomes: Iterable[Outcome]) -> Verdict:
    """Return the verdict from the `outcomes` of conditions; given conditions do not count.

    Supported: all hold. Contradicted: all fail. Mixed: some hold, the others fail. Refuted: at least one fails and
    others are open, so the claim cannot be supported. Undetermined: none fails and at least one is open, or none
    counts.
    """
    found = {*outcomes} - {Outcome.GIVEN}
    if Outcome.OPEN in found or not found:
        return Verdict.REFUTED if Outcome.FAILS in found else Verdict.UNDETERMINED
    if len(found) == 2:
        return Verdict.MIXED
    return Verdict.SUPPORTED if found == {Outcome.HOLDS} else Verdict.CONTRADICTED


def reason(parts: Sequence[ConditionResult]) -> str:
    """Return the deciding conditions in words, at most three: first failing, then open, then holding ones."""
    first = {Outcome.FAILS: 0, Outcome.OPEN: 1, Outcome.HOLDS: 2}
    ordered = sorted((part for part in parts if part.outcome in first), key=lambda part: first[part.outcome])
    told = [part.text for part in ordered[:SHOWN]]
    rest = Counter(part.outcome for part in ordered[SHOWN:])
    told += [_counted(outcome, rest[outcome]) for outcome in Outcome if rest[outcome]]
    return "; ".join(told)


def least_alpha(parts: Sequence[ConditionResult], alpha: float) -> float:
    """Return the smallest level of the claim with the same verdict; NaN if it is undetermined.

    One failing condition refutes a claim; any other verdict needs all conditions.
    """
    shares = {outcome: [part.share for part in parts if part.outcome is outcome] for outcome in Outcome}
    decided = [*shares[Outcome.HOLDS], *shares[Outcome.FAILS]]
    found = verdict(part.outcome for part in parts)
    if found is Verdict.UNDETERMINED:
        return math.nan
    return alpha * (min(shares[Outcome.FAILS]) if found is Verdict.REFUTED else max(decided))


def flips(parts: Sequence[ConditionResult]) -> list[Flip]:
    """Return the nearest values below and above each threshold at which the verdict changes.

    One threshold varies at a time; the others keep their settings.
    """
    now = verdict(part.outcome for part in parts)
    found = []
    for setting in dict.fromkeys(part.threshold.setting for part in parts if part.threshold):
        about = [part for part in parts if part.threshold and part.threshold.setting == setting]
        set_to = next(part.threshold.value for part in about if part.threshold)
        turns = sorted({turn for part in about for turn in part.turns})
        lower = [(turn, turn - _gap(turns, turn) / 2, False) for turn in reversed(turns) if turn < set_to]
        upper = [(turn, turn + _gap(turns, turn) / 2, True) for turn in turns if turn >= set_to]
        for side in (lower, upper):
            # A margin below 0, or a correlation of the other sign, is a different question.
            possible = ((turn, beyond, above) for turn, beyond, above in side if beyond * set_to >= 0)
            changed = ((turn, above, _verdict_at(parts, setting, beyond)) for turn, beyond, above in possible)
            found += [Flip(setting, set_to, turn, above, other) for turn, above, other in changed if other is not now][
                :1
            ]
    return found


def _verdict_at(parts: Sequence[ConditionResult], setting: str, value: float) -> Verdict:
    def outcome(part: ConditionResult) -> Outcome:
        chosen = part.outcome_at is not None and part.threshold is not None and part.threshold.setting == setting
        return part.outcome_at(value) if chosen and part.outcome_at else part.outcome

    return verdict(map(outcome, parts))


def _gap(turns: Sequence[float], turn: float) -> float:
    """Return the distance from `turn` to the nearest other one, or to 0."""
    return min((abs(other - turn) for other in (0.0, *turns) if other != turn), default=1.0)


def _counted(outcome: Outcome, count: int) -> str:
    singular, plural = {
        Outcome.HOLDS: ("holds", "hold"),
        Outcome.FAILS: ("fails", "fail"),
        Outcome.OPEN: ("is open", "are open"),
    }[outcome]
    return f"{count} more {singular if count == 1 else plural}"
