"""Printed percentages: whether a whole number of nodes gives them, and whether their definitions agree."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from distancenets.audit.findings import Check, Consistency, Finding, agreement
from distancenets.audit.intervals import Interval, decimals, legible, rounding
from distancenets.configuration.published import Published, PublishedActivity, PublishedRow, PublishedTable


def nearest_count(printed: Decimal, total: int) -> int:
    """Return the whole number out of `total` whose percentage is nearest to `printed`."""
    return round(Fraction(printed) * total / 100)


def possible(printed: Decimal, total: int) -> bool:
    """Return whether some whole number out of `total` rounds to the printed percentage (the GRIM test).

    Source: Brown and Heathers (2017), The GRIM Test, Social Psychological and Personality Science 8(4).
    """
    share = Fraction(100 * nearest_count(printed, total), total)
    return abs(share - Fraction(printed)) <= Fraction(1, 2 * 10 ** decimals(printed))


def power(places: int, total: int) -> float:
    """Return the share (0 to 1) of percentages with `places` decimals that no whole number out of `total` gives.

    If neighbouring possible percentages differ by at most a unit of the last digit, every printable one is possible
    and the test has no power.
    """
    scale = 10**places
    if Fraction(100, total) <= Fraction(1, scale):
        return 0.0
    reached: set[int] = set()
    for count in range(total + 1):
        exact = Fraction(100 * scale * count, total)
        reached |= {value for value in (math.floor(exact), math.ceil(exact)) if abs(value - exact) <= Fraction(1, 2)}
    printable: int = 100 * scale + 1
    return 1 - len(reached) / printable


def node_shares(record: Published) -> list[Finding]:
    """Return for every printed share of nodes whether nodes × runs can give it."""
    findings = []
    for entry in record.activity:
        for percent in entry.percent:
            total = _nodes(entry)
            count, strength = nearest_count(percent, total), power(decimals(percent), total)
            share = 100 * count / total
            if strength == 0:
                verdict = Consistency.UNTOLD
                why = "With so few decimals every printable percentage is possible: the check has no power."
            else:
                verdict = agreement(possible(percent, total))
                why = f"With so many decimals {strength:.1%} of printable percentages would be impossible."
            findings.append(
                Finding(
                    check=Check.GRANULARITY,
                    where=f"{subject(entry)}, {entry.place}",
                    printed=f"{percent} %",
                    computed=f"nearest {count} of {total} = {legible(share)} %",
                    low=share,
                    high=share,
                    verdict=verdict,
                    why=why,
                )
            )
    return findings


def accuracies(record: Published) -> list[Finding]:
    """Return the same check of mean accuracies, one finding for all tables with the same resolution."""
    groups: dict[tuple[int, int, int], list[tuple[PublishedTable, PublishedRow]]] = {}
    for table in record.tables.values():
        for row in table.rows:
            groups.setdefault((table.test_images, table.runs, decimals(row.mean)), []).append((table, row))
    findings = []
    for (images, runs, places), entries in groups.items():
        total = images * runs
        strength = power(places, total)
        rows = [row for _, row in entries]
        titles = dict.fromkeys(table.title for table, _ in entries)
        impossible = [row.place for row in rows if not possible(row.mean, total)]
        if strength == 0:
            verdict = Consistency.UNTOLD
            why = f"A mean over {images:,} images × {runs} runs can take every printable value: the check has no power."
        else:
            verdict, why = agreement(not impossible), f"Impossible: {', '.join(impossible) or 'none'}."
        findings.append(
            Finding(
                check=Check.POWER,
                where=f"mean accuracies of {', '.join(titles)}",
                printed=f"{len(rows)} means with {places} decimals",
                computed=f"steps of {legible(100 / total)} %; {strength:.1%} impossible",
                low=strength,
                high=strength,
                verdict=verdict,
                why=why,
            )
        )
    return findings


def definitions(record: Published) -> list[Finding]:
    """Return for every two shares of the same nodes whether both can be right.

    The share under a wider definition is at least the share under a narrower one. Both are equal only if no node is
    between the two definitions.
    """
    findings = []
    for one, other in combinations(record.activity, 2):
        if _counted(one) != _counted(other) or len(one.percent) != 1 or len(other.percent) != 1:
            continue
        gap = rounding(one.percent[0]) - rounding(other.percent[0])
        check, verdict, why = _compared(one, other, gap)
        findings.append(
            Finding(
                check=check,
                where=f"{subject(one)}, {one.place} and {other.place}",
                printed=f"{_stated(one)}; {_stated(other)}",
                computed=f"difference {gap} points",
                low=gap.low,
                high=gap.high,
                verdict=verdict,
                why=why,
            )
        )
    return findings


def subject(entry: PublishedActivity) -> str:
    """Return in words which nodes of which models an entry is about."""
    names = ", ".join(model.printed for model in entry.models) or "models not named"
    return f"{names}: {entry.quantity.replace('_', ' ')} ({entry.layer} layer)"


def _compared(one: PublishedActivity, other: PublishedActivity, gap: Interval) -> tuple[Check, Consistency, str]:
    may_agree = gap.meets(Interval(0, 0))
    if one.active_below is None or other.active_below is None or one.active_below == other.active_below:
        why = "One quantity of the same models has two values, from different runs or by different counting."
        return Check.QUANTITY, agreement(may_agree), "The two agree." if may_agree else why
    narrow, wide = sorted((one.active_below, other.active_below))
    if may_agree:
        why = (
            f"Both are right only if none of {_nodes(one)} nodes is active on between {narrow} % and {wide} % "
            "of the inputs; otherwise one definition is wrong."
        )
        return Check.DEFINITION, Consistency.UNTOLD, why
    larger_is_wider = (gap.low > 0) == (one.active_below > other.active_below)
    why = f"The wider definition has the {'larger' if larger_is_wider else 'smaller'} share."
    return Check.DEFINITION, agreement(larger_is_wider), why


def _counted(entry: PublishedActivity) -> tuple[object, ...]:
    return entry.models, entry.layer, entry.quantity, entry.epochs


def _nodes(entry: PublishedActivity) -> int:
    return (entry.nodes or 0) * (entry.runs or 0)


def _stated(entry: PublishedActivity) -> str:
    below = "" if entry.active_below is None else f" (below {entry.active_below} % of inputs)"
    return f"{entry.percent[0]} %{below}"
