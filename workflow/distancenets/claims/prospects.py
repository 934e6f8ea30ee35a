"""Prospects: the probability that the next look decides, given the runs so far."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from scipy import special

from distancenets.claims.estimates import Estimate, t_quantile
from distancenets.claims.thresholds import Region

# The one-sided level of the 80 % interval of plausible truths, over which the range is taken.
PLAUSIBLE = 0.1
STEPS = 8
# The number of looks to plan for: the last has 8 times the seeds of the next.
AHEAD = 4
# The seeds of the last look to consider: seven doublings of the first.
LAST = 1280


class Chance(NamedTuple):
    """Probabilities that a condition holds, or fails, at the next look."""

    holds: float
    fails: float

    @property
    def decides(self) -> float:
        """The probability of a decision, either way."""
        return self.holds + self.fails


class Prospect(NamedTuple):
    """The prospect of the look at `seeds`: the expected chances, and their range over plausible truths.

    `least` and `most` are the chances for the plausible truths that are hardest and easiest to distinguish from the
    threshold. `decidable` is False if the estimate is so near an edge that no look up to 1,280 seeds would decide.
    `positive` is whether the estimate is above 0.
    """

    seeds: int
    expected: Chance
    least: Chance
    most: Chance
    decidable: bool
    positive: bool = True


def prospect(estimate: Estimate, seeds: int, region: Region, level: float, planned: int) -> Prospect | None:
    """Return the prospect of the look at `planned` seeds; None if the estimate has no interval.

    Parameters
    ----------
    estimate
        From `seeds` runs, with its interval at the one-sided `level` of the next look.

    Notes
    -----
    On the estimate's axis, the next estimate is taken as normal around the weighted mean of estimate and truth; the
    estimate has the weight `seeds` / `planned`. The observed spread is taken as the true one, and the interval shrinks
    as 1/√n.
    """
    if not math.isfinite(estimate.scale):
        return None
    now, ahead = estimate.axis(estimate.value), (planned - seeds) / planned
    error = estimate.scale / math.sqrt(seeds)
    step = error * t_quantile(PLAUSIBLE, seeds - 1)
    truths = [now + step * (2 * turn / STEPS - 1) for turn in range(STEPS + 1)]
    narrow = _narrowed(estimate, seeds, level, planned)
    # Given the runs so far, the variance of the next estimate is the present one minus the one at `planned` seeds.
    expected = _chance(now, error * math.sqrt(ahead), narrow, estimate, region)
    noise = estimate.scale * math.sqrt(planned - seeds) / planned
    chances = [_chance(now + ahead * (truth - now), noise, narrow, estimate, region) for truth in truths]
    far = _chance(now, 0.0, _narrowed(estimate, seeds, level, max(LAST, planned)), estimate, region)
    return Prospect(
        planned,
        expected,
        min([expected, *chances], key=lambda chance: chance.decides),
        max([expected, *chances], key=lambda chance: chance.decides),
        far.decides == 1,
        estimate.value > 0,
    )


def together(prospects: Sequence[Prospect]) -> Prospect:
    """Return the prospect of the next look at all open conditions of a claim, which count as independent.

    The look decides the claim if all conditions hold, or if one fails.
    """

    def combined(chances: Sequence[Chance]) -> Chance:
        holds = math.prod(chance.holds for chance in chances)
        return Chance(holds, 1 - math.prod(1 - chance.fails for chance in chances))

    return Prospect(
        max(each.seeds for each in prospects),
        combined([each.expected for each in prospects]),
        combined([each.least for each in prospects]),
        combined([each.most for each in prospects]),
        all(each.decidable for each in prospects),
    )


def prospect_text(ahead: Prospect) -> str:
    """Return the prospect of the next look in words."""
    if not ahead.decidable:
        return "cannot be decided at this margin: the estimate is on its edge"
    return f"the next look, at {ahead.seeds} seeds, decides with probability {chances(ahead)}"


def chances(ahead: Prospect) -> str:
    """Return the probability that a look decides, with its range, in words."""
    expected, least, most = (f"{chance.decides:.2f}" for chance in (ahead.expected, ahead.least, ahead.most))
    return f"{expected}, range {least} to {most}"


def alike(first: Prospect, second: Prospect) -> Prospect:
    """Return the prospect of the next look at two quantities that must be on the same side of a margin.

    Each prospect is about the region within the margin, and the two count as independent. The condition holds if both
    are within, or both beyond on the same side. It fails if both sides are known and differ.
    """

    def combined(one: Chance, other: Chance) -> Chance:
        same = one.holds * other.holds + (one.fails * other.fails if first.positive == second.positive else 0.0)
        return Chance(same, one.decides * other.decides - same)

    return first._replace(
        expected=combined(first.expected, second.expected),
        least=combined(first.least, second.least),
        most=combined(first.most, second.most),
        decidable=first.decidable and second.decidable,
    )


def _narrowed(estimate: Estimate, seeds: int, level: float, planned: int) -> tuple[float, float]:
    """Return the expected distances of the interval's ends from its value, on its axis, at `planned` seeds."""
    factor = math.sqrt(seeds / planned) * t_quantile(level, planned - 1) / t_quantile(level, seeds - 1)
    now = estimate.axis(estimate.value)
    return factor * (now - estimate.axis(estimate.low)), factor * (estimate.axis(estimate.high) - now)


def _chance(expected: float, noise: float, narrow: tuple[float, float], estimate: Estimate, region: Region) -> Chance:
    below, above = narrow

    def under(edge: float, offset: float) -> float:
        """Return the probability that the next estimate is below an edge of the region plus `offset`."""
        if math.isinf(edge):
            return float(edge > 0)
        limit = estimate.axis(edge) + offset
        if noise == 0 or math.isinf(limit):
            return float(expected < limit)
        return float(special.ndtr((limit - expected) / noise))

    holds = under(region.high, -above) - under(region.low, below)
    return Chance(max(holds, 0.0), under(region.low, -above) + 1 - under(region.high, below))
