"""Rows that stand twice: the same numbers under two captions, two numbers for the same experiment."""

import math
from collections.abc import Callable, Iterable
from itertools import combinations

from scipy import stats

from distancenets.audit.findings import Check, Finding, Verdict, agreement
from distancenets.audit.intervals import half_unit
from distancenets.audit.recomputation import sample
from distancenets.audit.two_samples import Reading, degrees_of_freedom, p_value, t_statistic
from distancenets.configuration.published import Published, PublishedRow, PublishedTable

UNLIKELY = 0.001


def repeated_rows(record: Published) -> list[Finding]:
    """Return for every two tables how many rows they share to the last digit of mean and SD.

    Shared rows are inconsistent where independent runs would hardly agree like that by luck (below 0.1 %)
    although the epochs or models differ, and cannot be told from luck otherwise.
    """
    findings = []
    for one, other in combinations(record.tables.values(), 2):
        shared = _pairs(one, other, lambda row, twin: (row.mean, row.sd) == (twin.mean, twin.sd))
        chance = math.prod(chance_of_equal_means(row, one.runs) for row, _ in shared)
        if not shared:
            verdict, why = Verdict.CONSISTENT, "The two tables share no row."
        elif chance >= UNLIKELY:
            verdict, why = Verdict.UNTOLD, f"Luck may explain it (chance up to {chance:.2g})."
        elif all(row.model == twin.model for row, twin in shared) and one.epochs == other.epochs:
            verdict, why = Verdict.CONSISTENT, "The same models after the same epochs, printed twice."
        else:
            verdict = Verdict.INCONSISTENT
            why = (
                f"The same numbers stand under “{one.caption}” ({_names(row for row, _ in shared)}) and "
                f"under “{other.caption}” ({_names(twin for _, twin in shared)}); the chance that "
                f"independent runs print the same means is about {chance:.0e} at most."
            )
        findings.append(
            Finding(
                check=Check.SAME_ROWS,
                where=f"{one.title} and {other.title}",
                printed=f"{len(one.rows)} and {len(other.rows)} rows",
                computed=f"{len(shared)} rows the same in mean and SD",
                low=float(len(shared)),
                high=float(len(shared)),
                verdict=verdict,
                why=why,
            )
        )
    return findings


def repeated_experiments(record: Published) -> list[Finding]:
    """Return whether two tables that print the same models after the same epochs have the same results."""
    findings = []
    for one, other in combinations(record.tables.values(), 2):
        twins = _pairs(one, other, lambda row, twin: row.model == twin.model)
        if one.epochs != other.epochs or not twins:
            continue
        differing = [(row, twin) for row, twin in twins if (row.mean, row.sd) != (twin.mean, twin.sd)]
        tests = [t_statistic(sample(row, one), sample(twin, other), Reading.POPULATION) for row, twin in twins]
        sizes = [t.magnitude() for t in tests]
        df = degrees_of_freedom(sample(twins[0][0], one), sample(twins[0][1], other))
        beyond = [row.printed for (row, _), t in zip(twins, tests, strict=True) if p_value(t, df).high < UNLIKELY]
        largest = max(sizes, key=lambda size: size.low)
        if beyond:
            verdict = Verdict.INCONSISTENT
            why = (
                f"{len(differing)} of {len(twins)} models differ although models and epochs are the same; "
                f"chance does not explain it for {', '.join(beyond)} (p < {UNLIKELY})."
            )
        elif differing:
            verdict, why = Verdict.UNTOLD, f"{len(differing)} of {len(twins)} models differ, within chance."
        else:
            verdict, why = agreement(True), "The results are the same."
        findings.append(
            Finding(
                check=Check.SAME_MODELS,
                where=f"{one.title} and {other.title}",
                printed=f"{len(twins)} models after {one.epochs:,} epochs in both",
                computed=f"|t| between the two up to {largest}",
                low=largest.low,
                high=largest.high,
                verdict=verdict,
                why=why,
            )
        )
    return findings


def chance_of_equal_means(row: PublishedRow, runs: int) -> float:
    """Return an upper bound of the chance that a second set of runs prints the same mean as `row`.

    Two means of n independent runs with the same true mean and SD s, taken to be the printed one, differ by a
    normal amount of SD s √(2/n). They can print alike only if they differ by at most one unit u of the last
    digit, so the chance is at most P(|N| ≤ u / (s √(2/n))), and smaller still where the true means differ.
    """
    unit = 2 * float(half_unit(row.mean))
    return 2 * float(stats.norm.cdf(unit / (float(row.sd) * math.sqrt(2 / runs)))) - 1


def _names(rows: Iterable[PublishedRow]) -> str:
    return ", ".join(row.printed for row in rows)


def _pairs(
    one: PublishedTable, other: PublishedTable, alike: Callable[[PublishedRow, PublishedRow], bool]
) -> list[tuple[PublishedRow, PublishedRow]]:
    return [(row, twin) for row in one.rows for twin in other.rows if alike(row, twin)]
