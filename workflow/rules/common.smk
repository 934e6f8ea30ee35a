"""Shared by all rules: the validated study, the paths that it expands to, and the sources that a stage depends on."""

import shlex
import sys
from pathlib import Path

import pandas as pd
from snakemake.utils import Paramspace

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.claims.planned_runs import planned_runs
from distancenets.configuration.recipes import study_digest
from distancenets.configuration.study import Run, seed_ranges, study_from_config, write_study
from distancenets.errors import UserError
from distancenets.runs.archive import archive_files
from distancenets.measurements.registry import FIGURES, kept_files
from distancenets.runs.inventory import NONE, available_subset, sources
from distancenets.claims.sides import study_beside
from distancenets.runs.committed import shown
from distancenets.runs.staleness import mark_stale
from distancenets.training.fingerprint import fingerprint
from distancenets.training.paths import RUN_FILES, run_path

try:
    STUDY = study_from_config(config, workflow.configfiles)
    RESULTS = f"results/{STUDY.study}"
    PLANNED = NONE
    if STUDY.missing == "plan":
        limits = workflow.resource_settings
        PLANNED = planned_runs(STUDY, Path(RESULTS), limits.cores or limits.nodes, workflow.is_main_process)
    TRAINS = STUDY.missing == "train" or bool(PLANNED)
    STUDY = available_subset(STUDY, Path(RESULTS), planned=PLANNED)
    BESIDE = study_beside(STUDY, Path("results"))
    # Fresh runs, each with its recipe, and archived ones.
    FRESH, ARCHIVED = sources(STUDY, Path(RESULTS), planned=PLANNED)
    DIGEST = study_digest(STUDY)
    if workflow.is_main_process:
        mark_stale(STUDY, Path(RESULTS), planned=PLANNED)
except UserError as error:
    sys.exit(f"error: {error}")

# Rules call `distancenets` by name. Without an activated environment, it is found beside the Python of Snakemake.
PREFIX = f'set -euo pipefail; export PATH="$PATH":{shlex.quote(str(Path(sys.executable).parent))}; '
# For `distancenets data fetch`. It is not a parameter of the rule, because the source of data changes no result.
if STUDY.data_folder is not None:
    PREFIX += f"export DISTANCENETS_DATA={shlex.quote(str(STUDY.data_folder))}; "
# Snakemake formats the prefix, so braces are doubled.
shell.prefix(PREFIX.replace("{", "{{").replace("}", "}}"))

STUDY_FILE = f"{RESULTS}/study.yaml"
# Marks that the runs were checked to be this study's. Its name is the digest of the settings that determine runs, so
# measurements are repeated if these settings change, but not if only thresholds change.
GATHERED = f"{RESULTS}/gathered/{DIGEST}"
# A parameter of the rules that read STUDY_FILE, so that they run again when the study changes.
SETTINGS = STUDY.model_dump_json()
# Archived runs are neither trained nor measured again. Their files are inputs of the rules that read them.
ARCHIVE = archive_files(Path(RESULTS)) if ARCHIVED else []
LACKING = pd.DataFrame(list(FRESH), columns=Run._fields)
RUNS = Paramspace(LACKING)
DATASETS = {STUDY.experiments[run.experiment].dataset for run in FRESH}
# If all models lack the same seeds, a job trains these seeds of a model, else one run. Planned runs differ in length.
SEEDS = sorted(set(LACKING["seed"]))
MODELS = LACKING.drop(columns="seed").drop_duplicates()
ONE = STUDY.models_per_job == "one" or bool(PLANNED) or len(LACKING) < len(MODELS) * len(SEEDS)
JOBS = RUNS if ONE else Paramspace(MODELS)


def code(*parts):
    """The package's sources in these folders. Inputs are compared by content, so only a change reruns a rule."""
    return sorted(
        path.as_posix()
        for part in parts
        for kind in ("*.py", "*.c", "*.html", "*.css", "*.js")
        for path in Path("workflow/distancenets", part).rglob(kind)
    )


def run_files(*names):
    return expand(f"{RESULTS}/runs/{{run}}/{{name}}", run=RUNS.instance_patterns, name=names)


def run_output(name):
    pattern = f"{RESULTS}/runs/{RUNS.wildcard_pattern}/{name}"
    # `update` keeps existing files: `distancenets train` leaves finished runs unchanged and only adds seeds.
    return update(pattern if ONE else expand(pattern, seed=SEEDS, allow_missing=True))


def recipe(job):
    return FRESH[Run(job.experiment, job.architecture, job.representation, int(job.seed) if ONE else SEEDS[0])]


def manifest(experiment):
    return f"data/{STUDY.experiments[experiment].dataset}/manifest.json"


def figure1_sources():
    node, experiment = STUDY.report.figure1, STUDY.reported_experiment
    run = Run(experiment, node.architecture, node.representation, node.seed)
    return ARCHIVE if run in ARCHIVED else [f"{RESULTS}/{run_path(run)}/weights.safetensors", manifest(experiment)]


wildcard_constraints:
    experiment="[^/]+",
    dataset="[a-z][a-z0-9_]*",
