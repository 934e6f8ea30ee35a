"""What the audit finds in the published record."""

import pytest

from audits import RECORD, inconsistent, one
from distancenets.audit.findings import Check, Consistency, Finding
from distancenets.audit.interval_t_test import SdConvention
from distancenets.audit.review import review
from distancenets.configuration.published import load_published


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return review(load_published(RECORD))


def test_the_statistics_come_from_the_discussion_with_population_sds_and_not_from_table_2(
    findings: list[Finding],
) -> None:
    origins = [finding for finding in findings if finding.check is Check.ORIGIN]
    assert [finding.where for finding in origins if finding.verdict is Consistency.CONSISTENT] == [
        "discussion, population SD"
    ]
    assert origins[0].computed == "5 t, 6 p, 6 d fit"
    assert "Abs, ReLU are not in the paper" in origins[0].why
    for reading in SdConvention:
        table2 = one(findings, Check.ORIGIN, f"Table 2, {reading} SD")
        assert table2.verdict is Consistency.INCONSISTENT
        assert table2.computed.startswith("0 t")
    assert one(findings, Check.ORIGIN, "discussion, sample SD").verdict is Consistency.INCONSISTENT


def test_every_statistic_is_recomputed_from_every_set_under_both_readings(findings: list[Finding]) -> None:
    # 7 tests × (t, p, d) × 4 sets × 2 readings
    assert sum(finding.check is Check.RECOMPUTED for finding in findings) == 7 * 3 * 4 * 2


@pytest.mark.parametrize(
    ("where", "value"),
    [
        # (95.64 − 95.26) / √((0.19² + 0.19²) / 19) = 0.38 / 0.061644
        ("ReLU vs Abs: t from discussion, population SD", 6.1644),
        # (96.62 − 95.87) / √((0.17² + 0.22²) / 19) = 0.75 / 0.063784
        ("ReLU vs Abs: t from Table 2, population SD", 11.7584),
        # (95.69 − 95.23) / √((0.17² + 0.16²) / 19) = 0.46 / 0.053557
        ("ReLU vs Abs: t from Table 3, population SD", 8.5890),
        # (47.20 − 95.64) / √((12.00² + 0.19²) / 19) = −48.44 / 2.753332
        ("ReLU2 vs ReLU: t from discussion, population SD", 17.5932),
        # (94.93 − 47.20) / √((0.15² + 12.00²) / 19) = 47.73 / 2.753204
        ("ReLU2-Neg vs ReLU2: t from discussion, population SD", 17.3362),
        # (94.93 − 95.64) / √((0.15² + 0.19²) / 19) = −0.71 / 0.055535
        ("ReLU2-Neg vs ReLU: t from discussion, population SD", 12.7847),
        # (90.08 − 95.26) / √((2.56² + 0.19²) / 19) = −5.18 / 0.588918
        ("Abs2-Neg vs Abs: t from discussion, population SD", 8.7958),
        # (90.08 − 95.35) / √((2.56² + 0.17²) / 19) = −5.27 / 0.588596
        ("Abs2-Neg vs Abs2: t from discussion, population SD", 8.9535),
        # (96.46 − 96.62) / √((0.17² + 0.17²) / 20) = −0.16 / 0.053759
        ("ReLU2-Neg vs ReLU: t from Table 2, sample SD", 2.9763),
        # 0.71 / √((0.15² + 0.19²) / 2 × 20/19) = 0.71 / 0.175619
        ("ReLU2-Neg vs ReLU: d from discussion, population SD", 4.0428),
    ],
)
def test_recomputed_intervals_hold_the_value_worked_out_by_hand(
    where: str, value: float, findings: list[Finding]
) -> None:
    finding = one(findings, Check.RECOMPUTED, where)
    assert finding.low is not None
    assert finding.high is not None
    assert finding.low < value < finding.high


def test_an_interval_worked_out_by_hand(findings: list[Finding]) -> None:
    finding = one(findings, Check.RECOMPUTED, "ReLU vs Abs: t from discussion, population SD")
    # Least: (95.635 − 95.265) / √(2 × 0.195² / 19) = 0.37 / 0.0632664 = 5.84828
    # Most:  (95.645 − 95.255) / √(2 × 0.185² / 19) = 0.39 / 0.0600219 = 6.49763
    assert finding.low == pytest.approx(5.84828, abs=2e-5)
    assert finding.high == pytest.approx(6.49763, abs=2e-5)


def test_what_no_printed_set_gives(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.STATISTIC) == {
        "ReLU vs Abs: t",
        "ReLU vs Abs: p",
        "ReLU vs Abs: d",
        "ReLU2 vs ReLU: t",
    }
    near = one(findings, Check.STATISTIC, "Abs2-Neg vs Abs2: t")
    assert near.verdict is Consistency.CONSISTENT
    assert near.why.startswith("Given only by discussion (population SD)")


def test_the_repeated_t_is_named_with_the_comparison_that_gives_it(findings: list[Finding]) -> None:
    finding = one(findings, Check.REPEATED_T, "ReLU2 vs ReLU; ReLU2-Neg vs ReLU2")
    assert finding.verdict is Consistency.INCONSISTENT
    assert "rows of ReLU2-Neg vs ReLU2 give it; the rows of ReLU2 vs ReLU do not (the printed d = 5.56 fits them)" in (
        finding.why
    )
    assert "one of the 6 other tests by chance is at most 0.024" in finding.why
    assert "cop" not in finding.why
    assert sum(finding.check is Check.REPEATED_T for finding in findings) == 1


def test_the_sds_behind_the_statistics_are_of_the_kind_that_the_record_says(findings: list[Finding]) -> None:
    finding = one(findings, Check.DEVIATION, "discussion")
    assert (finding.verdict, finding.printed) == (Consistency.CONSISTENT, "population SD")
    assert finding.computed == "11 t and d fit as population SD, 4 t and d fit as sample SD"


def test_the_notes_counts_of_dead_nodes_are_possible_as_sample_sds(findings: list[Finding]) -> None:
    dead, rare = (finding for finding in findings if finding.check is Check.COUNTS)
    assert dead.printed == "2.20 ± 1.77 of 10, sample SD"
    assert dead.computed == "impossible as population SD, possible as sample SD"
    assert rare.computed == "possible as population SD, possible as sample SD"
    assert (dead.verdict, rare.verdict) == (Consistency.CONSISTENT, Consistency.CONSISTENT)


def test_table_2_lacks_what_its_caption_promises(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.PROMISED) == {"Table 2, caption"}
    finding = one(findings, Check.PROMISED, "Table 2, caption")
    assert finding.why == "The table does not print: 95 % confidence intervals, number of trials."


def test_no_heading_of_this_record_is_shown_as_a_quotation(findings: list[Finding]) -> None:
    headings = {table.heading for table in load_published(RECORD).tables.values()}
    texts = [text for finding in findings for text in (finding.where, finding.printed, finding.computed, finding.why)]
    assert headings and not [text for text in texts for heading in headings if f"“{heading}”" in text]
    quoted = {text for text in texts if "“" in text}
    assert quoted == {f"“{test.wording}”" for test in load_published(RECORD).tests if test.wording}


def test_p_follows_from_t_and_d_does_so_in_all_but_two_tests(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.P_FROM_T) == set()
    # 1.14 × 0.316228 = 0.3605, printed 0.37; 17.33 × 0.316228 = 5.4802, printed 5.56
    assert inconsistent(findings, Check.D_FROM_T) == {"ReLU vs Abs", "ReLU2 vs ReLU"}


def test_two_signs_are_those_of_the_reverse_comparison(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.SIGN) == {"ReLU2-Neg vs ReLU2", "Abs2-Neg vs Abs2"}


def test_the_df_are_those_of_a_two_sample_test(findings: list[Finding]) -> None:
    finding = one(findings, Check.DESIGN, "7 tests called paired")
    assert (finding.verdict, finding.low) == (Consistency.INCONSISTENT, 19)
    assert "p = 0.1427 (Abs2 vs Abs) follows with 38 df, not with 19" in finding.why


def test_words_against_numbers(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.WORDING) == {"ReLU2-Neg vs ReLU"}
    assert "p < 0.001, d = 4.04" in one(findings, Check.WORDING, "ReLU2-Neg vs ReLU").why
    assert inconsistent(findings, Check.WORDING_RECOMPUTED) == {"ReLU vs Abs", "ReLU2-Neg vs ReLU"}
    assert one(findings, Check.WORDING_RECOMPUTED, "Abs2 vs Abs").verdict is Consistency.UNTOLD


def test_the_same_rows_stand_in_table_2_and_table_5(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.SAME_ROWS) == {"Table 2 and Table 5"}
    finding = one(findings, Check.SAME_ROWS, "Table 2 and Table 5")
    assert finding.low == 6
    assert sum(finding.check is Check.SAME_ROWS for finding in findings) == 6


def test_table_2_and_the_discussion_print_two_results_of_one_experiment(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.SAME_MODELS) == {"Table 2 and discussion"}
    assert "6 of 6 models have different results" in one(findings, Check.SAME_MODELS, "Table 2 and discussion").why


def test_quoted_sds_are_those_of_the_discussion_only(findings: list[Finding]) -> None:
    finding = one(findings, Check.QUOTED_SD, "Abs2-Neg vs Abs2: SDs in the text")
    assert finding.computed == "discussion (2.56 and 0.17)"
    assert "Table 2 (2.07 and 0.17)" in finding.why


def test_node_percentages(findings: list[Finding]) -> None:
    shares = [finding for finding in findings if finding.check is Check.GRANULARITY]
    assert [(finding.printed, finding.verdict) for finding in shares] == [
        ("33.00 %", Consistency.CONSISTENT),
        ("53.50 %", Consistency.CONSISTENT),
        ("22 %", Consistency.UNTOLD),
        ("53.50 %", Consistency.CONSISTENT),
        ("0.1 %", Consistency.UNTOLD),
        ("0.5 %", Consistency.UNTOLD),
    ]
    assert "98.0%" in shares[0].why
    (accuracies,) = [finding for finding in findings if finding.check is Check.POWER]
    assert (accuracies.verdict, accuracies.low) == (Consistency.UNTOLD, 0)
    (definition,) = [finding for finding in findings if finding.check is Check.DEFINITION]
    assert definition.verdict is Consistency.UNTOLD
    assert "none of 200 nodes is active on between 1 % and 5 %" in definition.why
    (quantity,) = [finding for finding in findings if finding.check is Check.QUANTITY]
    assert quantity.verdict is Consistency.INCONSISTENT
    assert quantity.printed == "33.00 %; 22 %"


def test_claimed_numbers_and_compute_hold(findings: list[Finding]) -> None:
    held = [finding for finding in findings if finding.check in {Check.CLAIMED, Check.COMPUTE}]
    assert [finding.verdict for finding in held] == [Consistency.CONSISTENT] * 3
    # 8 h × 3,600,000 ms / 10,000,000 = 2.88 ms; 7.5 to 8.5 h give 2.70 to 3.06
    assert [held[-1].low, held[-1].high] == pytest.approx([2.70, 3.06])
