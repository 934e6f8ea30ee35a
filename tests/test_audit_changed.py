"""No finding is written into the code of the audit: another number, another finding."""

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from audits import RECORD, Change, inconsistent, of_test, one, row
from distancenets.audit.findings import Check, Consistency, Finding
from distancenets.audit.review import review, summary
from distancenets.audit.serialization import as_json
from distancenets.configuration.published import load_published


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], list[Finding]]:
    def findings_after(change: Change) -> list[Finding]:
        values = copy.deepcopy(yaml.safe_load(RECORD.read_text(encoding="utf-8")))
        change(values)
        path = tmp_path / "published.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return review(load_published(path))

    return findings_after


def test_a_corrected_t_fits(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu2_relu")["t"] = "-17.59"
        of_test(values, "relu_abs").update(t="6.16", p={"below": "0.001"}, d="1.95", reading="different")

    findings = changed(change)
    assert inconsistent(findings, Check.STATISTIC) == set()
    assert not [finding for finding in findings if finding.check is Check.REPEATED_T]
    assert inconsistent(findings, Check.D_FROM_T) == set()
    assert one(findings, Check.WORDING, "ReLU vs Abs").verdict is Consistency.CONSISTENT
    assert inconsistent(findings, Check.WORDING_RECOMPUTED) == {"ReLU2-Neg vs ReLU"}


def test_corrected_signs_and_design_are_consistent(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu2_neg_relu2")["t"] = "17.33"
        of_test(values, "abs2_neg_abs2")["t"] = "-8.97"
        for test in values["tests"]:
            test["design"] = "two_sample"

    findings = changed(change)
    assert inconsistent(findings, Check.SIGN) == set()
    assert one(findings, Check.DESIGN, "7 tests called two-sample").verdict is Consistency.CONSISTENT


def test_the_statistics_follow_the_numbers_to_another_table(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        tables = values["tables"]
        for name in ("Abs", "ReLU", "Abs2", "Abs2-Neg", "ReLU2", "ReLU2-Neg"):
            one, other = row(values, "table2", name), row(values, "discussion", name)
            for key in ("mean", "sd"):
                one[key], other[key] = other[key], one[key]
        assert tables["table2"]["rows"][0]["mean"] == "95.26"

    findings = changed(change)
    assert one(findings, Check.ORIGIN, "Table 2, population SD").verdict is Consistency.CONSISTENT
    assert one(findings, Check.ORIGIN, "discussion, population SD").verdict is Consistency.INCONSISTENT
    assert inconsistent(findings, Check.SAME_ROWS) == {"Table 5 and discussion"}
    assert one(findings, Check.QUOTED_SD, "Abs2-Neg vs Abs2: SDs in the text").computed.startswith("Table 2")


def test_the_owner_of_a_repeated_t_is_found_in_either_order(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: values["tests"].reverse())
    finding = one(findings, Check.REPEATED_T, "ReLU2-Neg vs ReLU2; ReLU2 vs ReLU")
    assert "The rows of ReLU2-Neg vs ReLU2 give it; the rows of ReLU2 vs ReLU do not" in finding.why


def test_if_no_set_fits_none_is_named_and_no_comparison_owns_a_t(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        for test in values["tests"]:
            test.update(t="500.0", d="99.9")

    findings = changed(change)
    assert len(inconsistent(findings, Check.ORIGIN)) == 8
    assert "tests: none." in summary(findings)[1]
    repeated = [finding for finding in findings if finding.check is Check.REPEATED_T]
    assert [finding.verdict for finding in repeated] == [Consistency.UNTOLD] * 21
    assert len(inconsistent(findings, Check.D_FROM_T)) == 7


def test_a_wrong_p_is_told_from_a_one_sided_one(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu_abs")["p"] = {"equals": "0.13"}
        of_test(values, "abs2_abs")["p"] = {"equals": "0.2000"}

    findings = changed(change)
    assert inconsistent(findings, Check.P_FROM_T) == {"ReLU vs Abs", "Abs2 vs Abs"}
    assert "this p only one-sided" in one(findings, Check.P_FROM_T, "ReLU vs Abs").why
    assert "neither" in one(findings, Check.P_FROM_T, "Abs2 vs Abs").why


def test_changed_rows_are_no_longer_the_same(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        for printed in values["tables"]["table5"]["rows"][1:6]:
            printed["mean"] = str(Decimal(printed["mean"]) - Decimal("0.11"))

    finding = one(changed(change), Check.SAME_ROWS, "Table 2 and Table 5")
    # One shared row is left, which luck gives in up to 11 % of cases.
    assert (finding.low, finding.verdict) == (1, Consistency.UNTOLD)


def test_impossible_and_contradictory_percentages_are_found(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        values["activity"][0]["percent"] = ["33.10"]
        values["activity"][1]["percent"] = ["50.00"]
        values["activity"][2]["percent"] = ["33"]

    findings = changed(change)
    assert inconsistent(findings, Check.GRANULARITY) == {"ReLU2: never active (output layer), discussion, running text"}
    (definition,) = [finding for finding in findings if finding.check is Check.DEFINITION]
    assert definition.verdict is Consistency.INCONSISTENT
    assert "smaller share" in definition.why
    assert inconsistent(findings, Check.QUANTITY) == set()


def test_changed_claims_and_compute_are_found(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        row(values, "table5", "Abs-L2")["mean"] = "97.71"
        row(values, "table5", "ReLU-L2")["sd"] = "0.15"
        values["compute"]["about_hours"] = "80"

    findings = changed(change)
    assert len(inconsistent(findings, Check.CLAIMED)) == 2
    assert len(inconsistent(findings, Check.COMPUTE)) == 1


def test_the_summary_follows_the_findings(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu2_neg_relu")["wording"] = None
        of_test(values, "relu2_neg_relu")["reading"] = None
        of_test(values, "relu_abs")["reading"] = None

    (words,) = [line for line in summary(changed(change)) if line.startswith("Words")]
    assert words == "Words that contradict the numbers: none."


def test_the_runs_of_another_table_do_not_change_the_design(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: values["tables"]["table5"].update(runs=10))
    finding = one(findings, Check.DESIGN, "7 tests called paired")
    assert (finding.verdict, finding.low, finding.high) == (Consistency.INCONSISTENT, 19, 19)
    assert "38 df fit a two-sample test with 20 runs per model, and p = 0.1427" in finding.why
    assert inconsistent(findings, Check.D_FROM_T) == {"ReLU vs Abs", "ReLU2 vs ReLU"}


def test_a_set_that_gives_the_tests_under_both_kinds_of_sd_has_their_runs(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        values["tables"]["table5"]["runs"] = 10
        for table in values["tables"].values():
            for printed in table["rows"]:
                printed.update(mean=str(round(float(printed["mean"]))), sd=str(round(float(printed["sd"]))))

    findings = changed(change)
    untold = {finding.where for finding in findings if finding.check is Check.ORIGIN} - inconsistent(
        findings, Check.ORIGIN
    )
    assert untold == {"discussion, population SD", "discussion, sample SD"}
    design = one(findings, Check.DESIGN, "7 tests called paired")
    assert (design.low, design.high) == (19, 19)


def test_without_one_set_behind_the_tests_the_runs_of_all_are_tried(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        values["tables"]["table5"]["runs"] = 39
        for test in values["tests"]:
            test.update(t="0.01", d="0.00")

    finding = one(changed(change), Check.DESIGN, "7 tests called paired")
    # 38 df are paired with 39 runs, and two-sample with 20.
    assert (finding.verdict, finding.low, finding.high) == (Consistency.UNTOLD, 19, 38)


def test_a_df_of_no_design_is_of_neither(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: of_test(values, "abs2_abs").update(df=30))
    assert "neither" in one(findings, Check.DESIGN, "1 tests called paired").why
    d = one(findings, Check.D_FROM_T, "Abs2 vs Abs")
    assert (d.verdict, d.low, d.why) == (Consistency.UNTOLD, None, "30 df do not show the number of runs.")


def test_the_d_of_a_paired_test_is_t_by_the_root_of_n_or_cannot_be_told(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        for test in values["tests"]:
            test["df"] = 19
        # 12.78 / √20 = 2.8577
        of_test(values, "relu2_neg_relu")["d"] = "2.86"
        of_test(values, "relu_abs")["p"] = {"equals": "0.27"}

    findings = changed(change)
    assert one(findings, Check.DESIGN, "7 tests called paired").verdict is Consistency.CONSISTENT
    assert inconsistent(findings, Check.D_FROM_T) == set()
    assert one(findings, Check.D_FROM_T, "ReLU2-Neg vs ReLU").verdict is Consistency.CONSISTENT
    assert one(findings, Check.D_FROM_T, "Abs2-Neg vs Abs").verdict is Consistency.UNTOLD
    # Means and SDs bound a paired t over every correlation of the runs: this one fits, and that of ReLU vs Abs, whose
    # means are 0.37 apart at least and SDs 0.195 at most, cannot be below 0.37 √19 / 0.39 = 4.14.
    t = one(findings, Check.STATISTIC, "ReLU2-Neg vs ReLU: t")
    assert t.verdict is Consistency.CONSISTENT
    entry = one(findings, Check.RECOMPUTED, "ReLU vs Abs: t from discussion, population SD")
    assert entry.verdict is Consistency.INCONSISTENT
    assert entry.low == pytest.approx(4.1353, abs=1e-3)


@pytest.mark.parametrize(
    ("printed", "verdict"),
    [("-17.33", Consistency.INCONSISTENT), ("-17.3", Consistency.UNTOLD), ("-17", Consistency.UNTOLD)],
)
def test_few_decimals_of_t_may_agree_by_luck(
    printed: str, verdict: Consistency, changed: Callable[[Change], list[Finding]]
) -> None:
    def change(values: dict[str, Any]) -> None:
        for name in ("relu2_relu", "relu2_neg_relu2"):
            of_test(values, name)["t"] = printed

    finding = one(changed(change), Check.REPEATED_T, "ReLU2 vs ReLU; ReLU2-Neg vs ReLU2")
    assert finding.verdict is verdict
    assert "the probability of printing the t of one of" in finding.why


def test_a_printed_sd_of_zero_is_read(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        for name in ("Abs", "Abs2"):
            row(values, "discussion", name)["sd"] = "0.00"

    findings = changed(change)
    entry = one(findings, Check.RECOMPUTED, "Abs2 vs Abs: t from discussion, population SD")
    # 0.09 at least, over 0.005 √(2/19) at most
    assert entry.low == pytest.approx(0.08 / (0.005 * (2 / 19) ** 0.5), abs=1e-6)
    assert entry.high == float("inf") and entry.computed == "at least 49.32"
    content = json.loads(as_json(findings))
    assert [each["high"] for each in content["findings"] if each["where"] == entry.where] == [None]


def test_coarse_rounding_pairs_no_row_twice_and_luck_may_explain_it(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        for name in ("table2", "table5"):
            for printed in values["tables"][name]["rows"]:
                printed.update(mean=str(round(float(printed["mean"]))), sd=str(round(float(printed["sd"]))))

    finding = one(changed(change), Check.SAME_ROWS, "Table 2 and Table 5")
    assert (finding.low, finding.verdict) == (6, Consistency.UNTOLD)


def test_a_row_that_two_rows_repeat_counts_once(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        for name in ("Abs", "ReLU"):
            row(values, "table2", name).update(mean="97.61", sd="0.07")

    finding = one(changed(change), Check.SAME_ROWS, "Table 2 and Table 5")
    # Four rows of the same models, and one of the two that are like Abs-L2; ReLU2 and Abs2-Neg hardly agree by luck.
    assert (finding.low, finding.verdict) == (5, Consistency.INCONSISTENT)


def test_rows_of_other_models_may_agree_by_luck(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        values["tables"]["table2"]["rows"] = values["tables"]["table2"]["rows"][:1]
        values["tables"]["table5"]["rows"] = values["tables"]["table5"]["rows"][6:]
        row(values, "table2", "Abs").update(mean="97.61", sd="0.07")

    finding = one(changed(change), Check.SAME_ROWS, "Table 2 and Table 5")
    assert (finding.low, finding.verdict) == (1, Consistency.UNTOLD)


def test_a_table_rounded_coarser_has_the_same_rows(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        for printed in values["tables"]["table5"]["rows"][:6]:
            printed.update(mean=str(round(Decimal(printed["mean"]), 1)))

    finding = one(changed(change), Check.SAME_ROWS, "Table 2 and Table 5")
    assert finding.low == 6
    assert "about 6e-09" not in finding.why


def test_the_kind_of_sd_in_the_record_counts(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        for table in values["tables"].values():
            table["deviation"] = "sample"
        values["activity"][2]["counts"]["deviation"] = "population"

    before, findings = changed(lambda _: None), changed(change)
    kind = one(findings, Check.DEVIATION, "discussion")
    assert (kind.verdict, kind.low) == (Consistency.INCONSISTENT, 4)
    assert "but the record has them as sample SDs" in kind.why
    # |t| grows by √(20/19).
    grown, was = (one(each, Check.SAME_MODELS, "Table 2 and discussion").low for each in (findings, before))
    assert grown is not None and was is not None
    assert grown / was == pytest.approx((20 / 19) ** 0.5)
    # p of the wording is of sample SDs, and smaller.
    wordings = [one(each, Check.WORDING_RECOMPUTED, "Abs2 vs Abs").low for each in (findings, before)]
    assert wordings == pytest.approx([0.003086, 0.003829], abs=1e-6)
    assert inconsistent(findings, Check.COUNTS) == {"ReLU2: never active (output layer), author's notes"}


def test_counts_with_an_impossible_mean_are_found(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: values["activity"][2]["counts"].update(mean="2.21"))
    dead, _ = (finding for finding in findings if finding.check is Check.COUNTS)
    assert (dead.verdict, dead.why) == (Consistency.INCONSISTENT, "No 20 whole numbers have this mean.")


def test_a_quoted_sd_of_fewer_decimals_is_that_of_its_set(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: of_test(values, "abs2_neg_abs2").update(sd_first="2.6", sd_second="0.2"))
    quoted = one(findings, Check.QUOTED_SD, "Abs2-Neg vs Abs2: SDs in the text")
    assert (quoted.verdict, quoted.computed) == (Consistency.CONSISTENT, "discussion (2.56 and 0.17)")


def test_a_caption_that_keeps_its_promise_is_consistent(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: values["tables"]["table2"].update(promises=["mean", "standard deviation"]))
    assert one(findings, Check.PROMISED, "Table 2, caption").verdict is Consistency.CONSISTENT


def test_means_are_judged_by_their_own_decimals(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: row(values, "table3", "Abs_Bias").update(mean="95"))
    powers = [finding.printed for finding in findings if finding.check is Check.POWER]
    assert sorted(powers) == ["1 means with 0 decimals", "27 means with 2 decimals"]
