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
        bool, typer.Option("--all", help="Show every check and every recomputation in full, with its reason.")
    ] = False,
) -> None:
    """Check whether the numbers the paper prints agree with one another; no training is needed."""
    from rich.console import Console

    from distancenets.audit import serialization
    from distancenets.audit.review import review
    from distancenets.audit.summary import summary
    from distancenets.configuration import published as record
    from distancenets.files import write_text

    findings = review(record.published(published))
    if json is not None:
        write_text(json, serialization.as_json(findings))
    if output is not None:
        serialization.write(findings, output)
    console, lines = Console(highlight=False), summary(findings)
    console.print(lines[0], markup=False)
    console.print(serialization.as_blocks(findings) if every else serialization.as_lines(findings))
    for line in lines[1:] if every else lines[1:2]:
        console.print(line, markup=False)
    if not every:
        console.print("Listed is what is inconsistent; --all shows every check, with its reason.", style="dim")
