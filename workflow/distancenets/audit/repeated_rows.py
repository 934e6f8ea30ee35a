"""Rows that are printed twice: the same numbers for two experiments, two numbers for the same experiment."""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations

from scipy import stats

from distancenets.audit.findings import Check, Consistency, Finding, agreement
from distancenets.audit.interval_t_test import degrees_of_freedom, p_value, t_statistic
from distancenets.audit.intervals import TOLERANCE, half_unit, may_be_equal, spread
from distancenets.audit.recomputation import counterpart, sample
from distancenets.configuration.published import Published, PublishedRow, PublishedTable

UNLIKELY = 0.001

Pair = tuple[PublishedRow, PublishedRow]


def repeated_rows(record: Published) -> list[Finding]:
    """Return for every two tables how many rows they share in mean and SD, each row counted once.

    Shared rows are inconsistent if independent runs would hardly agree like that by luck (below 0.1 %)
    although the epochs or models differ, and cannot be told from luck otherwise.
    """
    findings = []
    for one, other in combinations(record.tables.values(), 2):
        shared = shared_rows(one, other)
        chance = chance_of_shared_rows(one, other, shared)
        if not shared:
            verdict, why = Consistency.CONSISTENT, "The two tables share no row."
        elif chance >= UNLIKELY:
            verdict, why = Consistency.UNTOLD, f"Luck may explain it (chance up to {chance:.2g})."
        elif all(row.model == twin.model for row, twin in shared) and one.epochs == other.epochs:
            verdict, why = Consistency.CONSISTENT, "The same models after the same epochs, printed twice."
        else:
            verdict = Consistency.INCONSISTENT
            why = (
                f"The same numbers are printed for {one.heading} ({_names(row for row, _ in shared)}) and "
                f"for {other.heading} ({_names(twin for _, twin in shared)}); the chance that independent runs "
                f"print the same means is about {chance:.0e} at most."
            )
        findings.append(
            Finding(
                check=Check.SAME_ROWS,
                where=f"{one.title} and {other.title}",
                printed=f"{len(one.rows)} and {len(other.rows)} rows",
                computed=f"{len(shared)} {'row' if len(shared) == 1 else 'rows'} the same in mean and SD",
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
        twins = [(row, twin) for row in one.rows if (twin := other.row(*row.model))]
        if one.epochs != other.epochs or not twins:
            continue
        differing = [pair for pair in twins if not _alike(*pair)]
        samples = [(sample(row, one), sample(twin, other)) for row, twin in twins]
        tests = [t_statistic(*pair) for pair in samples]
        df = degrees_of_freedom(*samples[0])
        beyond = [row.printed for (row, _), t in zip(twins, tests, strict=True) if p_value(t, df).high < UNLIKELY]
        largest = max((t.magnitude() for t in tests), key=lambda size: size.low)
        if beyond:
            verdict = Consistency.INCONSISTENT
            why = (
                f"{len(differing)} of {len(twins)} models differ although models and epochs are the same; "
                f"chance does not explain it for {', '.join(beyond)} (p < {UNLIKELY})."
            )
        elif differing:
            verdict, why = Consistency.UNTOLD, f"{len(differing)} of {len(twins)} models differ, within chance."
        else:
            verdict, why = agreement(True), "The results are the same."
        findings.append(
            Finding(
                check=Check.SAME_MODELS,
                where=f"{one.title} and {other.title}",
                printed=f"{len(twins)} models after {one.epochs:,} epochs in both",
                computed=f"|t| between them up to {largest}",
                low=largest.low,
                high=largest.high,
                verdict=verdict,
                why=why,
            )
        )
    return findings


def shared_rows(one: PublishedTable, other: PublishedTable) -> list[Pair]:
    """Return the rows that may be the same in mean and SD, none of them in two pairs.

    A row is paired with that of its own model first, with or without a bias, and with any other one after that.
    """
    pairs: list[Pair] = []
    for candidates in (_counterparts, _others):
        for row in one.rows:
            taken = [id(each) for pair in pairs for each in pair]
            free = [twin for twin in candidates(row, other) if id(twin) not in taken and _alike(row, twin)]
            if id(row) not in taken and free:
                pairs.append((row, free[0]))
    return pairs


def chance_of_shared_rows(one: PublishedTable, other: PublishedTable, shared: Sequence[Pair]) -> float:
    """Return an upper bound of the chance that independent runs share rows that are as unlikely as `shared`.

    Rows share with a chance of at most the product of their single chances. Rows of the same models decide if there
    are any, over all choices of such rows whose product is no larger. If there are none, it is the number of ways to
    pair as many rows of one table with rows of the other, times the largest product.
    """
    twins = [(row, twin) for row in one.rows for twin in _counterparts(row, other)]
    same = [pair for pair in shared if pair in twins]
    if same:
        observed = math.prod(_chance(*pair, one.runs, other.runs) for pair in same) * (1 + TOLERANCE)
        chances = [_chance(*pair, one.runs, other.runs) for pair in twins]
        sizes = range(1, len(chances) + 1)
        choices = (math.prod(chosen) for size in sizes for chosen in combinations(chances, size))
        return min(1.0, sum(chance for chance in choices if chance <= observed))
    every = sorted(max(_chance(row, twin, one.runs, other.runs) for twin in other.rows) for row in one.rows)
    number = len(shared)
    ways = math.comb(len(one.rows), number) * math.perm(len(other.rows), number)
    return min(1.0, ways * math.prod(every[len(every) - number :]))


def chance_of_equal_means(row: PublishedRow, runs: int, other_runs: int, within: float) -> float:
    """Return an upper bound of the chance that a second set of runs prints the same mean as `row`.

    Two means of n and m independent runs with the same true mean and SD s, taken to be the printed one, differ by a
    normal amount of SD s √(1/n + 1/m). They can print alike only if they differ by at most `within`, the sum of half
    a unit of the last digit of both, so the chance is at most P(|N| ≤ within / (s √(1/n + 1/m))), with the least s
    that is printed so, and smaller still if the true means differ.
    """
    least = spread(row.sd).low * math.sqrt(1 / runs + 1 / other_runs)
    return 2 * float(stats.norm.cdf(within / least)) - 1 if least > 0 else 1.0


def _chance(row: PublishedRow, twin: PublishedRow, runs: int, twin_runs: int) -> float:
    return chance_of_equal_means(row, runs, twin_runs, float(half_unit(row.mean) + half_unit(twin.mean)))


def _alike(row: PublishedRow, twin: PublishedRow) -> bool:
    return may_be_equal(row.mean, twin.mean) and may_be_equal(row.sd, twin.sd)


def _counterparts(row: PublishedRow, table: PublishedTable) -> list[PublishedRow]:
    found = counterpart(table, row)
    return [] if found is None else [found]


def _others(_: PublishedRow, table: PublishedTable) -> list[PublishedRow]:
    return table.rows


def _names(rows: Iterable[PublishedRow]) -> str:
    return ", ".join(row.printed for row in rows)
