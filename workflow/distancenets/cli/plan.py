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
    from distancenets.claims.evidence import archived_measurements
    from distancenets.claims.judgement import rulings
    from distancenets.claims.planning import batches, targets
    from distancenets.claims.plans import as_commands, as_text
    from distancenets.configuration.published import published as load_published
    from distancenets.configuration.study import load_study
    from distancenets.jobs.processor import processor
    from distancenets.runs.archive import entries
    from distancenets.runs.collect import learning_curves, runs_at_milestones
    from distancenets.runs.costs import costs
    from distancenets.runs.inventory import held_part

    settings = load_study(study)
    root = output or RESULTS / settings.study
    held = entries(settings, root, datasets)
    part = held_part(settings.replaced(missing="skip"), root, datasets)
    runs = runs_at_milestones(learning_curves(part, root, datasets), part)
    measured = archived_measurements(list(held), root)
    found = targets(rulings(settings, runs, measured, load_published(published)), settings, runs)
    prices = costs(held, processor("model name"))
    steps = batches(found, prices.of, hours * 3600 * cores)
    if commands:
        print("\n".join(as_commands(steps, settings, study)))
    else:
        print(as_text(found, steps, prices, settings, hours, cores))
