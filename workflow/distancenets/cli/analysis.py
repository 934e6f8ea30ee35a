"""From finished runs to numbers and verdicts: collect, measure, compare and judge."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from distancenets.cli.application import EVERYDAY, STEPS, app, group
from distancenets.cli.options import (
    DATA,
    DATASETS,
    PUBLISHED,
    RESULTS,
    STUDY,
    DataFolder,
    DatasetsFile,
    OutDir,
    PublishedFile,
    RunsTable,
    StudyDir,
    StudyFile,
    Threads,
    load,
)
from distancenets.files import write_text
from distancenets.measurements.registry import MEASUREMENTS


@app.command(rich_help_panel=STEPS)
def collect(study_dir: StudyDir = None, study: StudyFile = STUDY, datasets: DatasetsFile = DATASETS) -> None:
    """Write runs.csv, learning_curves.parquet and provenance.csv from all runs.

    runs.csv has one row per run and milestone, learning_curves.parquet one per run and recorded epoch, provenance.csv
    one per run. The command fails if a run was made with other parameters than the study's. It also writes one file
    to `gathered/`, named after the digest of the settings that determine the runs.
    """
    from distancenets.runs.collect import write_collected

    settings, root = load(study, study_dir)
    write_collected(settings, root, datasets)


measure = group("measure", "Measure the weights of finished runs.")


@measure.command("figure1")
def measure_figure1(
    study_dir: StudyDir = None, study: StudyFile = STUDY, datasets: DatasetsFile = DATASETS, data: DataFolder = DATA
) -> None:
    """Write the output of Figure 1's node for each test image to measurements/figure1.csv."""
    from distancenets.measurements.figure1 import write_node_outputs

    settings, root = load(study, study_dir)
    write_node_outputs(settings, root, datasets, data)


_LISTED = "\n\n".join(f"{name}: {entry.text}" for name, entry in MEASUREMENTS.items())


@measure.command("networks", epilog=_LISTED)
def measure_networks(
    study_dir: StudyDir = None,
    threads: Threads = None,
    study: StudyFile = STUDY,
    datasets: DatasetsFile = DATASETS,
    data: DataFolder = DATA,
) -> None:
    """Write all measurements of every network, and which test images it answers correctly.

    The networks are those of every model, seed and milestone, from saved weights or from the archive.
    """
    from distancenets.measurements.correct import write_answers
    from distancenets.measurements.tables import write_measurements

    settings, root = load(study, study_dir, threads)
    write_answers(settings, root, datasets, data)
    write_measurements(settings, root, datasets, data, partial(print, flush=True))


@app.command(rich_help_panel=STEPS)
def statistics(runs: RunsTable, out_dir: OutDir, study: StudyFile = STUDY) -> None:
    """Write statistics of every model over its seeds, and of every pair of models."""
    from distancenets.configuration.study import load_study
    from distancenets.statistics import columns
    from distancenets.statistics.comparisons import comparison_table
    from distancenets.statistics.runs import read_runs
    from distancenets.statistics.summaries import summary_table

    chosen = load_study(study).statistics
    table = read_runs(runs)
    write_text(out_dir / "summary.csv", columns.as_csv(summary_table(table, chosen), columns.SUMMARY))
    write_text(out_dir / "comparisons.csv", columns.as_csv(comparison_table(table, chosen), columns.COMPARISONS))
    described = columns.descriptions()
    write_text(out_dir / "columns.csv", columns.as_csv(described, dict.fromkeys(described.columns, "")))


@app.command(rich_help_panel=STEPS)
def claims(
    runs: RunsTable,
    out_dir: OutDir,
    measurements: Annotated[
        Path | None,
        typer.Option(help="The folder of measurement tables.", show_default="measurements/ beside RUNS_CSV"),
    ] = None,
    study: StudyFile = STUDY,
    published: PublishedFile = PUBLISHED,
) -> None:
    """Judge all claims; write claims.md, claims.json and verdicts.json."""
    from rich.console import Console

    from distancenets.claims import serialization
    from distancenets.claims.evidence import read_measurements
    from distancenets.claims.judgement import judge_claims
    from distancenets.configuration.published import load_published
    from distancenets.configuration.study import load_study
    from distancenets.statistics.runs import read_runs

    settings, record = load_study(study), load_published(published)
    tables = read_measurements(measurements or runs.parent / "measurements")
    found = judge_claims(settings, read_runs(runs), tables, record)
    serialization.write(found, settings, out_dir)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for ruling in found:
        if ruling.experiment == settings.reported_experiment:
            console.print(f"{ruling.claim.id:2d} {ruling.claim.name}: {ruling.verdict}; {ruling.why}")


@app.command(rich_help_panel=EVERYDAY)
def audit(
    published: PublishedFile = PUBLISHED,
    json: Annotated[Path | None, typer.Option(help="Write every finding to this JSON file.")] = None,
    out_dir: Annotated[
        Path | None, typer.Option(help="Write audit.csv, audit.md and audit.json to this folder.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every check and every recomputation in full, with its reason.")
    ] = False,
) -> None:
    """Check whether the paper's printed numbers agree with one another; no training."""
    from rich.console import Console

    from distancenets.audit import serialization
    from distancenets.audit.review import review, summary
    from distancenets.configuration.published import load_published

    findings = review(load_published(published))
    if json is not None:
        write_text(json, serialization.as_json(findings))
    if out_dir is not None:
        serialization.write(findings, out_dir)
    console, lines = Console(highlight=False), summary(findings)
    console.print(lines[0], markup=False)
    console.print(serialization.as_blocks(findings) if every else serialization.as_lines(findings))
    for line in lines[1:] if every else lines[1:2]:
        console.print(line, markup=False)
    if not every:
        console.print("Only inconsistent checks are listed; --all shows every check and its reason.", style="dim")


@app.command("dvc-metrics", rich_help_panel=STEPS)
def dvc_metrics(study_dir: StudyDir = None, study: StudyFile = STUDY) -> None:
    """Write metrics.json and curves/, which `dvc metrics` and `dvc plots` compare."""
    from distancenets.tables.dvc import write_metrics

    _, root = load(study, study_dir)
    write_metrics(root)


@app.command("compare-studies", rich_help_panel=EVERYDAY)
def compare_studies(
    first: Annotated[str, typer.Argument(help="A study's name, or its folder.")],
    second: Annotated[
        str, typer.Argument(help="The other study's name, or its folder. Differences are first minus second.")
    ],
    csv: Annotated[Path | None, typer.Option(help="Write the models' differences to this CSV file.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this JSON file.")] = None,
) -> None:
    """Compare the settings and test accuracies of two studies, model by model.

    Experiments with the same name are compared. If no name is shared, the two reported experiments are compared.
    Milestones work likewise: shared ones, or else the last of each. Models that only one study has are listed.
    """
    from rich.console import Console

    from distancenets.tables.study_comparison import (
        differences_table,
        lone_models,
        read_finished_study,
        settings_table,
    )
    from distancenets.terminal.comparison import as_json, comparison_sheet

    a, b = read_finished_study(first, RESULTS), read_finished_study(second, RESULTS)
    settings, differences, lone = settings_table(a.study, b.study), differences_table(a, b), lone_models(a, b)
    if csv is not None:
        write_text(csv, differences.to_csv(index=False, na_rep="NaN", lineterminator="\n"))
    if json is not None:
        write_text(json, as_json(first, second, settings, differences, lone))
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, 110)
    for part in comparison_sheet(first, second, settings, differences, lone, a.study.statistics.confidence):
        console.print(part)
