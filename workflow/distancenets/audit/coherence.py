"""Whether the parts of a printed test agree with each other: t, df, p, d, sign and words."""

from collections.abc import Sequence

from distancenets.audit.findings import Check, Finding, Verdict, agreement, hull
from distancenets.audit.intervals import Interval, decimals, legible, rounding
from distancenets.audit.recomputation import Recomputation, Statistic, counterpart, p_target, printed, sample
from distancenets.audit.two_samples import d_from_t, p_value
from distancenets.configuration.published import Published, PublishedTest

LEVEL = 0.05


def p_values(record: Published) -> list[Finding]:
    """Return for every test whether its p follows from its t and df, two-sided."""
    findings = []
    for test in record.tests:
        two_sided = p_value(rounding(test.t), test.df)
        one_sided = p_value(rounding(test.t), test.df, sides=1)
        agrees = two_sided.meets(p_target(test.p))
        if agrees:
            why = "The printed t and df give it, two-sided."
        elif one_sided.meets(p_target(test.p)):
            why = "The printed t and df give it one-sided only."
        else:
            why = "The printed t and df give it neither two- nor one-sided."
        shown = printed(test, Statistic.P)
        findings.append(
            _finding(Check.P_FROM_T, test, shown=shown, interval=two_sided, verdict=agreement(agrees), why=why)
        )
    return findings


def effect_sizes(record: Published) -> list[Finding]:
    """Return for every test whether its d follows from its t by d = t √(2/n), n runs a model, df = 2n − 2."""
    findings = []
    for test in record.tests:
        runs = test.df // 2 + 1
        d = d_from_t(rounding(test.t), runs)
        agrees = d.meets(rounding(test.d))
        why = f"d = t √(2/{runs}) {'gives' if agrees else 'does not give'} it from the printed t."
        findings.append(
            _finding(Check.D_FROM_T, test, shown=f"d = {test.d}", interval=d, verdict=agreement(agrees), why=why)
        )
    return findings


def signs(record: Published) -> list[Finding]:
    """Return for every test whether the sign of t is that of first minus second mean, in every set."""
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
            verdict, why = Verdict.CONSISTENT, f"Every set has {order}."
        elif opposed == len(differences):
            verdict, why = (
                Verdict.INCONSISTENT,
                f"No set has {order}: it is the sign of the reverse comparison.",
            )
        else:
            verdict, why = Verdict.UNTOLD, f"{bearing} of {len(differences)} sets have {order}."
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


def designs(record: Published) -> list[Finding]:
    """Return for every kind of test whether its df is that of the design the text names.

    With n runs a model a paired test has n − 1 df and a two-sample test 2n − 2. Where the df is that of the
    other design, the test with the most decimals of p says which df its p was computed with.
    """
    runs = {table.runs for table in record.tables.values()}
    kinds: dict[tuple[str, int], list[PublishedTest]] = {}
    for test in record.tests:
        kinds.setdefault((test.design, test.df), []).append(test)
    findings = []
    for (design, df), tests in kinds.items():
        freedom = {"paired": {n - 1 for n in runs}, "two_sample": {2 * n - 2 for n in runs}}
        own = min(freedom[design])
        other = "two_sample" if design == "paired" else "paired"
        agrees = freedom[design] == {df}
        if agrees:
            why = f"{df} df are those of a {_name(design)} test."
        elif freedom[other] == {df}:
            why = f"{df} df are those of a {_name(other)} test{_df_of_p(tests, df, own)}."
        else:
            why = f"{df} df belong to neither a paired nor a two-sample test of these runs."
        findings.append(
            Finding(
                check=Check.DESIGN,
                where=f"{len(tests)} tests called {_name(design)}",
                printed=f"t({df})",
                computed=f"{' or '.join(map(str, sorted(freedom[design])))} df if {_name(design)}",
                low=float(own),
                high=float(max(freedom[design])),
                verdict=agreement(agrees),
                why=why,
            )
        )
    return findings


def wordings(record: Published) -> list[Finding]:
    """Return for every test with words beside it whether they agree with its own p at the 5 % level."""
    findings = []
    for test in record.tests:
        if test.reading is None:
            continue
        p = p_target(test.p)
        verdict = _verdict_on_words(test, p)
        beside = f"{printed(test, Statistic.P)}, d = {test.d}"
        why = {
            Verdict.CONSISTENT: f"{beside} does not contradict the words.",
            Verdict.INCONSISTENT: f"{beside} stands beside the words and says the opposite at the 5 % level.",
            Verdict.UNTOLD: f"{beside} may lie on either side of the 5 % level.",
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
    """Return for every test with words beside it whether the printed means and SDs bear them out."""
    findings = []
    for test in record.tests:
        entries = [entry for entry in found if entry.test is test and entry.statistic is Statistic.P]
        if test.reading is None or not entries:
            continue
        verdicts = [_verdict_on_words(test, entry.recomputed) for entry in entries]
        if set(verdicts) == {Verdict.INCONSISTENT}:
            verdict = Verdict.INCONSISTENT
            why = "Every printed set of means and SDs says the opposite at the 5 % level."
        elif set(verdicts) == {Verdict.CONSISTENT}:
            verdict = Verdict.CONSISTENT
            why = "No printed set of means and SDs contradicts the words at the 5 % level."
        else:
            verdict = Verdict.UNTOLD
            opposed = dict.fromkeys(
                entry.table.title for entry, one in zip(entries, verdicts, strict=True) if one is Verdict.INCONSISTENT
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


def _df_of_p(tests: Sequence[PublishedTest], df: int, own: int) -> str:
    exact = [test for test in tests if test.p.equals is not None]
    if not exact:
        return ""
    test = max(exact, key=lambda test: decimals(test.p.equals or test.t))
    with_df, with_own = (p_value(rounding(test.t), degrees).meets(p_target(test.p)) for degrees in (df, own))
    if not with_df or with_own:
        return ""
    return f", and {printed(test, Statistic.P)} ({test.comparison}) follows with {df} df, not with {own}"


def _name(design: str) -> str:
    return design.replace("_", "-")


def _verdict_on_words(test: PublishedTest, p: Interval) -> Verdict:
    if p.low <= LEVEL < p.high:
        return Verdict.UNTOLD
    return agreement((test.reading == "different") == (p.high <= LEVEL))


def _finding(
    check: Check,
    test: PublishedTest,
    *,
    shown: str,
    interval: Interval,
    verdict: Verdict,
    why: str,
    quantity: str = "",
) -> Finding:
    tiny = interval.low >= 0 and interval.high < 1e-4
    computed = f"{quantity}at most {legible(interval.high)}" if tiny else f"{quantity}{interval}"
    return Finding(check, test.comparison, shown, computed, interval.low, interval.high, verdict, why)
