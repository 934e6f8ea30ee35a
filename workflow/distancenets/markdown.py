"""Tables in Markdown, as code hosts show them."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[bool] = ()) -> str:
    """Return a table in Markdown; a column is right-aligned if `right` says so."""
    rules = ["---:" if to_the_right else "---" for to_the_right in (*right, *[False] * (len(header) - len(right)))]
    lines = [[str(cell).replace("|", r"\|") for cell in row] for row in (header, *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rules, *lines[1:]))


def plain(text: str) -> str:
    """Return Markdown that shows `text` literally: no HTML, no emphasis, no link."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!$])", r"\\\1", text)


class MarkdownTable(NamedTuple):
    """A table as `markdown_table` writes it; `right` says which columns are right-aligned."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool]


def parse_table(text: str) -> MarkdownTable:
    """Return the one table in `text`; a `ValueError` if it has none."""
    lines = [_cells(line) for line in text.splitlines() if line.startswith("|")]
    if len(lines) < 2:
        raise ValueError("no table in Markdown")
    header, rules, *rows = lines
    return MarkdownTable(header, rows, [rule.endswith(":") for rule in rules])


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
