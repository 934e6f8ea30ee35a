"""Every printed test statistic, recomputed from every printed set of means and SDs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from distancenets.audit.findings import Check, Finding, agreement, hull
from distancenets.audit.interval_t_test import (
    Design,
    Sample,
    SdConvention,
    cohens_d,
    degrees_of_freedom,
    designs_with,
    p_value,
    paired_d,
    paired_t,
    t_statistic,
)
from distancenets.audit.intervals import Interval, rounding, spread
from distancenets.configuration.published import (
    ModelName,
    PrintedP,
    Published,
    PublishedRow,
    PublishedTable,
    PublishedTest,
)


class Statistic(StrEnum):
    """What a test prints."""

    T = "t"
    P = "p"
    D = "d"


@dataclass(frozen=True)
class Recomputation:
    """One statistic of one test from one set under one reading of the SD, with the printed value.

    `recomputed` and `target` (the values that round to the printed one) are |t|, p or |d|. The sign is checked
    separately, so that a wrong sign does not hide a right size.
    """

    test: PublishedTest
    statistic: Statistic
    table: PublishedTable
    reading: SdConvention
    recomputed: Interval
    target: Interval

    @property
    def fits(self) -> bool:
        """Whether this set can have produced the printed value."""
        return self.recomputed.meets(self.target)

    @property
    def label(self) -> str:
        """The set and the reading of its SDs."""
        return f"{self.table.title}, {self.reading} SD"

    def finding(self) -> Finding:
        """Return this comparison as a finding."""
        return Finding(
            check=Check.RECOMPUTED,
            where=f"{self.test.comparison}: {self.statistic} from {self.label}",
            printed=printed(self.test, self.statistic),
            computed=str(self.recomputed),
            low=self.recomputed.low,
            high=self.recomputed.high,
            verdict=agreement(self.fits),
            why=f"{self.table.title}'s means and SDs, rounded as printed, "
            f"{'can' if self.fits else 'cannot'} give {printed(self.test, self.statistic)}.",
        )


def recomputations(record: Published) -> list[Recomputation]:
    """Return every statistic of every test from every set with both models, under both readings of the SD.

    The printed df shows whether a test is paired. The t of a paired test depends on the correlation of the runs, which
    means and SDs do not show. So every correlation is allowed, and either d, by the SD of the runs or of the
    differences.
    """
    found = []
    for test, table, reading in product(record.tests, record.tables.values(), SdConvention):
        rows = counterpart(table, test.first), counterpart(table, test.second)
        if rows[0] is None or rows[1] is None:
            continue
        samples = sample(rows[0], table, reading), sample(rows[1], table, reading)
        paired = designs_with(test.df, table.runs) == [Design.PAIRED]
        recomputed = _paired(*samples) if paired else _two_sample(*samples)
        found += [
            Recomputation(test, statistic, table, reading, recomputed[statistic], target(test, statistic))
            for statistic in Statistic
        ]
    return found


def counterpart(table: PublishedTable, model: ModelName) -> PublishedRow | None:
    """Return the row of `model`, or else of the same model with or without an output bias."""
    plain = model.architecture.removesuffix("_bias")
    rows = (table.row(name, model.representation) for name in (model.architecture, plain, f"{plain}_bias"))
    return next((row for row in rows if row is not None), None)


def sample(row: PublishedRow, table: PublishedTable, reading: SdConvention | None = None) -> Sample:
    """Return what is known of the runs behind a printed row, its SD read as the table's kind or as `reading`."""
    read_as = SdConvention(table.deviation) if reading is None else reading
    return Sample(rounding(row.mean), spread(row.sd).scaled(read_as.sample_factor(table.runs)), table.runs)


def target(test: PublishedTest, statistic: Statistic) -> Interval:
    """Return every value that would be printed like this statistic."""
    if statistic is Statistic.P:
        return p_target(test.p)
    return rounding(abs(test.t)) if statistic is Statistic.T else rounding(test.d)


def p_target(p: PrintedP) -> Interval:
    """Return every p that would be printed as `p`: all that round to it, or all below the printed bound."""
    return rounding(p.equals) if p.equals is not None else Interval(0.0, float(p.below or 1))


def printed(test: PublishedTest, statistic: Statistic) -> str:
    """Return the statistic as it is printed."""
    if statistic is Statistic.P:
        return f"p = {test.p.equals}" if test.p.equals is not None else f"p < {test.p.below}"
    return f"t({test.df}) = {test.t}" if statistic is Statistic.T else f"d = {test.d}"


def score(found: Sequence[Recomputation], table: PublishedTable, reading: SdConvention, *statistics: Statistic) -> int:
    """Return how many of the printed statistics of these kinds a set can have produced."""
    return sum(
        entry.fits
        for entry in found
        if entry.table is table and entry.reading is reading and entry.statistic in statistics
    )


def _two_sample(first: Sample, second: Sample) -> dict[Statistic, Interval]:
    t = t_statistic(first, second)
    d = cohens_d(first, second)
    df = degrees_of_freedom(first, second)
    return {Statistic.T: t.magnitude(), Statistic.P: p_value(t, df), Statistic.D: d.magnitude()}


def _paired(first: Sample, second: Sample) -> dict[Statistic, Interval]:
    t = paired_t(first, second)
    d = hull([paired_d(first, second).magnitude(), cohens_d(first, second).magnitude()])
    return {Statistic.T: t.magnitude(), Statistic.P: p_value(t, Design.PAIRED.df(first.runs)), Statistic.D: d}
