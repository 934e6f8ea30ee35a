"""Printed means and standard deviations of counts: whether whole numbers can have them."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from distancenets.audit.findings import Check, Consistency, Finding, agreement
from distancenets.audit.grim import subject
from distancenets.audit.interval_t_test import SdConvention
from distancenets.audit.intervals import decimals, half_unit
from distancenets.configuration.published import PrintedCounts, Published, PublishedActivity


def possible(mean: Decimal, sd: Decimal, runs: int, most: int, reading: SdConvention) -> bool:
    """Return whether `runs` whole numbers from 0 to `most` may have the printed mean and SD (the GRIMMER test).

    Sum and sum of squares are whole numbers, both even or both odd. The sum of squares is smallest for equal numbers
    and largest for numbers at the ends. A mean and SD that violate this are impossible. Of the pairs that pass, a few
    near the largest sum of squares are also impossible.

    Sources: Anaya (2016), The GRIMMER test, PeerJ Preprints 4:e2400v1; the parity is due to Allard (2018).
    """
    return any(_squares_exist(total, sd, runs, most, reading) for total in _totals(mean, runs, most))


def power(mean: Decimal, places: int, runs: int, most: int, reading: SdConvention) -> float:
    """Return the share (0 to 1) of the SDs with `places` decimals that are impossible with `mean`.

    SDs are counted up to the largest one of numbers from 0 to `most`, which has half of the numbers at either end.
    """
    largest = most / 2 * reading.sample_factor(runs)
    printable = [Decimal(step).scaleb(-places) for step in range(floor(largest * 10**places) + 1)]
    return sum(not possible(mean, sd, runs, most, reading) for sd in printable) / len(printable)


def numbers_of_nodes(record: Published) -> list[Finding]:
    """Return for every printed number of nodes per run whether whole numbers can have its mean and SD."""
    return [_finding(entry, entry.counts) for entry in record.activity if entry.counts is not None]


def _finding(entry: PublishedActivity, printed: PrintedCounts) -> Finding:
    runs, most = entry.runs or 0, entry.nodes or 0
    may_be = {reading: possible(printed.mean, printed.sd, runs, most, reading) for reading in SdConvention}
    stated = SdConvention(printed.deviation)
    strength = power(printed.mean, decimals(printed.sd), runs, most, stated)
    if not list(_totals(printed.mean, runs, most)):
        why = f"No {runs} whole numbers have this mean."
    elif not may_be[stated]:
        why = f"No {runs} whole numbers from 0 to {most} have this mean and {stated} SD."
    else:
        why = f"{strength:.1%} of the {stated} SDs with as many decimals would be impossible with this mean."
    return Finding(
        check=Check.COUNTS,
        where=f"{subject(entry)}, {entry.place}",
        printed=f"{printed.mean} ± {printed.sd} of {most}, {stated} SD",
        computed=", ".join(f"{'possible' if able else 'impossible'} as {kind} SD" for kind, able in may_be.items()),
        low=None,
        high=None,
        verdict=Consistency.UNTOLD if may_be[stated] and strength == 0 else agreement(may_be[stated]),
        why=why,
    )


def _totals(mean: Decimal, runs: int, most: int) -> Iterator[int]:
    """Yield every sum of `runs` whole numbers from 0 to `most` whose mean rounds to `mean`."""
    half = Fraction(half_unit(mean))
    low, high = (runs * (Fraction(mean) + side) for side in (-half, half))
    yield from range(max(0, ceil(low)), min(runs * most, floor(high)) + 1)


def _squares_exist(total: int, sd: Decimal, runs: int, most: int, reading: SdConvention) -> bool:
    """Return whether a whole sum of squares fits the sum `total` and rounds to the SD."""
    half, least = Fraction(half_unit(sd)), Fraction(total**2, runs)
    divisor = runs if reading is SdConvention.POPULATION else runs - 1
    low = least + divisor * max(Fraction(0), Fraction(sd) - half) ** 2
    high = least + divisor * (Fraction(sd) + half) ** 2
    each, more = divmod(total, runs)
    full, rest = divmod(total, most)
    first = max(ceil(low), runs * each**2 + more * (2 * each + 1))
    last = min(floor(high), full * most**2 + rest**2)
    return first + (first - total) % 2 <= last
