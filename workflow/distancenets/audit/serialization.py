"""The audit as CSV, Markdown and JSON, and as a table for a terminal."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from distancenets.audit.findings import Check, Consistency, Finding, of_check
from distancenets.audit.review import conclusions, counts, errors, summary
from distancenets.errors import UserError
from distancenets.files import read_text, write_text
from distancenets.markdown import markdown_table

COLOURS = {Consistency.CONSISTENT: "green", Consistency.INCONSISTENT: "bold red", Consistency.UNTOLD: "yellow"}


def as_csv(findings: Sequence[Finding]) -> str:
    """Return one line per finding, numbers at full precision, under a header of the field names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Finding)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(finding.record() for finding in findings)
    return text.getvalue()


def as_json(findings: Sequence[Finding]) -> str:
    """Return the summary, the number of checks per verdict, and every finding."""
    records = [finding.record() for finding in findings]
    content = {"summary": summary(findings), "verdicts": counts(findings), "findings": records}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path) -> dict[str, Any]:
    """Return summary, verdicts and findings from an `audit.json`; a `UserError` names any other file."""
    try:
        content = json.loads(read_text(path))
        return {"summary": content["summary"], "verdicts": content["verdicts"], "findings": content["findings"]}
    except (json.JSONDecodeError, TypeError, KeyError) as error:
        raise UserError(f"{path}: not an audit; write it with `distancenets audit`") from error


def read_summary(path: Path) -> list[str]:
    """Return the summary's lines from an `audit.json`, fit for Markdown."""
    return [_plain(line) for line in read(path)["summary"]]


def as_markdown(findings: Sequence[Finding]) -> str:
    """Return the summary, the findings as a table, and the single recomputations as a folded table."""
    lines = ["# Audit of the published numbers", ""]
    lines += [f"- {_plain(line)}" for line in summary(findings)]
    lines += ["", "## Findings", "", _findings_table(conclusions(findings))]
    recomputed = of_check(findings, Check.RECOMPUTED)
    if recomputed:
        lines += ["", "## Every statistic from every set", "", "<details>"]
        lines += [f"<summary>{len(recomputed)} recomputations</summary>", "", _findings_table(recomputed)]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def as_lines(findings: Sequence[Finding]) -> Table:
    """Return the inconsistent findings as a table for a terminal, one line each; long cells are cut off."""
    table = Table(box=box.HORIZONTALS, show_edge=False, expand=True, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, ratio in (("Where", 24), ("Printed", 18), ("Other printed numbers give", 36)):
        table.add_column(heading, ratio=ratio, no_wrap=True, overflow="ellipsis")
    for finding in errors(findings):
        table.add_row(Text(finding.where), Text(finding.printed), Text(finding.computed))
    return table


def as_blocks(findings: Sequence[Finding]) -> Group:
    """Return every finding in full for a terminal of any width."""
    blocks: list[RenderableType] = []
    for finding in findings:
        head = Text(f"{finding.verdict}", style=COLOURS[finding.verdict])
        head.append(f"  {finding.check}: {finding.where}", style="not bold default")
        body = Text(f"printed {finding.printed}; computed {finding.computed}\n{finding.why}")
        blocks += [head, Padding(body, (0, 0, 1, 4))]
    return Group(*blocks)


def write(findings: Sequence[Finding], folder: Path) -> list[Path]:
    """Write `audit.csv`, `audit.md` and `audit.json` into `folder` and return their paths."""
    texts = {"audit.csv": as_csv, "audit.md": as_markdown, "audit.json": as_json}
    for name, text in texts.items():
        write_text(folder / name, text(findings))
    return [folder / name for name in texts]


def _findings_table(findings: Sequence[Finding]) -> str:
    rows = []
    for finding in findings:
        shown = f"**{finding.verdict}**" if finding.verdict is Consistency.INCONSISTENT else str(finding.verdict)
        cells = (str(finding.check), finding.where, finding.printed, finding.computed)
        rows.append([*map(_plain, cells), shown, _plain(finding.why)])
    return markdown_table(["Check", "Where", "Printed", "Computed", "Verdict", "Why"], rows).rstrip()


def _plain(text: str) -> str:
    for mark in ("\\", "_", "*", "<"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
