"""`distancenets plan`: what to train next, so that open claims are decided soonest."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import app
from distancenets.cli.options import DATASETS, PUBLISHED, RESULTS, STUDY, DatasetsFile, PublishedFile, StudyFile


@app.command()
def plan(
    hours: Annotated[float, typer.Option(min=0, help="Hours to train for.")] = 6.0,
    cores: Annotated[int, typer.Option(min=1, help="Cores to train on, one run each.")] = 1,
    commands: Annotated[
        bool, typer.Option("--commands", help="Print the commands that train, and nothing else.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="The study's folder.  [default: results/<study>]")] = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    published: PublishedFile = PUBLISHED,
) -> None:
    """List what every open claim lacks and how likely its next look decides, then the runs to train next.

    Seconds are those of the archived runs on this kind of processor. Nothing is trained, archived or written.
    """
    from distancenets.claims.planned_runs import plan as planned
    from distancenets.claims.plans import as_commands, as_text
    from distancenets.configuration.study import load_study

    settings = load_study(study)
    found = planned(settings, output or RESULTS / settings.study, hours, cores, datasets, published)
    if commands:
        print("\n".join(as_commands(found.batches, settings, study)))
    else:
        print(as_text(found.targets, found.batches, found.costs, settings, hours, cores))
