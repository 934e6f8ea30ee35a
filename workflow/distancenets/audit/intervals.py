"""Intervals of numbers: the values behind a rounded number, and arithmetic with them."""

import math
from dataclasses import dataclass
from decimal import Decimal

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, both included."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Raise a `ValueError`, an error of the caller, unless `low` is at most `high`."""
        if not self.low <= self.high:
            raise ValueError(f"no interval from {self.low} to {self.high}")

    def __sub__(self, other: "Interval") -> "Interval":
        """Return every difference of a number of this interval and a number of `other`."""
        return Interval(self.low - other.high, self.high - other.low)

    def scaled(self, factor: float) -> "Interval":
        """Return this interval times a factor ≥ 0."""
        return Interval(self.low * factor, self.high * factor)

    def __add__(self, other: "Interval") -> "Interval":
        """Return every sum of a number of this interval and a number of `other`."""
        return Interval(self.low + other.low, self.high + other.high)

    def magnitude(self) -> "Interval":
        """Return the absolute values of the numbers of this interval."""
        ends = abs(self.low), abs(self.high)
        return Interval(0.0 if self.low <= 0 <= self.high else min(ends), max(ends))

    def meets(self, other: "Interval") -> bool:
        """Return whether the two intervals have a number in common, up to floating-point error."""
        slack = TOLERANCE * max(1.0, *(abs(end) for end in (self.low, other.low) if math.isfinite(end)))
        return self.low <= other.high + slack and other.low <= self.high + slack

    def distance(self, other: "Interval") -> float:
        """Return the distance between the two intervals; 0 if they meet."""
        return max(0.0, self.low - other.high, other.low - self.high)

    def __str__(self) -> str:
        """Return the interval for a reader, to about four digits."""
        low, high = legible(self.low), legible(self.high)
        if math.isinf(self.high):
            return f"at least {low}"
        return low if low == high else f"{low} to {high}"


def rounding(printed: Decimal) -> Interval:
    """Return every number that rounds to `printed`.

    The interval extends by half a unit of the last printed digit to either side. Both ends are included, because the
    author's software may round a tie either way.
    """
    half = half_unit(printed)
    return Interval(float(printed - half), float(printed + half))


def spread(printed: Decimal) -> Interval:
    """Return every standard deviation that rounds to `printed`: none is negative."""
    around = rounding(printed)
    return Interval(max(0.0, around.low), around.high)


def may_be_equal(one: Decimal, other: Decimal) -> bool:
    """Return whether one number can be printed as both, each with its own decimals.

    The comparison is exact and excludes the ends of both intervals, so neighbours such as 1.00 and 1.01 are different.
    """
    return abs(one - other) < half_unit(one) + half_unit(other)


def half_unit(printed: Decimal) -> Decimal:
    """Return half a unit of the last printed digit."""
    return Decimal(1).scaleb(-decimals(printed)) / 2


def decimals(printed: Decimal) -> int:
    """Return how many decimals `printed` shows."""
    exponent = printed.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def legible(value: float) -> str:
    """Return `value` for a reader: to about four digits, very small ones as a power of ten."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1e-4:
        return f"{value:.1e}"
    return f"{value:.{max(0, min(4, 3 - math.floor(math.log10(abs(value)))))}f}"
