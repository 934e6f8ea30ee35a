"""What the rules share: the validated study, the paths that it expands to, and the sources that a stage depends on."""

import os
import sys
from pathlib import Path

import pandas
from snakemake.utils import Paramspace

from distancenets.configuration.recipes import study_recipe
from distancenets.configuration.study import Run, study_of
from distancenets.errors import UserError
from distancenets.training.runs import RUN_FILES, run_path

# Rules call `distancenets` by name: the one beside the Python that runs Snakemake, activated or not.
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])

try:
    STUDY = study_of(config, workflow.configfiles)
except UserError as error:
    sys.exit(f"error: {error}")

RESULTS = f"results/{STUDY.study}"
STUDY_FILE = f"{RESULTS}/study.yaml"
RUNS = Paramspace(pandas.DataFrame(STUDY.runs()))
# A job trains one run, or all seeds of a model.
ONE = STUDY.models_per_job == "one"
JOBS = RUNS if ONE else Paramspace(pandas.DataFrame(STUDY.runs()).drop(columns="seed").drop_duplicates())


def code(*parts):
    """The package's sources in these folders: as inputs they are compared by content, so only a change reruns."""
    return sorted(
        path.as_posix()
        for part in parts
        for path in Path("workflow/distancenets", part).glob("*.py")
    )


def run_files(*names):
    return expand(f"{RESULTS}/runs/{{run}}/{{name}}", run=RUNS.instance_patterns, name=names)


def figure1_weights():
    node = STUDY.report.figure1
    run = Run(STUDY.reported_experiment, node.architecture, node.representation, node.seed)
    return f"{RESULTS}/{run_path(run)}/weights.safetensors"


wildcard_constraints:
    experiment="[^/]+",
    dataset="[^/]+",


rule write_study:
    output:
        STUDY_FILE,
    params:
        study=STUDY.model_dump_json(),
    log:
        f"{RESULTS}/logs/study.log",
    conda:
        "../../envs/distancenets.yaml"
    message:
        "Write out the study with all its settings"
    shell:
        "distancenets configure {params.study:q} --output {output} > {log} 2>&1"
