"""The command that audits the published numbers."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import PUBLISHED, PublishedFile


@app.command()
def audit(
    published: PublishedFile = PUBLISHED,
    json: Annotated[Path | None, typer.Option(help="Write every finding to this JSON file.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write audit.csv, audit.md and audit.json into this folder.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show what is consistent and every single recomputation, too.")
    ] = False,
) -> None:
    """Check whether the numbers the paper prints agree with one another; no training is needed."""
    from rich.console import Console

    from distancenets.audit import output as forms
    from distancenets.audit.findings import Verdict
    from distancenets.audit.review import review
    from distancenets.audit.summary import conclusions, summary
    from distancenets.configuration import published as record
    from distancenets.files import write_text

    findings = review(record.published(published))
    if json is not None:
        write_text(json, forms.as_json(findings))
    if output is not None:
        forms.write(findings, output)
    telling = [finding for finding in conclusions(findings) if finding.verdict is not Verdict.CONSISTENT]
    console = Console(highlight=False)
    console.print(forms.as_table(findings if every else telling))
    for line in summary(findings):
        console.print(f"• {line}", markup=False)
    if not every:
        console.print("Shown is what is not consistent; --all shows every check.", style="dim")
