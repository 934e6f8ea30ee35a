"""Neural Networks Learn Distance Metrics (arXiv 2502.02103): the study from data to tables and figures.

`snakemake` runs config/config.yaml. `snakemake --configfile config/paper.yaml` runs another study.
"""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

try:
    from distancenets.errors import UserError
    from distancenets.files import read_text
    from distancenets.installation import check_installation
    from distancenets.terminal.closing import closing_lines
    from distancenets.terminal.workflow_progress import WorkflowProgress

    check_installation(Path(workflow.basedir))
    # Snakemake, which reads it next, does not say which file it cannot read.
    if not workflow.configfiles:
        read_text(Path("config/config.yaml"))
except ImportError:
    sys.exit(f"error: {sys.executable} has no distancenets: run `make env`, then .venv/bin/snakemake")
except UserError as error:
    sys.exit(f"error: {error}")


# Snakemake merges every --configfile into this one, so it is read only if no other is named; --config changes it.
if not workflow.configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"


# If missing runs are skipped, no rule can make them.
if TRAINS:

    include: "workflow/rules/training.smk"


include: "workflow/rules/measurements.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/dvc.smk"
include: "workflow/rules/figures.smk"


if BESIDE:

    include: "workflow/rules/checks.smk"


include: "workflow/rules/report.smk"


# Runs and the file of gathered runs are inputs, so that a missing one is noticed even if the tables are up to date.
rule all:
    default_target: True
    input:
        run_files(*RUN_FILES),
        GATHERED,
        rules.write_metrics.output,
        f"{RESULTS}/summary.md",
        f"{RESULTS}/report.html",
    message:
        f"The study '{STUDY.study}' is complete: {RESULTS}/report.html"


# All results that follow from the archive alone: no figures, and no images or weights are read.
rule numbers:
    input:
        rules.build_tables.output,
        rules.build_measurement_tables.output,
        rules.build_images.output,
        rules.compare_protocols.output,
        rules.build_robustness.output,
        rules.compare_models.output,
        rules.audit_published.output,
        rules.judge_claims.output,
        rules.write_metrics.output,
    message:
        f"All tables and verdicts of the study '{STUDY.study}' are complete"


# `make` shows these lines last, even if there was nothing to do.
for handler in workflow.logger_manager.get_log_handlers():
    if isinstance(handler, WorkflowProgress):
        handler.last_words = lambda: closing_lines(STUDY, Path(RESULTS))


# No rule writes it. Jobs that depend on a rule's output by `ancient` would miss changes of their own parameters
# whenever that rule runs.
onstart:
    write_study(Path(STUDY_FILE), STUDY)
