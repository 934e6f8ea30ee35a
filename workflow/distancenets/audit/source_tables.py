"""The printed set that the test statistics were computed from, and the statistics that no set gives."""

from collections.abc import Sequence

from distancenets.audit.findings import Check, Consistency, Finding, agreement
from distancenets.audit.interval_t_test import SdConvention
from distancenets.audit.intervals import may_be_equal
from distancenets.audit.recomputation import Recomputation, Statistic, counterpart, printed, score
from distancenets.configuration.published import Published, PublishedTable, PublishedTest

Source = tuple[PublishedTable, SdConvention]


def ranking(found: Sequence[Recomputation]) -> list[tuple[Source, int]]:
    """Return every set and reading with the number of printed t and d it gives, the best first."""
    sources: list[Source] = []
    for entry in found:
        if (entry.table, entry.reading) not in sources:
            sources.append((entry.table, entry.reading))
    scores = [(source, score(found, *source, Statistic.T, Statistic.D)) for source in sources]
    return sorted(scores, key=lambda pair: -pair[1])


def origin(found: Sequence[Recomputation]) -> Source | None:
    """Return the set and reading that gives most of the printed t and d; None if there is no single best."""
    ranked = ranking(found)
    if not ranked or ranked[0][1] == 0 or (len(ranked) > 1 and ranked[1][1] == ranked[0][1]):
        return None
    return ranked[0][0]


def sets_behind_the_statistics(found: Sequence[Recomputation]) -> list[Finding]:
    """Return for every set and reading how many of the printed statistics it can have produced."""
    ranked = ranking(found)
    best = ranked[0][1] if ranked else 0
    alone = origin(found) is not None
    findings = []
    for (table, reading), total in ranked:
        fits = {statistic: score(found, table, reading, statistic) for statistic in Statistic}
        tests = len({entry.test.id for entry in found if (entry.table, entry.reading) == (table, reading)})
        if total == best > 0 and alone:
            verdict = Consistency.CONSISTENT
            why = "It gives more of the printed t and d than any other set or reading of the SD."
        elif total == best > 0:
            verdict = Consistency.UNTOLD
            why = "Another set or reading of the SD gives as many of the printed t and d."
        else:
            verdict = Consistency.INCONSISTENT
            why = f"It gives {total} of the {2 * tests} printed t and d; the best set gives {best}."
        outside = [row.printed for row in table.rows if not row.in_paper]
        if outside:
            why += f" Its rows {', '.join(outside)} are not in the paper."
        findings.append(
            Finding(
                check=Check.ORIGIN,
                where=f"{table.title}, {reading} SD",
                printed=f"{tests} tests",
                computed=", ".join(f"{number} {statistic}" for statistic, number in fits.items()) + " fit",
                low=float(total),
                high=float(total),
                verdict=verdict,
                why=why,
            )
        )
    return findings


def candidates(record: Published, found: Sequence[Recomputation], test: PublishedTest) -> list[PublishedTable]:
    """Return the sets with both models that `test` may come from: the sets that give most statistics, or else all."""
    ranked = ranking(found)
    best = [table for (table, _), total in ranked if total == ranked[0][1] > 0]
    tables = [table for table in record.tables.values() if table in best or not best]
    return [table for table in tables if counterpart(table, test.first) and counterpart(table, test.second)]


def kind_of_deviation(found: Sequence[Recomputation]) -> list[Finding]:
    """Return whether the SDs of the set behind the statistics are of the kind recorded for its table."""
    source = origin(found)
    if source is None:
        return []
    table, reading = source
    totals = {entry: score(found, table, entry, Statistic.T, Statistic.D) for entry in SdConvention}
    agrees = reading == table.deviation
    return [
        Finding(
            check=Check.DEVIATION,
            where=table.title,
            printed=f"{table.deviation} SD",
            computed=", ".join(f"{total} t and d fit as {entry} SD" for entry, total in totals.items()),
            low=float(totals[SdConvention(table.deviation)]),
            high=float(totals[SdConvention(table.deviation)]),
            verdict=agreement(agrees),
            why=f"The printed SDs give most of the statistics if they are {reading} SDs"
            f"{'.' if agrees else f', but the record has them as {table.deviation} SDs.'}",
        )
    ]


def statistics_from_means(found: Sequence[Recomputation]) -> list[Finding]:
    """Return for every printed statistic whether any printed set gives it, and which."""
    rank = {(table.title, reading): place for place, ((table, reading), _) in enumerate(ranking(found))}
    groups: dict[tuple[str, Statistic], list[Recomputation]] = {}
    for entry in sorted(found, key=lambda entry: rank[entry.table.title, entry.reading]):
        groups.setdefault((entry.test.id, entry.statistic), []).append(entry)
    findings = []
    for key in dict.fromkeys((entry.test.id, entry.statistic) for entry in found):
        entries = groups[key]
        fitting = [entry for entry in entries if entry.fits]
        shown = min(entries, key=lambda entry: entry.recomputed.distance(entry.target))
        shown = fitting[0] if fitting else shown
        if not fitting:
            why = f"No printed set gives it, under either reading of the SD; the nearest is {shown.label}."
        elif len(fitting) == len(entries):
            why = "Every printed set gives it, under either reading of the SD."
        else:
            why = f"Given only by {_labels(fitting)}."
        findings.append(
            Finding(
                check=Check.STATISTIC,
                where=f"{shown.test.comparison}: {shown.statistic}",
                printed=printed(shown.test, shown.statistic),
                computed=f"{shown.recomputed} ({shown.label})",
                low=shown.recomputed.low,
                high=shown.recomputed.high,
                verdict=agreement(bool(fitting)),
                why=why,
            )
        )
    return findings


def quoted_deviations(record: Published) -> list[Finding]:
    """Return for SDs quoted beside a test which printed sets have them."""
    findings = []
    for test in record.tests:
        if test.sd_first is None or test.sd_second is None:
            continue
        having: list[str] = []
        lacking: list[str] = []
        for table in record.tables.values():
            first, second = counterpart(table, test.first), counterpart(table, test.second)
            if first is not None and second is not None:
                same = may_be_equal(first.sd, test.sd_first) and may_be_equal(second.sd, test.sd_second)
                (having if same else lacking).append(f"{table.title} ({first.sd} and {second.sd})")
        findings.append(
            Finding(
                check=Check.QUOTED_SD,
                where=f"{test.comparison}: SDs in the text",
                printed=f"SD {test.sd_first} and {test.sd_second}",
                computed=", ".join(having) or "in no set",
                low=None,
                high=None,
                verdict=agreement(bool(having)),
                why=f"Other SDs in {', '.join(lacking)}." if lacking else "Every set has them.",
            )
        )
    return findings


def _labels(entries: Sequence[Recomputation]) -> str:
    readings: dict[str, list[str]] = {}
    for entry in entries:
        readings.setdefault(entry.table.title, []).append(str(entry.reading))
    return "; ".join(f"{title} ({' or '.join(names)} SD)" for title, names in readings.items())
