"""The audit as tables, as a page and on the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audits import RECORD
from conftest import REPOSITORY
from distancenets.audit import serialization
from distancenets.audit.findings import Check, Finding
from distancenets.audit.review import errors, review, summary
from distancenets.cli.commands import app
from distancenets.configuration.published import load_published


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return review(load_published(RECORD))


def test_csv_and_json_carry_every_finding(findings: list[Finding]) -> None:
    rows = list(csv.DictReader(io.StringIO(serialization.as_csv(findings))))
    content = json.loads(serialization.as_json(findings))
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
    lines = serialization.as_markdown(findings).splitlines()
    bullets = [line for line in lines if line.startswith("- ")]
    assert lines[0].startswith("# ")
    assert lines[2 : 2 + len(bullets)] == bullets
    assert 3 <= len(bullets) <= 6
    assert "discussion, population SD (5 t, 6 p, 6 d fit)" in bullets[1]
    rows = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {7}
    assert len(rows) == len(findings) + 4


def test_the_command_lists_what_is_inconsistent_in_one_line_each_at_80_columns(
    findings: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = CliRunner().invoke(app, ["audit", "--published", str(RECORD)])
    assert result.exit_code == 0, result.output
    lines = [line.rstrip() for line in result.output.splitlines()]
    assert lines[0] == summary(findings)[0]
    rule = next(number for number, line in enumerate(lines) if line.startswith("───"))
    found = errors(findings)
    rows = lines[rule + 1 : rule + 1 + len(found)]
    assert [row[:15] for row in rows] == [finding.where[:15].ljust(15) for finding in found]
    assert lines[rule + 1 + len(found)].startswith("Set behind the statistics of 7 tests: discussion, population SD")
    assert lines[-1] == "Only inconsistent checks are listed; --all shows every check and its reason."
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


def test_all_shows_every_finding_in_full_at_80_columns(
    findings: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = CliRunner().invoke(app, ["audit", "--published", str(RECORD), "--all"])
    assert max(map(len, result.output.splitlines())) <= 80
    words = " ".join(result.output.split())
    for finding in findings:
        head = f"{finding.verdict} {finding.check}: {finding.where}"
        told = f"printed {finding.printed}; computed {finding.computed} {finding.why}"
        assert f"{head} {told}" in words
    assert all(line in words for line in summary(findings))


def test_the_command_prints_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    options = [
        "--published",
        str(RECORD),
        "--json",
        str(tmp_path / "one.json"),
        "--out-dir",
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
        [*command, "--out-dir", str(tmp_path / "all")],
        capture_output=True,
        text=True,
        cwd=REPOSITORY / "workflow",
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {path}: tables.table2.rows.0.mean: a printed number is a quoted string")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "all").exists()


def test_the_audit_imports_no_torch() -> None:
    code = "import sys, distancenets.audit.review, distancenets.audit.serialization; print('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY / "workflow", check=True
    )
    assert result.stdout.strip() == "False"
