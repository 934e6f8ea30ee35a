"""The two-sample t test from rounded means and standard deviations, as intervals."""

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from distancenets.audit.intervals import Interval


class Reading(StrEnum):
    """How a printed standard deviation is to be read: divided by n, or by n − 1."""

    POPULATION = "population"
    SAMPLE = "sample"

    def sample_factor(self, runs: int) -> float:
        """Return what turns a printed SD into the sample SD: √(n / (n − 1)) for a population SD, else 1."""
        return math.sqrt(runs / (runs - 1)) if self is Reading.POPULATION else 1.0


@dataclass(frozen=True)
class Sample:
    """A mean and a standard deviation (> 0) that are known within their rounding, over `runs` runs."""

    mean: Interval
    sd: Interval
    runs: int


def pooled_sd(first: Sample, second: Sample, reading: Reading) -> Interval:
    """Return the pooled sample SD of two samples.

    With s₁, s₂ the sample SDs it is √(((n₁ − 1) s₁² + (n₂ − 1) s₂²) / (n₁ + n₂ − 2)), which grows with either
    SD: both lower ends give its lower end, both upper ends its upper end.
    """

    def pooled(sd_first: float, sd_second: float) -> float:
        variances = (
            (sample.runs - 1) * (sd * reading.sample_factor(sample.runs)) ** 2
            for sample, sd in ((first, sd_first), (second, sd_second))
        )
        return math.sqrt(sum(variances) / degrees_of_freedom(first, second))

    return Interval(pooled(first.sd.low, second.sd.low), pooled(first.sd.high, second.sd.high))


def degrees_of_freedom(first: Sample, second: Sample) -> int:
    """Return n₁ + n₂ − 2."""
    return first.runs + second.runs - 2


def cohens_d(first: Sample, second: Sample, reading: Reading) -> Interval:
    """Return every Cohen's d = (mean₁ − mean₂) / pooled SD that the rounding of the four inputs allows.

    The means enter through their difference only and the SDs through the pooled SD only, so the inputs fill a
    rectangle of (difference, pooled SD). At a fixed pooled SD the quotient grows with the difference, so its
    extremes lie on the two sides where the difference is extreme. Along either of these the difference is
    fixed, and the quotient falls with the pooled SD (positive difference), grows with it (negative) or stays
    0, so its extremes lie at the ends. The four corners therefore give the exact interval, also where the
    difference may have either sign.
    """
    difference = first.mean - second.mean
    spread = pooled_sd(first, second, reading)
    corners = [top / bottom for top in (difference.low, difference.high) for bottom in (spread.low, spread.high)]
    return Interval(min(corners), max(corners))


def t_statistic(first: Sample, second: Sample, reading: Reading) -> Interval:
    """Return every t = d / √(1/n₁ + 1/n₂) that the rounding allows: d times a constant, so as exact."""
    return cohens_d(first, second, reading).scaled(1 / math.sqrt(1 / first.runs + 1 / second.runs))


def p_value(t: Interval, df: int, sides: int = 2) -> Interval:
    """Return the p values of the t statistics in `t`, one- or two-sided.

    p falls with |t|, so the largest |t| gives the lower end and the smallest |t| the upper end.
    """
    size = t.magnitude()
    return Interval(sides * float(stats.t.sf(size.high, df)), sides * float(stats.t.sf(size.low, df)))


def d_from_t(t: Interval, runs: int) -> Interval:
    """Return the |d| = |t| √(2/n) that belong to two samples of `runs` runs each."""
    return t.magnitude().scaled(math.sqrt(2 / runs))
