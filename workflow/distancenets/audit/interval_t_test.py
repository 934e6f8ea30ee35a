"""The t-tests of two samples, from rounded means and standard deviations, as intervals."""

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from distancenets.audit.intervals import Interval


class SdConvention(StrEnum):
    """The divisor of a printed standard deviation: n, or n − 1."""

    POPULATION = "population"
    SAMPLE = "sample"

    def sample_factor(self, runs: int) -> float:
        """Return the factor that turns a printed SD into the sample SD: √(n / (n − 1)) for a population SD, else 1."""
        return math.sqrt(runs / (runs - 1)) if self is SdConvention.POPULATION else 1.0


class Design(StrEnum):
    """Whether a test compares two samples run by run, or as a whole."""

    PAIRED = "paired"
    TWO_SAMPLE = "two_sample"

    @property
    def name_in_words(self) -> str:
        """The design for a reader."""
        return self.replace("_", "-")

    def df(self, runs: int) -> int:
        """Return the degrees of freedom with `runs` runs per model: n − 1 paired, else 2n − 2."""
        return runs - 1 if self is Design.PAIRED else 2 * runs - 2

    def d_from_t(self, t: Interval, runs: int) -> Interval:
        """Return the |d| that belongs to t: |t| / √n paired, |t| √(2/n) with two samples of n runs.

        A paired t determines only the d that divides by the SD of the differences, not the d that divides by the SD
        of the runs.
        """
        return t.magnitude().scaled(math.sqrt((1 if self is Design.PAIRED else 2) / runs))


def designs_with(df: int, runs: int) -> list[Design]:
    """Return the designs, at most one, that have `df` degrees of freedom with `runs` runs per model."""
    return [design for design in Design if design.df(runs) == df]


@dataclass(frozen=True)
class Sample:
    """A mean and a **sample** standard deviation (≥ 0) that are known within their rounding, over `runs` runs."""

    mean: Interval
    sd: Interval
    runs: int


def pooled_sd(first: Sample, second: Sample) -> Interval:
    """Return the pooled SD of two samples.

    It is √(((n₁ − 1) s₁² + (n₂ − 1) s₂²) / (n₁ + n₂ − 2)), which grows with either SD: both lower ends give its
    lower end, both upper ends its upper end.
    """

    def pooled(sd_first: float, sd_second: float) -> float:
        squares = (first.runs - 1) * sd_first**2 + (second.runs - 1) * sd_second**2
        return math.sqrt(squares / degrees_of_freedom(first, second))

    return Interval(pooled(first.sd.low, second.sd.low), pooled(first.sd.high, second.sd.high))


def degrees_of_freedom(first: Sample, second: Sample) -> int:
    """Return n₁ + n₂ − 2."""
    return first.runs + second.runs - 2


def cohens_d(first: Sample, second: Sample) -> Interval:
    """Return every Cohen's d = (mean₁ − mean₂) / pooled SD that the rounding of the four inputs allows."""
    return _quotients(first.mean - second.mean, pooled_sd(first, second))


def t_statistic(first: Sample, second: Sample) -> Interval:
    """Return every t = d / √(1/n₁ + 1/n₂) that the rounding allows: a constant times d, so as exact."""
    return cohens_d(first, second).scaled(1 / math.sqrt(1 / first.runs + 1 / second.runs))


def paired_d(first: Sample, second: Sample) -> Interval:
    """Return every d = (mean₁ − mean₂) / SD of the differences that rounding and any correlation allow.

    The SD of the differences is √(s₁² + s₂² − 2 r s₁ s₂): from |s₁ − s₂| at a correlation r = 1 to s₁ + s₂ at −1.
    """
    most, least = first.sd + second.sd, (first.sd - second.sd).magnitude()
    return _quotients(first.mean - second.mean, Interval(least.low, most.high))


def paired_t(first: Sample, second: Sample) -> Interval:
    """Return every paired t = d √n of two samples of n runs that rounding and any correlation allow."""
    return paired_d(first, second).scaled(math.sqrt(first.runs))


def p_value(t: Interval, df: int, sides: int = 2) -> Interval:
    """Return the p values of the t statistics in `t`, one- or two-sided.

    p falls with |t|, so the largest |t| gives the lower end and the smallest |t| the upper end.
    """
    size = t.magnitude()
    return Interval(sides * float(stats.t.sf(size.high, df)), sides * float(stats.t.sf(size.low, df)))


def _quotients(differences: Interval, deviations: Interval) -> Interval:
    """Return every difference / deviation; deviations are ≥ 0, and a deviation of 0 sets no bound.

    Difference and deviation fill a rectangle. At a fixed deviation the quotient grows with the difference, so its
    extremes lie on the two sides where the difference is extreme. Along either of these the difference is fixed,
    and the quotient falls with the deviation (positive difference), grows with it (negative) or stays 0, so its
    extremes lie at the ends. The four corners therefore give the exact interval, also if the difference may
    have either sign.
    """
    corners = [
        top / bottom if bottom > 0 else math.copysign(math.inf, top) if top else 0.0
        for top in (differences.low, differences.high)
        for bottom in (deviations.low, deviations.high)
    ]
    return Interval(min(corners), max(corners))
