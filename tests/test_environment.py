"""What the project needs, and that its files agree about it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from conftest import REPOSITORY, environment

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def bounds(requirements: list[str]) -> dict[str, str]:
    """Return name → bounds."""
    pairs = (re.fullmatch(r"([a-z0-9_-]+)(.*)", text.replace(" ", "")) for text in requirements)
    return {pair[1]: pair[2] for pair in pairs if pair is not None}


@pytest.fixture(scope="module")
def project() -> dict[str, str]:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["project"]
    return {"python": settings["requires-python"]} | bounds(settings["dependencies"])


def test_torchvision_matches_torch() -> None:
    import torch
    import torchvision

    assert torchvision.ops.nms(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([0.5]), 0.5).tolist() == [0]


def test_the_conda_environment_agrees_with_the_project(project: dict[str, str]) -> None:
    *conda, by_pip = yaml.safe_load((REPOSITORY / "envs" / "distancenets.yaml").read_text())["dependencies"]
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in project.items()} | {"pip": ""}
    assert bounds([*conda, *by_pip["pip"]]) == expected


@pytest.mark.parametrize("name", ["uv.txt", "run.txt", "develop.txt"])
def test_a_lock_has_versions_and_hashes_and_names_no_host(name: str) -> None:
    lines = (REPOSITORY / "envs" / name).read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert packages and all(re.match(r"[A-Za-z0-9._\[\]-]+==\S+ ", line) for line in packages)
    assert not [line for line in lines if "://" in line or "--index" in line or "--find-links" in line]
    hashed = sum("--hash=sha256:" in following for following in lines)
    assert hashed >= len(packages)


def test_the_locks_hold_every_dependency(project: dict[str, str]) -> None:
    for name in ("run.txt", "develop.txt"):
        locked = {line.split("==")[0] for line in (REPOSITORY / "envs" / name).read_text().splitlines() if "==" in line}
        assert set(project) - {"python"} <= locked


@pytest.mark.slow
def test_training_needs_neither_snakemake_nor_dvc(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(['snakemake', 'dvc', 'torchvision', 'pandas', 'matplotlib', 'scipy'])\n"
        "import distancenets.cli.train, distancenets.training.trainer, distancenets.jobs.devices\n"
        "import distancenets.datasets.store, distancenets.configuration.recipes\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=False, cwd=tmp_path
    )
    assert answer.returncode == 0, answer.stderr


def test_only_training_and_measuring_need_torch() -> None:
    """It takes longer to import than most commands, and snakemake, take altogether."""
    script = (
        "import sys, pkgutil, importlib, distancenets\n"
        "for module in pkgutil.walk_packages(distancenets.__path__, 'distancenets.'):\n"
        "    if not f'{module.name}.'.startswith(tuple(sys.argv[1:])) and not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "        assert 'torch' not in sys.modules, module.name\n"
    )
    need = [f"distancenets.{name}." for name in ("training", "measurements", "jobs.devices", "runs.recheck")]
    answer = subprocess.run(
        [sys.executable, "-c", script, *need], capture_output=True, text=True, env=environment(), check=False
    )
    assert answer.returncode == 0, answer.stderr
