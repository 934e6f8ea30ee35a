"""What the audit finds in the published record, and in one that was changed."""

import copy
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from distancenets.audit import output
from distancenets.audit.findings import Check, Finding, Verdict
from distancenets.audit.review import review
from distancenets.audit.summary import summary
from distancenets.audit.two_samples import (
    Reading,
)
from distancenets.cli import app
from distancenets.configuration.published import published

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "config" / "published.yaml"

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return review(published(RECORD))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], list[Finding]]:
    def findings_after(change: Change) -> list[Finding]:
        values = copy.deepcopy(yaml.safe_load(RECORD.read_text(encoding="utf-8")))
        change(values)
        path = tmp_path / "published.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return review(published(path))

    return findings_after


def one(findings: list[Finding], check: Check, where: str) -> Finding:
    found = [finding for finding in findings if finding.check is check and finding.where == where]
    assert len(found) == 1, [finding.where for finding in findings if finding.check is check]
    return found[0]


def inconsistent(findings: list[Finding], check: Check) -> set[str]:
    return {finding.where for finding in findings if finding.check is check and finding.verdict is Verdict.INCONSISTENT}


def row(values: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    return next(row for row in values["tables"][table]["rows"] if row["printed"] == name)


def of_test(values: dict[str, Any], name: str) -> dict[str, Any]:
    return next(test for test in values["tests"] if test["id"] == name)


# What comes out of the published record


def test_the_statistics_come_from_the_discussion_with_population_sds_and_not_from_table_2(
    findings: list[Finding],
) -> None:
    origins = [finding for finding in findings if finding.check is Check.ORIGIN]
    assert [finding.where for finding in origins if finding.verdict is Verdict.CONSISTENT] == [
        "discussion, population SD"
    ]
    assert origins[0].computed == "5 t, 6 p, 6 d fit"
    assert "Abs, ReLU do not stand in the paper" in origins[0].why
    for reading in Reading:
        table2 = one(findings, Check.ORIGIN, f"Table 2, {reading} SD")
        assert table2.verdict is Verdict.INCONSISTENT
        assert table2.computed.startswith("0 t")
    assert one(findings, Check.ORIGIN, "discussion, sample SD").verdict is Verdict.INCONSISTENT


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
    assert near.verdict is Verdict.CONSISTENT
    assert near.why.startswith("Given by discussion (population SD)")


def test_the_copied_t_is_named_with_its_owner(findings: list[Finding]) -> None:
    finding = one(findings, Check.COPIED_T, "ReLU2 vs ReLU; ReLU2-Neg vs ReLU2")
    assert finding.verdict is Verdict.INCONSISTENT
    assert "fits ReLU2-Neg vs ReLU2 and was copied to ReLU2 vs ReLU" in finding.why
    assert "does not agree with the d = 5.56" in finding.why
    assert sum(finding.check is Check.COPIED_T for finding in findings) == 1


def test_p_follows_from_t_and_d_does_so_in_all_but_two_tests(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.P_FROM_T) == set()
    # 1.14 × 0.316228 = 0.3605, printed 0.37; 17.33 × 0.316228 = 5.4802, printed 5.56
    assert inconsistent(findings, Check.D_FROM_T) == {"ReLU vs Abs", "ReLU2 vs ReLU"}


def test_two_signs_are_those_of_the_reverse_comparison(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.SIGN) == {"ReLU2-Neg vs ReLU2", "Abs2-Neg vs Abs2"}


def test_the_df_are_those_of_a_two_sample_test(findings: list[Finding]) -> None:
    finding = one(findings, Check.DESIGN, "7 tests called paired")
    assert (finding.verdict, finding.low) == (Verdict.INCONSISTENT, 19)
    assert "p = 0.1427 (Abs2 vs Abs) follows with 38 df, not with 19" in finding.why


def test_words_against_numbers(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.WORDING) == {"ReLU2-Neg vs ReLU"}
    assert "p < 0.001, d = 4.04" in one(findings, Check.WORDING, "ReLU2-Neg vs ReLU").why
    assert inconsistent(findings, Check.WORDING_RECOMPUTED) == {"ReLU vs Abs", "ReLU2-Neg vs ReLU"}
    assert one(findings, Check.WORDING_RECOMPUTED, "Abs2 vs Abs").verdict is Verdict.UNTOLD


def test_the_same_rows_stand_in_table_2_and_table_5(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.SAME_ROWS) == {"Table 2 and Table 5"}
    finding = one(findings, Check.SAME_ROWS, "Table 2 and Table 5")
    assert finding.low == 6
    assert sum(finding.check is Check.SAME_ROWS for finding in findings) == 6


def test_table_2_and_the_discussion_print_two_results_of_one_experiment(findings: list[Finding]) -> None:
    assert inconsistent(findings, Check.SAME_MODELS) == {"Table 2 and discussion"}
    assert "6 of 6 models differ" in one(findings, Check.SAME_MODELS, "Table 2 and discussion").why


def test_quoted_sds_are_those_of_the_discussion_only(findings: list[Finding]) -> None:
    finding = one(findings, Check.QUOTED_SD, "Abs2-Neg vs Abs2: SDs in the text")
    assert finding.computed == "discussion (2.56 and 0.17)"
    assert "Table 2 (2.07 and 0.17)" in finding.why


def test_node_percentages(findings: list[Finding]) -> None:
    shares = [finding for finding in findings if finding.check is Check.GRANULARITY]
    assert [(finding.printed, finding.verdict) for finding in shares] == [
        ("33.00 %", Verdict.CONSISTENT),
        ("53.50 %", Verdict.CONSISTENT),
        ("22 %", Verdict.UNTOLD),
        ("53.50 %", Verdict.CONSISTENT),
        ("0.1 %", Verdict.UNTOLD),
        ("0.5 %", Verdict.UNTOLD),
    ]
    assert "98.0%" in shares[0].why
    (accuracies,) = [finding for finding in findings if finding.check is Check.POWER]
    assert (accuracies.verdict, accuracies.low) == (Verdict.UNTOLD, 0)
    (definition,) = [finding for finding in findings if finding.check is Check.DEFINITION]
    assert definition.verdict is Verdict.UNTOLD
    assert "not one of 200 nodes is active on between 1 % and 5 %" in definition.why
    (quantity,) = [finding for finding in findings if finding.check is Check.QUANTITY]
    assert quantity.verdict is Verdict.INCONSISTENT
    assert quantity.printed == "33.00 %; 22 %"


def test_claimed_numbers_and_compute_hold(findings: list[Finding]) -> None:
    held = [finding for finding in findings if finding.check in {Check.CLAIMED, Check.COMPUTE}]
    assert [finding.verdict for finding in held] == [Verdict.CONSISTENT] * 3
    # 8 h × 3,600,000 ms / 10,000,000 = 2.88 ms; 7.5 to 8.5 h give 2.70 to 3.06
    assert (held[-1].low, held[-1].high) == (pytest.approx(2.70), pytest.approx(3.06))


# No finding is written into the code: another number, another finding


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


# Output


def test_csv_and_json_carry_every_finding(findings: list[Finding]) -> None:
    rows = list(csv.DictReader(io.StringIO(output.as_csv(findings))))
    content = json.loads(output.as_json(findings))
    assert len(rows) == len(content["findings"]) == len(findings)
    assert list(rows[0]) == ["check", "where", "printed", "computed", "low", "high", "verdict", "why"]
    assert content["findings"][0]["verdict"] == "consistent"
    assert content["findings"][0]["low"] == float(rows[0]["low"]) == 11
    assert content["summary"] == summary(findings)
    counted = [finding for finding in findings if finding.check not in {Check.RECOMPUTED, Check.ORIGIN}]
    assert sum(content["verdicts"].values()) == len(counted)


def test_every_finding_says_why_in_one_line(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.why.endswith(".")
        assert all(
            text and "\n" not in text for text in (finding.where, finding.printed, finding.computed, finding.why)
        )


def test_markdown_starts_with_a_summary_and_its_tables_are_whole(findings: list[Finding]) -> None:
    lines = output.as_markdown(findings).splitlines()
    bullets = [line for line in lines if line.startswith("- ")]
    assert lines[0].startswith("# ")
    assert lines[2 : 2 + len(bullets)] == bullets
    assert 3 <= len(bullets) <= 6
    assert "discussion, population SD (5 t, 6 p, 6 d fit)" in bullets[1]
    rows = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {7}
    assert len(rows) == len(findings) + 4


def test_the_summary_follows_the_findings(changed: Callable[[Change], list[Finding]]) -> None:
    def change(values: dict[str, Any]) -> None:
        of_test(values, "relu2_neg_relu")["wording"] = None
        of_test(values, "relu2_neg_relu")["reading"] = None
        of_test(values, "relu_abs")["reading"] = None

    (words,) = [line for line in summary(changed(change)) if line.startswith("Words")]
    assert words == "Words that contradict the numbers: none."


def test_the_command_prints_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    options = [
        "--published",
        str(RECORD),
        "--json",
        str(tmp_path / "one.json"),
        "--output",
        str(tmp_path / "all"),
    ]
    result = CliRunner().invoke(app, ["audit", *options])
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.splitlines())) <= 100
    assert "cannot be told" in result.output
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"audit.csv", "audit.md", "audit.json"}
    assert (tmp_path / "one.json").read_text() == (tmp_path / "all" / "audit.json").read_text()


def test_bad_input_is_one_line_on_standard_error_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(RECORD.read_text(encoding="utf-8").replace('mean: "95.87"', "mean: 95.87", 1), encoding="utf-8")
    command = [sys.executable, "-m", "distancenets", "audit", "--published", str(path)]
    result = subprocess.run(
        [*command, "--output", str(tmp_path / "all")],
        capture_output=True,
        text=True,
        cwd=ROOT / "workflow",
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {path}: tables.table2.rows.0.mean: a printed number is a quoted string")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "all").exists()


def test_the_audit_imports_no_torch() -> None:
    code = "import sys, distancenets.audit.review, distancenets.audit.output; print('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "workflow", check=True
    )
    assert result.stdout.strip() == "False"
