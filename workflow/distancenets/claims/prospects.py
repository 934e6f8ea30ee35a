"""Prospects: how likely the next look decides, given what is known so far."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from scipy import special

from distancenets.claims.estimates import Estimate, t_quantile
from distancenets.claims.thresholds import Region

# The truths that the range goes over: those in an interval of 80 %.
PLAUSIBLE = 0.1
STEPS = 8
# Looks ahead that are worth planning for: the last has 8 times the seeds of the next.
AHEAD = 4
# The seeds of the last look that anybody might reach: seven doublings of the first.
LAST = 1280


class Chance(NamedTuple):
    """Probabilities that a condition holds, or fails, at the next look."""

    holds: float
    fails: float

    @property
    def decides(self) -> float:
        """The probability that it does not stay open."""
        return self.holds + self.fails


class Prospect(NamedTuple):
    """What the next look, at `seeds`, may bring: the chance given all that is known, and its range.

    `least` and `most` are the chances if the truth were the one, among the plausible, that is hardest or easiest to
    tell from the threshold. `decidable` is False if the estimate lies so near an edge that no look up to that at
    1,280 seeds would decide. `positive` is the sign of the estimate.
    """

    seeds: int
    expected: Chance
    least: Chance
    most: Chance
    decidable: bool
    positive: bool = True


def prospect(estimate: Estimate, seeds: int, region: Region, level: float, planned: int) -> Prospect | None:
    """Return what the look at `planned` seeds may bring; None where the estimate has no interval.

    Parameters
    ----------
    estimate
        From `seeds` runs, its interval at the `level` of one side of the next look.

    Notes
    -----
    On the estimate's axis the estimate at the next look, given a truth, is normal: the runs there are count with their
    share. The spread seen so far is taken as the true one, and the interval shrinks as 1/√n.
    """
    if not math.isfinite(estimate.scale):
        return None
    now, ahead = estimate.axis(estimate.value), (planned - seeds) / planned
    error = estimate.scale / math.sqrt(seeds)
    step = error * t_quantile(PLAUSIBLE, seeds - 1)
    truths = [now + step * (2 * turn / STEPS - 1) for turn in range(STEPS + 1)]
    narrow = _narrowed(estimate, seeds, level, planned)
    # Over what is known, the next estimate varies by what the one so far leaves open less what the next one will.
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
    """Return what the next look may bring for all of the open conditions of a claim, as if they were independent.

    It decides the claim if all hold, or if one fails.
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
    """Return in words what the next look may bring."""
    if not ahead.decidable:
        return "cannot be decided at this margin: the estimate is on its edge"
    return f"the next look, at {ahead.seeds} seeds, decides with probability {chances(ahead)}"


def chances(ahead: Prospect) -> str:
    """Return how likely a look decides, and the range of that."""
    expected, least, most = (f"{chance.decides:.2f}" for chance in (ahead.expected, ahead.least, ahead.most))
    return f"{expected}, {least} to {most}"


def alike(first: Prospect, second: Prospect) -> Prospect:
    """Return what the next look may bring for two quantities that must lie on the same side of a margin.

    Each of the two is about lying within the margin. As if they were independent: it holds if both lie within or both
    on the same side beyond, and fails if both are known to lie elsewhere.
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
    """Return the distances of the interval's ends from its value on its axis, as they will be at `planned` seeds."""
    factor = math.sqrt(seeds / planned) * t_quantile(level, planned - 1) / t_quantile(level, seeds - 1)
    now = estimate.axis(estimate.value)
    return factor * (now - estimate.axis(estimate.low)), factor * (estimate.axis(estimate.high) - now)


def _chance(expected: float, noise: float, narrow: tuple[float, float], estimate: Estimate, region: Region) -> Chance:
    below, above = narrow

    def under(edge: float, offset: float) -> float:
        """Return the probability that the next estimate lies below an edge of the region plus `offset`."""
        if math.isinf(edge):
            return float(edge > 0)
        limit = estimate.axis(edge) + offset
        if noise == 0 or math.isinf(limit):
            return float(expected < limit)
        return float(special.ndtr((limit - expected) / noise))

    holds = under(region.high, -above) - under(region.low, below)
    return Chance(max(holds, 0.0), under(region.low, -above) + 1 - under(region.high, below))
