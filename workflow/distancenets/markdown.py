"""Tables in Markdown, as code hosts show them."""

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[bool] = ()) -> str:
    """Return a table in Markdown; a column is set to the right where `right` says so."""
    rules = ["---:" if to_the_right else "---" for to_the_right in (*right, *[False] * (len(header) - len(right)))]
    lines = [[str(cell).replace("|", r"\|") for cell in row] for row in (header, *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rules, *lines[1:]))
