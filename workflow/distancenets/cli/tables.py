"""`distancenets table …`: a table as CSV, Markdown and LaTeX."""

from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import group
from distancenets.cli.options import (
    PUBLISHED,
    RESULTS,
    STUDY,
    OutDir,
    PublishedFile,
    RunsTable,
    Stem,
    StudyDir,
    StudyFile,
    load,
)

table = group("table", "Write a table as CSV, Markdown and LaTeX.")


@table.command()
def paper(runs: RunsTable, out_dir: OutDir, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write tables 1 to 5 and the running text's numbers, published and measured side by side."""
    from distancenets.configuration.published import load_published
    from distancenets.configuration.study import load_study
    from distancenets.derived import RUNS, read_derived
    from distancenets.tables.accuracies import accuracy_caption, accuracy_cells, accuracy_table
    from distancenets.tables.models import distances_table, models_table
    from distancenets.tables.writers import write_table

    settings, measured = load_study(study), read_derived(runs, RUNS)
    for name, rows, caption in (
        ("table1", models_table(), "Table 1: the models"),
        ("table4", distances_table(), "Table 4: OffsetL2 beside the RBF unit and the Mahalanobis distance"),
    ):
        write_table(out_dir / name, rows, rows, caption)
    for name, printed in load_published(published).tables.items():
        rows = accuracy_table(printed, measured, settings, name)
        write_table(out_dir / name, rows, accuracy_cells(rows, printed.deviation), accuracy_caption(printed))


@table.command()
def protocols(runs: RunsTable, stem: Stem, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write the distance of each protocol of the study from each published column of means and SDs."""
    from distancenets.configuration.published import load_published
    from distancenets.configuration.study import load_study
    from distancenets.derived import RUNS, read_derived
    from distancenets.tables.protocols import CAPTION, protocols_cells, protocols_table
    from distancenets.tables.writers import write_table

    printed = load_published(published).tables
    rows = protocols_table(load_study(study), read_derived(runs, RUNS), printed)
    write_table(stem, rows, protocols_cells(rows, printed), CAPTION)


@table.command()
def contrasts(runs: RunsTable, stem: Stem, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write how each difference in a claim changes from the first experiment to every other one."""
    from distancenets.claims.contrasts import Protocol, claims_contrasts
    from distancenets.configuration.published import load_published
    from distancenets.configuration.study import load_study
    from distancenets.statistics.runs import read_runs
    from distancenets.tables.contrasts import CAPTION, contrasts_cells
    from distancenets.tables.writers import write_table

    settings, measured = load_study(study), read_runs(runs)
    protocols = [Protocol(name, settings, name, measured) for name in settings.experiments]
    if settings.report.beside is not None:
        beside = load_study(settings.report.beside)
        theirs = read_runs(RESULTS / beside.study / "runs.csv")
        protocols.append(Protocol(beside.study, beside, beside.reported_experiment, theirs))
    rows = claims_contrasts(protocols, load_published(published), settings.statistics)
    write_table(stem, rows, contrasts_cells(rows), CAPTION)


@table.command()
def robustness(
    claims: Annotated[Path, typer.Argument(help="The study's claims.json.")],
    stem: Stem,
    contrasts: Annotated[Path | None, typer.Option(help="The study's table of contrasts.")] = None,
    study: StudyFile = STUDY,
) -> None:
    """Write the verdicts, claims × experiments; the study in report.beside comes first."""
    from distancenets.configuration.study import load_study
    from distancenets.derived import read_derived
    from distancenets.tables.robustness import CAPTION, robustness_table, verdicts, with_reading
    from distancenets.tables.writers import write_table

    tested = None if contrasts is None else read_derived(contrasts, ("claim", "result"))
    rows = with_reading(robustness_table(verdicts(claims, load_study(study), RESULTS)), tested)
    write_table(stem, rows, rows, CAPTION)


@table.command()
def measurements(study_dir: StudyDir = None, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write one table per measurement: means and SDs over the seeds of each model, at its milestones."""
    from distancenets.configuration.published import load_published
    from distancenets.tables.measurements import measurement_tables
    from distancenets.tables.writers import write_table

    settings, root = load(study, study_dir)
    for name, rows, cells, caption in measurement_tables(settings, root, load_published(published)):
        write_table(root / "tables" / name, rows, cells, caption)


@table.command()
def images(study_dir: StudyDir = None, study: StudyFile = STUDY, published: PublishedFile = PUBLISHED) -> None:
    """Write the variance components (seed, test image, seed × image) of accuracies and of claimed differences."""
    from distancenets.claims.comparisons import compared_models
    from distancenets.configuration.published import load_published
    from distancenets.measurements.correct import read_answers
    from distancenets.tables.images import CAPTION, extent, images_cells, images_table
    from distancenets.tables.writers import write_table

    settings, root = load(study, study_dir)
    record, confidence, answers = load_published(published), settings.statistics.confidence, read_answers(root)
    rows = images_table(answers, compared_models(record), record, confidence)
    caption = f"{CAPTION.format(percent=100 * confidence)}; {extent(answers)}"
    write_table(root / "tables" / "images", rows, images_cells(rows), caption)
