"""One table, three formats: CSV for programs, Markdown for code hosts, LaTeX (booktabs) for papers."""

from pathlib import Path

import pandas as pd

from distancenets.files import replacing, with_ending, write_text
from distancenets.markdown import markdown_table

# Characters that LaTeX does not print as they are.
SPECIAL = str.maketrans(
    {letter: f"\\{letter}" for letter in "%_&$#{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


def write_table(stem: Path, data: pd.DataFrame, shown: pd.DataFrame, caption: str) -> None:
    """Write `data` as `<stem>.csv` and `shown`, the same rows in words, as `<stem>.md` and `<stem>.tex`."""
    with replacing(with_ending(stem, ".csv")) as path:
        data.to_csv(path, index=False)
    write_text(with_ending(stem, ".md"), f"**{caption}**\n\n{markdown(shown)}")
    write_text(with_ending(stem, ".tex"), latex(shown, caption, stem.name))


def markdown(table: pd.DataFrame) -> str:
    """`table` in Markdown; columns without letters are aligned right."""
    numeric = [not table[name].map(lambda cell: any(letter.isalpha() for letter in str(cell))).any() for name in table]
    return markdown_table(list(table.columns), table.to_numpy(), numeric)


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    """`table` as a LaTeX table with booktabs rules; needs `\\usepackage{booktabs}` and a Unicode engine."""
    return table.to_latex(index=False, escape=True, caption=_escaped(caption), label=f"tab:{label}", position="htbp")


def _escaped(text: str) -> str:
    return text.translate(SPECIAL)
