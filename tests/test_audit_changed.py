"""No finding is written into the code of the audit: another number, another finding."""

import copy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from audits import RECORD, Change, inconsistent, of_test, one, row
from distancenets.audit.findings import Check, Finding, Verdict
from distancenets.audit.review import review
from distancenets.audit.summary import summary
from distancenets.configuration.published import published


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], list[Finding]]:
    def findings_after(change: Change) -> list[Finding]:
        values = copy.deepcopy(yaml.safe_load(RECORD.read_text(encoding="utf-8")))
        change(values)
        path = tmp_path / "published.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return review(published(path))

    return findings_after


def test_a_corrected_t_fits(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu2_relu")["t"] = "-17.59"
        of_test(values, "relu_abs").update(t="6.16", p={"below": "0.001"}, d="1.95", reading="different")

    findings = changed(change)
    assert inconsistent(findings, Check.STATISTIC) == set()
    assert not [finding for finding in findings if finding.check is Check.COPIED_T]
    assert inconsistent(findings, Check.D_FROM_T) == set()
    assert one(findings, Check.WORDING, "ReLU vs Abs").verdict is Verdict.CONSISTENT
    assert inconsistent(findings, Check.WORDING_RECOMPUTED) == {"ReLU2-Neg vs ReLU"}


def test_corrected_signs_and_design_are_consistent(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu2_neg_relu2")["t"] = "17.33"
        of_test(values, "abs2_neg_abs2")["t"] = "-8.97"
        for test in values["tests"]:
            test["design"] = "two_sample"

    findings = changed(change)
    assert inconsistent(findings, Check.SIGN) == set()
    assert one(findings, Check.DESIGN, "7 tests called two-sample").verdict is Verdict.CONSISTENT


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
    assert one(findings, Check.ORIGIN, "Table 2, population SD").verdict is Verdict.CONSISTENT
    assert one(findings, Check.ORIGIN, "discussion, population SD").verdict is Verdict.INCONSISTENT
    assert inconsistent(findings, Check.SAME_ROWS) == {"Table 5 and discussion"}
    assert one(findings, Check.QUOTED_SD, "Abs2-Neg vs Abs2: SDs in the text").computed.startswith("Table 2")


def test_the_owner_of_a_copied_t_is_found_in_either_order(changed: Callable[[Change], list[Finding]]) -> None:
    findings = changed(lambda values: values["tests"].reverse())
    finding = one(findings, Check.COPIED_T, "ReLU2-Neg vs ReLU2; ReLU2 vs ReLU")
    assert "fits ReLU2-Neg vs ReLU2 and was copied to ReLU2 vs ReLU" in finding.why


def test_where_no_set_fits_none_is_named_and_no_copy_is_claimed(
    changed: Callable[[Change], list[Finding]],
) -> None:
    def change(values: dict[str, Any]) -> None:
        for test in values["tests"]:
            test.update(t="500.0", d="99.9")

    findings = changed(change)
    assert len(inconsistent(findings, Check.ORIGIN)) == 8
    assert "tests: none." in summary(findings)[1]
    copies = [finding for finding in findings if finding.check is Check.COPIED_T]
    assert [finding.verdict for finding in copies] == [Verdict.UNTOLD] * 21
    assert len(inconsistent(findings, Check.D_FROM_T)) == 7


def test_a_wrong_p_is_told_from_a_one_sided_one(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu_abs")["p"] = {"equals": "0.13"}
        of_test(values, "abs2_abs")["p"] = {"equals": "0.2000"}

    findings = changed(change)
    assert inconsistent(findings, Check.P_FROM_T) == {"ReLU vs Abs", "Abs2 vs Abs"}
    assert "one-sided only" in one(findings, Check.P_FROM_T, "ReLU vs Abs").why
    assert "neither" in one(findings, Check.P_FROM_T, "Abs2 vs Abs").why


def test_changed_rows_are_no_longer_the_same(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        for printed in values["tables"]["table5"]["rows"][1:6]:
            printed["mean"] = str(Decimal(printed["mean"]) - Decimal("0.11"))

    finding = one(changed(change), Check.SAME_ROWS, "Table 2 and Table 5")
    # One shared row is left, which luck gives in up to 11 % of cases.
    assert (finding.low, finding.verdict) == (1, Verdict.UNTOLD)


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
    assert definition.verdict is Verdict.INCONSISTENT
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
