"""Test designs, paired or two-sample: whether df and d fit the design that the text names."""

from collections.abc import Sequence

from distancenets.audit.findings import Check, Consistency, Finding, hull
from distancenets.audit.interval_t_test import Design, designs_with, p_value
from distancenets.audit.intervals import decimals, rounding
from distancenets.audit.recomputation import Recomputation, Statistic, p_target, printed
from distancenets.audit.source_tables import candidates
from distancenets.configuration.published import Published, PublishedTest


def designs(record: Published, found: Sequence[Recomputation]) -> list[Finding]:
    """Return for every kind of test whether its df fits the design that the text names.

    The sets that a test may come from have the numbers of runs. If the df fits the other design, the test with the
    most decimals of p shows which df its p was computed with.
    """
    kinds: dict[tuple[Design, int, tuple[int, ...]], list[PublishedTest]] = {}
    for test in record.tests:
        kinds.setdefault((Design(test.design), test.df, _runs(record, found, test)), []).append(test)
    return [_design(*kind, tests) for kind, tests in kinds.items() if kind[2]]


def effect_sizes(record: Published, found: Sequence[Recomputation]) -> list[Finding]:
    """Return for every test whether its d follows from its t, with the design and the runs that fit its df.

    A paired test may print the other d, which its t does not give. So a different d of a paired test is no error.
    """
    findings = []
    for test in record.tests:
        known = [(design, n) for n in _runs(record, found, test) for design in designs_with(test.df, n)]
        values = [design.d_from_t(rounding(test.t), n) for design, n in known]
        formulas = " or ".join(_formula(design, n) for design, n in known)
        if not known:
            verdict, why = Consistency.UNTOLD, f"{test.df} df do not show the number of runs."
        elif any(value.meets(rounding(test.d)) for value in values):
            verdict, why = Consistency.CONSISTENT, "The printed t gives this d."
        elif any(design is Design.PAIRED for design, _ in known):
            verdict = Consistency.UNTOLD
            why = "The printed t does not give this d, but a paired test has a second d, which depends on correlation."
        else:
            verdict, why = Consistency.INCONSISTENT, "The printed t does not give this d."
        d = hull(values) if values else None
        findings.append(
            Finding(
                check=Check.D_FROM_T,
                where=test.comparison,
                printed=printed(test, Statistic.D),
                computed=f"{d} by {formulas}" if d else "number of runs unknown",
                low=d.low if d else None,
                high=d.high if d else None,
                verdict=verdict,
                why=why,
            )
        )
    return findings


def _runs(record: Published, found: Sequence[Recomputation], test: PublishedTest) -> tuple[int, ...]:
    return tuple(sorted({table.runs for table in candidates(record, found, test)}))


def _formula(design: Design, runs: int) -> str:
    return f"t / √{runs}" if design is Design.PAIRED else f"t √(2/{runs})"


def _design(called: Design, df: int, runs: tuple[int, ...], tests: Sequence[PublishedTest]) -> Finding:
    other = Design.TWO_SAMPLE if called is Design.PAIRED else Design.PAIRED
    own = [called.df(n) for n in runs]
    others = [n for n in runs if other.df(n) == df]
    if set(own) == {df}:
        verdict, why = Consistency.CONSISTENT, f"{df} df fit a {called.name_in_words} test."
    elif df in own:
        verdict = Consistency.UNTOLD
        why = f"{df} df fit a {called.name_in_words} test for some of the sets that it may come from."
    elif others:
        verdict = Consistency.INCONSISTENT
        proof = _df_of_p(tests, df, called.df(others[0]))
        why = f"{df} df fit a {other.name_in_words} test with {others[0]} runs per model{proof}."
    else:
        verdict = Consistency.INCONSISTENT
        told = " or ".join(map(str, runs))
        why = f"{df} df fit neither a paired nor a two-sample test with {told} runs per model."
    return Finding(
        check=Check.DESIGN,
        where=f"{len(tests)} tests called {called.name_in_words}",
        printed=f"t({df})",
        computed=f"{' or '.join(map(str, own))} df if {called.name_in_words}",
        low=float(min(own)),
        high=float(max(own)),
        verdict=verdict,
        why=why,
    )


def _df_of_p(tests: Sequence[PublishedTest], df: int, own: int) -> str:
    exact = [test for test in tests if test.p.equals is not None]
    if not exact:
        return ""
    test = max(exact, key=lambda test: decimals(test.p.equals or test.t))
    with_df, with_own = (p_value(rounding(test.t), degrees).meets(p_target(test.p)) for degrees in (df, own))
    if not with_df or with_own:
        return ""
    return f", and {printed(test, Statistic.P)} ({test.comparison}) follows with {df} df, not with {own}"
