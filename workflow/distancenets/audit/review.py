"""The whole audit in its order, and its summary in a few lines."""

from collections import Counter
from collections.abc import Iterable, Sequence

from distancenets.audit import (
    claimed_numbers,
    designs,
    grim,
    printed_tests,
    repeated_rows,
    repetitions,
    source_tables,
)
from distancenets.audit import (
    counts as node_counts,
)
from distancenets.audit.findings import Check, Consistency, Finding, of_check
from distancenets.audit.recomputation import recomputations
from distancenets.configuration.published import Published

TOPICS: dict[str, tuple[Check, ...]] = {
    "Statistics that the means and SDs do not give": (
        Check.DEVIATION,
        Check.STATISTIC,
        Check.REPEATED_T,
        Check.QUOTED_SD,
    ),
    "Tests that contradict themselves": (Check.P_FROM_T, Check.D_FROM_T, Check.SIGN, Check.DESIGN),
    "Words that contradict the numbers": (Check.WORDING, Check.WORDING_RECOMPUTED),
    "Numbers that contradict each other": (
        Check.SAME_ROWS,
        Check.SAME_MODELS,
        Check.GRANULARITY,
        Check.POWER,
        Check.DEFINITION,
        Check.QUANTITY,
        Check.COUNTS,
        Check.CLAIMED,
        Check.PROMISED,
        Check.COMPUTE,
    ),
}


def review(record: Published) -> list[Finding]:
    """Return every finding about the published record; the single recomputations come last."""
    found = recomputations(record)
    return [
        *source_tables.sets_behind_the_statistics(found),
        *source_tables.kind_of_deviation(found),
        *source_tables.statistics_from_means(found),
        *repetitions.repeated_statistics(record, found),
        *source_tables.quoted_deviations(record),
        *printed_tests.p_values(record),
        *designs.effect_sizes(record, found),
        *printed_tests.signs(record),
        *designs.designs(record, found),
        *printed_tests.wordings(record),
        *printed_tests.wordings_recomputed(record, found),
        *repeated_rows.repeated_rows(record),
        *repeated_rows.repeated_experiments(record),
        *grim.node_shares(record),
        *grim.accuracies(record),
        *grim.definitions(record),
        *node_counts.numbers_of_nodes(record),
        *claimed_numbers.claimed_figures(record),
        *claimed_numbers.promised_columns(record),
        *claimed_numbers.compute_time(record),
        *(entry.finding() for entry in found),
    ]


def conclusions(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without the single recomputations they rest on."""
    return [finding for finding in findings if finding.check is not Check.RECOMPUTED]


def checks(findings: Iterable[Finding]) -> list[Finding]:
    """Return the checks of printed numbers: all but the search for the set behind the statistics.

    A set that did not give the statistics is no error.
    """
    return [finding for finding in conclusions(findings) if finding.check is not Check.ORIGIN]


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the checks that found an inconsistency."""
    return [finding for finding in checks(findings) if finding.verdict is Consistency.INCONSISTENT]


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many checks of printed numbers have each verdict."""
    found = Counter(finding.verdict for finding in checks(findings))
    return {str(verdict): found[verdict] for verdict in Consistency}


def summary(findings: Sequence[Finding]) -> list[str]:
    """Return six lines: the count, the set behind the statistics, what is inconsistent topic by topic."""
    concluded = conclusions(findings)
    verdicts = counts(findings)
    told = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
    recomputed = len(findings) - len(concluded)
    return [
        f"{sum(verdicts.values())} checks: {told}; {recomputed} recomputations.",
        _origin(of_check(findings, Check.ORIGIN)),
        *(_inconsistent(topic, of_check(concluded, *checks)) for topic, checks in TOPICS.items()),
    ]


def _origin(findings: Sequence[Finding]) -> str:
    nearest: dict[str, Finding] = {}
    for finding in findings:
        nearest.setdefault(finding.where.rpartition(", ")[0], finding)
    told = {name: f"{finding.where} ({finding.computed})" for name, finding in nearest.items()}
    best = [told[name] for name, finding in nearest.items() if finding.verdict is not Consistency.INCONSISTENT]
    rest = [told[name] for name, finding in nearest.items() if finding.verdict is Consistency.INCONSISTENT]
    of = f" of {findings[0].printed}" if findings else ""
    not_these = f" Fewer fit with: {'; '.join(rest)}." if rest else ""
    return f"Set behind the statistics{of}: {'; '.join(best) or 'none'}.{not_these}"


def _inconsistent(topic: str, findings: Sequence[Finding]) -> str:
    places: dict[Check, list[str]] = {}
    for finding in findings:
        if finding.verdict is Consistency.INCONSISTENT:
            places.setdefault(finding.check, []).append(finding.where)
    told = "; ".join(f"{check} ({', '.join(where)})" for check, where in places.items())
    return f"{topic}: {told or 'none'}."
