"""What the rules share: the validated study, the paths that it expands to, and the sources that a stage depends on."""

import sys
from pathlib import Path

import pandas
from snakemake.utils import Paramspace

from distancenets.configuration.recipes import study_recipe
from distancenets.configuration.study import Run, study_of, write_study
from distancenets.errors import UserError
from distancenets.measurements.catalogue import CATALOGUE, FIGURES
from distancenets.training.paths import RUN_FILES, run_path

# Rules call `distancenets` by name: without an activated environment, the one beside the Python that runs Snakemake.
shell.prefix(f"set -euo pipefail; export PATH=$PATH:{Path(sys.executable).parent}; ")

try:
    STUDY = study_of(config, workflow.configfiles)
except UserError as error:
    sys.exit(f"error: {error}")

RESULTS = f"results/{STUDY.study}"
STUDY_FILE = f"{RESULTS}/study.yaml"
# As a parameter of the rules that read STUDY_FILE, so that they run again when the study changes.
SETTINGS = STUDY.model_dump_json()
RUNS = Paramspace(pandas.DataFrame(STUDY.runs()))
DATASETS = {experiment.dataset for experiment in STUDY.experiments.values()}
# A job trains one run, or all seeds of a model.
ONE = STUDY.models_per_job == "one"
JOBS = RUNS if ONE else Paramspace(pandas.DataFrame(STUDY.runs()).drop(columns="seed").drop_duplicates())


def code(*parts):
    """The package's sources in these folders: as inputs they are compared by content, so only a change reruns."""
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
    if ONE:
        return pattern
    # `update` keeps the seeds that are there when others are added.
    return update(expand(pattern, seed=range(STUDY.seeds), allow_missing=True))


def figure1_weights():
    node = STUDY.report.figure1
    run = Run(STUDY.reported_experiment, node.architecture, node.representation, node.seed)
    return f"{RESULTS}/{run_path(run)}/weights.safetensors"


wildcard_constraints:
    experiment="[^/]+",
    dataset="[^/]+",
