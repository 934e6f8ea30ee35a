"""Cluster profiles and containers: what can be known of them without a cluster."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
import yte

from conftest import REPOSITORY, Checkout, checkout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return checkout(tmp_path_factory.mktemp("profiles"))


@pytest.mark.slow
@pytest.mark.parametrize(("packing", "jobs"), [("one", 22), ("all_seeds", 11)])
def test_the_slurm_profile_plans_both_packings(copy: Checkout, packing: str, jobs: int) -> None:
    arguments = ("--workflow-profile", "profiles/slurm", "--configfile", "config/test.yaml", "--quiet", "rules")
    assert copy.jobs(*arguments, "--config", f"models_per_job={packing}")["train_model"] == jobs


def slurm_profile(**values: str) -> dict[str, Any]:
    """Return the Slurm profile as Snakemake reads it, with `values` in its first block."""
    text = (REPOSITORY / "profiles/slurm/config.yaml").read_text()
    for name, value in values.items():
        assert f'  {name}: ""\n' in text
        text = text.replace(f'  {name}: ""\n', f"  {name}: {value}\n")
    return dict(yte.process_yaml(text))


def test_the_first_block_says_where_jobs_run_and_what_they_get() -> None:
    named = slurm_profile(account="lab", gpu_partition="gpus", cpu_partition="short", gpu_type="a100")
    common = {"runtime": "60 * attempt", "mem_mb": "4000 * attempt"}
    training = {"runtime": "480 * attempt", "mem_mb": "6000 * attempt"}
    assert named["default-resources"] == common | {"slurm_account": "lab", "slurm_partition": "short"}
    assert named["set-resources"] == {"train_model": training | {"slurm_partition": "gpus", "gpu_model": "a100"}}
    # What is not named is left to Slurm.
    assert slurm_profile()["default-resources"] == common
    assert slurm_profile()["set-resources"] == {"train_model": training}


def test_the_profiles_treat_reruns_alike() -> None:
    default, slurm = (
        yaml.safe_load((REPOSITORY / f"profiles/{name}/config.yaml").read_text()) for name in ("default", "slurm")
    )
    shared = set(default) - {"__definitions__", "cores", "resources"}
    assert {key: slurm.get(key) for key in shared} == {key: default[key] for key in shared}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The documents of the Kubernetes manifest by kind."""
    documents = yaml.safe_load_all((REPOSITORY / "profiles/kubernetes/job.yaml").read_text())
    return {document["kind"]: document for document in documents}


def test_the_kubernetes_job_is_whole(manifest: dict[str, Any]) -> None:
    pod = manifest["Job"]["spec"]["template"]["spec"]
    [container], [volume] = pod["containers"], pod["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == manifest["PersistentVolumeClaim"]["metadata"]["name"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"]}
    # Only what lies in these folders outlives the pod; the image's own files stay visible beside them.
    home = container_steps()["WORKDIR"][0]
    kept = {str(Path(mount["mountPath"]).relative_to(home)) for mount in container["volumeMounts"]}
    assert kept == {"data", "results", ".snakemake"}
    assert container["args"][container["args"].index("--cores") + 1] == container["resources"]["requests"]["cpu"]
    assert int(container["resources"]["limits"]["nvidia.com/gpu"]) >= 1


def container_steps() -> dict[str, list[str]]:
    """Return instruction → arguments of each step of the OCI definition."""
    text = (REPOSITORY / "envs/Containerfile").read_text().replace("\\\n", "")
    steps: dict[str, list[str]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if not line.startswith("#"):
            instruction, _, arguments = line.partition(" ")
            steps.setdefault(instruction, []).append(" ".join(arguments.split()))
    return steps


def apptainer_sections() -> dict[str, list[str]]:
    """Return section → lines of the Apptainer definition; those before the first section under ''."""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in (line.strip() for line in (REPOSITORY / "envs/distancenets.def").read_text().splitlines()):
        if line.startswith("%"):
            name = line
            sections[name] = []
        elif line and not line.startswith("#"):
            sections[name].append(line)
    return sections


def test_both_containers_hold_the_same() -> None:
    steps, sections = container_steps(), apptainer_sections()
    assert set(steps) == {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "CMD"}
    assert set(sections) == {"", "%files", "%post", "%environment", "%runscript"}
    assert sections[""] == ["Bootstrap: docker", f"From: {steps['FROM'][0]}"]
    [home] = steps["WORKDIR"]
    copied = [name for step in steps["COPY"] for name in step.split()[:-1]]
    assert sections["%files"] == [f"{name} {home}/{name}" for name in copied]
    packages, environment = steps["RUN"]
    assert sections["%post"] == [*packages.split(" && "), environment.replace("make", f"make -C {home}")]
    path, home_folder = steps["ENV"]
    assert sections["%environment"] == [f"export {path}"] and home_folder == "HOME=/tmp"


@pytest.mark.slow
def test_the_kubernetes_command_plans_the_study_within_the_image(manifest: dict[str, Any], tmp_path: Path) -> None:
    """The set-up and the study are planned in a folder with what is copied into the image and nothing else."""
    copied = [name for step in container_steps()["COPY"] for name in step.split()[:-1]]
    for name in copied:
        (tmp_path / name).symlink_to(REPOSITORY / name)
    plan = subprocess.run(["make", "-n", "env"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "--requirement envs/run.txt" in plan and "--editable ." in plan
    [container] = manifest["Job"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["snakemake"]
    jobs = Checkout(tmp_path).jobs("--quiet", "rules", *container["args"])
    # 16 models, four of OffsetL2 as the paper prints it, two on normalised pixels: all seeds of each in one job.
    assert jobs["train_model"] == 16 + 4 + 2


def test_the_costs_of_scale_are_those_that_were_measured() -> None:
    """Each row of the table of docs/cluster.md, from the file that it names."""
    text = (REPOSITORY / "docs" / "cluster.md").read_text()
    [name] = re.findall(r"`(benchmarks/results/\S+-scale\.json)`", text)
    rows = json.loads((REPOSITORY / name).read_text())["rows"]
    for row in rows:
        jobs, run = row["training_jobs"], row.get("execution", {}).get("cpu_seconds")
        costs = [f"{row[part]['cpu_seconds']}" for part in ("dag", "job")]
        costs += ["–", "–"] if run is None else [f"{run}", f"{run / jobs:.2f}"]
        cells = [f"{row['runs']:,}", f"`{row['models_per_job']}`", f"{jobs:,}", *costs]
        assert f"\n| {' | '.join(cells)} |\n" in text, cells
    assert [row["runs"] for row in rows] == [320, 320, 3200, 3200, 32000]
