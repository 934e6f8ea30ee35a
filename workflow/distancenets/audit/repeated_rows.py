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

    Shared rows are inconsistent if epochs or models differ and independent runs agree so with a probability below
    0.1 %. With a higher probability, the check is undecided.
    """
    findings = []
    for one, other in combinations(record.tables.values(), 2):
        shared = shared_rows(one, other)
        chance = chance_of_shared_rows(one, other, shared)
        if not shared:
            verdict, why = Consistency.CONSISTENT, "The two tables share no row."
        elif chance >= UNLIKELY:
            verdict, why = Consistency.UNTOLD, f"Chance may explain it (probability up to {chance:.2g})."
        elif all(row.model == twin.model for row, twin in shared) and one.epochs == other.epochs:
            verdict, why = Consistency.CONSISTENT, "The same models after the same epochs, printed twice."
        else:
            verdict = Consistency.INCONSISTENT
            why = (
                f"The same numbers are printed for {one.heading} ({_names(row for row, _ in shared)}) and "
                f"for {other.heading} ({_names(twin for _, twin in shared)}); the probability that independent runs "
                f"print the same means is at most about {chance:.0e}."
            )
        findings.append(
            Finding(
                check=Check.SAME_ROWS,
                where=f"{one.title} and {other.title}",
                printed=f"{len(one.rows)} and {len(other.rows)} rows",
                computed=f"{len(shared)} {'row' if len(shared) == 1 else 'rows'} with the same mean and SD",
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
                f"{len(differing)} of {len(twins)} models have different results after the same epochs; "
                f"chance does not explain {', '.join(beyond)} (p < {UNLIKELY})."
            )
        elif differing:
            verdict, why = Consistency.UNTOLD, f"{len(differing)} of {len(twins)} models differ; chance may explain it."
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
    """Return the pairs of rows that may have the same mean and SD; no row is in two pairs.

    A row is paired with the row of its own model first, with or without a bias, then with any other row.
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
    """Return an upper bound of the probability that independent runs share rows as unlikely as `shared`.

    Several rows are shared with at most the product of their single probabilities. If rows of the same models are
    shared, the bound is the sum over all choices of such rows with a product no larger. Otherwise it is the number of
    ways to pair as many rows of one table with rows of the other, times the largest product.
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
    """Return an upper bound of the probability that a second set of runs prints the same mean as `row`.

    Take two means of n and m independent runs with the same true mean and SD s. Their difference is normal with the SD
    s √(1/n + 1/m). They print the same only if they differ by at most `within`, the sum of half a unit of both last
    digits. So the probability is at most P(|N| ≤ within / (s √(1/n + 1/m))), and smaller if the true means differ. The
    smallest value that rounds to the printed SD is taken for s.
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
