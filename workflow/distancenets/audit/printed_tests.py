"""Whether the parts of a printed test agree with each other: t, p, sign and words."""

from collections.abc import Sequence

from distancenets.audit.findings import LEVEL, Check, Consistency, Finding, agreement, hull
from distancenets.audit.interval_t_test import p_value
from distancenets.audit.intervals import Interval, legible, rounding
from distancenets.audit.recomputation import Recomputation, Statistic, counterpart, p_target, printed, sample
from distancenets.configuration.published import Published, PublishedTest


def p_values(record: Published) -> list[Finding]:
    """Return for every test whether its p follows from its t and df, two-sided."""
    findings = []
    for test in record.tests:
        two_sided = p_value(rounding(test.t), test.df)
        one_sided = p_value(rounding(test.t), test.df, sides=1)
        agrees = two_sided.meets(p_target(test.p))
        if agrees:
            why = "The printed t and df give this p, two-sided."
        elif one_sided.meets(p_target(test.p)):
            why = "The printed t and df give this p only one-sided."
        else:
            why = "The printed t and df give this p neither two-sided nor one-sided."
        shown = printed(test, Statistic.P)
        findings.append(
            _finding(Check.P_FROM_T, test, shown=shown, interval=two_sided, verdict=agreement(agrees), why=why)
        )
    return findings


def signs(record: Published) -> list[Finding]:
    """Return for every test whether t has the sign of first minus second mean, in every set."""
    findings = []
    for test in record.tests:
        differences = _differences(record, test)
        if not differences or test.t == 0:
            continue
        upwards = test.t > 0
        bearing = sum(gap.low > 0 if upwards else gap.high < 0 for gap in differences)
        opposed = sum(gap.high < 0 if upwards else gap.low > 0 for gap in differences)
        order = f"{test.first.printed} {'above' if upwards else 'below'} {test.second.printed}"
        if bearing == len(differences):
            verdict, why = Consistency.CONSISTENT, f"Every set has {order}."
        elif opposed == len(differences):
            verdict, why = (
                Consistency.INCONSISTENT,
                f"No set has {order}: the sign fits the reverse comparison.",
            )
        else:
            verdict, why = Consistency.UNTOLD, f"{bearing} of {len(differences)} sets have {order}."
        gap = hull(differences)
        findings.append(
            _finding(
                Check.SIGN,
                test,
                shown=f"t = {test.t}",
                interval=gap,
                verdict=verdict,
                why=why,
                quantity="difference of means ",
            )
        )
    return findings


def wordings(record: Published) -> list[Finding]:
    """Return for every test with a wording whether it agrees with the test's own p at the 5 % level."""
    findings = []
    for test in record.tests:
        if test.reading is None:
            continue
        p = p_target(test.p)
        verdict = _verdict_on_words(test, p)
        beside = f"{printed(test, Statistic.P)}, d = {test.d}"
        why = {
            Consistency.CONSISTENT: f"{beside} does not contradict the words.",
            Consistency.INCONSISTENT: f"{beside} contradicts the words at the 5 % level.",
            Consistency.UNTOLD: f"{beside} may be on either side of the 5 % level.",
        }[verdict]
        findings.append(
            _finding(
                Check.WORDING,
                test,
                shown=f"“{test.wording}”",
                interval=p,
                verdict=verdict,
                why=why,
                quantity="p ",
            )
        )
    return findings


def wordings_recomputed(record: Published, found: Sequence[Recomputation]) -> list[Finding]:
    """Return for every test with a wording whether the printed means and SDs agree with it.

    SDs are read as population or sample SDs, as recorded for their table.
    """
    findings = []
    for test in record.tests:
        entries = [
            entry
            for entry in found
            if entry.test is test and entry.statistic is Statistic.P and entry.reading == entry.table.deviation
        ]
        if test.reading is None or not entries:
            continue
        verdicts = [_verdict_on_words(test, entry.recomputed) for entry in entries]
        if set(verdicts) == {Consistency.INCONSISTENT}:
            verdict = Consistency.INCONSISTENT
            why = "Every printed set of means and SDs contradicts the words at the 5 % level."
        elif set(verdicts) == {Consistency.CONSISTENT}:
            verdict = Consistency.CONSISTENT
            why = "No printed set of means and SDs contradicts the words at the 5 % level."
        else:
            verdict = Consistency.UNTOLD
            opposed = dict.fromkeys(
                entry.table.title
                for entry, one in zip(entries, verdicts, strict=True)
                if one is Consistency.INCONSISTENT
            )
            why = f"The sets disagree at the 5 % level; against the words: {', '.join(opposed) or 'none'}."
        p = hull(entry.recomputed for entry in entries)
        shown = f"“{test.wording}”"
        findings.append(
            _finding(
                Check.WORDING_RECOMPUTED,
                test,
                shown=shown,
                interval=p,
                verdict=verdict,
                why=why,
                quantity="p ",
            )
        )
    return findings


def _differences(record: Published, test: PublishedTest) -> list[Interval]:
    differences = []
    for table in record.tables.values():
        first, second = counterpart(table, test.first), counterpart(table, test.second)
        if first is not None and second is not None:
            differences.append(sample(first, table).mean - sample(second, table).mean)
    return differences


def _verdict_on_words(test: PublishedTest, p: Interval) -> Consistency:
    if p.low <= LEVEL < p.high:
        return Consistency.UNTOLD
    return agreement((test.reading == "different") == (p.high <= LEVEL))


def _finding(
    check: Check,
    test: PublishedTest,
    *,
    shown: str,
    interval: Interval,
    verdict: Consistency,
    why: str,
    quantity: str = "",
) -> Finding:
    tiny = interval.low >= 0 and interval.high < 1e-4
    computed = f"{quantity}at most {legible(interval.high)}" if tiny else f"{quantity}{interval}"
    return Finding(check, test.comparison, shown, computed, interval.low, interval.high, verdict, why)
