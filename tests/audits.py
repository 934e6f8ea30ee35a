"""The published record, and how findings in it are picked out."""

from collections.abc import Callable
from typing import Any

from conftest import REPOSITORY
from distancenets.audit.findings import Check, Consistency, Finding

RECORD = REPOSITORY / "config" / "published.yaml"

Change = Callable[[dict[str, Any]], None]


def one(findings: list[Finding], check: Check, where: str) -> Finding:
    found = [finding for finding in findings if finding.check is check and finding.where == where]
    assert len(found) == 1, [finding.where for finding in findings if finding.check is check]
    return found[0]


def inconsistent(findings: list[Finding], check: Check) -> set[str]:
    return {
        finding.where for finding in findings if finding.check is check and finding.verdict is Consistency.INCONSISTENT
    }


def row(values: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    return next(row for row in values["tables"][table]["rows"] if row["printed"] == name)


def of_test(values: dict[str, Any], name: str) -> dict[str, Any]:
    return next(test for test in values["tests"] if test["id"] == name)
