"""The installation: what is refused in one line, and that no setting outside decides what is run."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conftest import REPOSITORY, Checkout, checkout, environment

# Another environment's Snakemake: it has neither the package with its logger nor the executor.
FOREIGN = """
import pkgutil, sys
every, plugins = pkgutil.iter_modules, ("snakemake_executor_plugin_slurm", "snakemake_logger_plugin_distancenets")
pkgutil.iter_modules = lambda *given: (module for module in every(*given) if module.name not in plugins)
sys.modules["distancenets"] = None
from snakemake.cli import main
main()
"""


# A user without an entry in the system's list, in an environment that the package is installed in.
NAMELESS = """
import os, pwd, site, sys
# Of this environment, where everybody has a name and a home.
sys.modules.pop("distancenets_user", None)
def unknown(uid):
    raise KeyError(uid)
pwd.getpwuid = unknown
for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
    os.environ.pop(name, None)
if {installed}:
    site.addsitedir({folder!r})
from snakemake.cli import main
main()
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return checkout(tmp_path_factory.mktemp("installation"))


def attempt(folder: Path, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with `command` in `folder`."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(folder / "workflow")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def error_of(answer: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line that a refused command says."""
    lines = [line for line in answer.stderr.splitlines() if "error" in line.lower()]
    assert answer.returncode == 1 and len(lines) == 1 and "Traceback" not in answer.stderr, answer.stderr
    return lines[0]


@pytest.mark.parametrize("profile", [(), ("--workflow-profile", "profiles/slurm")])
def test_a_snakemake_without_the_package_says_so(copy: Checkout, profile: tuple[str, ...]) -> None:
    said = error_of(attempt(copy.folder, "-c", FOREIGN, "-n", *profile))
    assert "has no distancenets: run `make env`, then .venv/bin/snakemake" in said


@pytest.mark.slow
def test_a_user_without_a_name_or_a_home_runs_the_workflow(copy: Checkout) -> None:
    settings = tomllib.loads((copy.folder / "pyproject.toml").read_text())
    folder = str(copy.folder / settings["tool"]["uv"]["build-backend"]["data"]["purelib"])
    without = attempt(copy.folder, "-c", NAMELESS.format(installed=False, folder=folder), "-n")
    assert "could not determine the home directory" in without.stderr
    answer = attempt(copy.folder, "-c", NAMELESS.format(installed=True, folder=folder), "-n")
    assert answer.returncode == 0 and "Job stats:" in answer.stdout + answer.stderr, answer.stderr
    assert (copy.folder / ".snakemake" / "home").is_dir()


def test_a_library_that_is_too_old_is_named(copy: Checkout, tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("__version__ = '1.21.0'\n")
    (tmp_path / "numpy-1.21.0.dist-info").mkdir()
    (tmp_path / "numpy-1.21.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: numpy\nVersion: 1.21.0\n"
    )
    paths = os.pathsep.join([str(tmp_path), str(copy.folder / "workflow")])
    said = error_of(attempt(copy.folder, "-m", "distancenets", "models", PYTHONPATH=paths))
    assert said.startswith(f"error: numpy 1.21.0 in {tmp_path}") and "unset PYTHONPATH" in said


def test_an_import_that_fails_is_one_line(copy: Checkout, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('no such thing in here')\n")
    paths = os.pathsep.join([str(tmp_path), str(copy.folder / "workflow")])
    training = ("-m", "distancenets", "train", "--architecture", "relu", "--representation", "distance")
    said = error_of(attempt(copy.folder, *training, PYTHONPATH=paths))
    assert said.startswith("error: no such thing in here: is another library on PYTHONPATH")


def test_an_interruption_of_the_imports_is_no_traceback(copy: Checkout, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    paths = os.pathsep.join([str(tmp_path), str(copy.folder / "workflow")])
    answer = attempt(copy.folder, "-m", "distancenets", "models", PYTHONPATH=paths)
    assert (answer.returncode, answer.stdout, answer.stderr) == (130, "", "")


def test_make_knows_a_moved_checkout(tmp_path: Path) -> None:
    """Its environment, which names the old place, is made anew; one that somebody else made is left alone."""
    (tmp_path / "envs").mkdir()
    for name in ("Makefile", "pyproject.toml", "envs/uv.txt", "envs/run.txt"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in (".venv/bin/uv", ".venv/.run"):
        (tmp_path / name).touch()
    for command, plan in {
        f"command = python -m venv {tmp_path}/.venv": "",
        f"command = python -m venv /elsewhere{tmp_path}/.venv": "python3 -m venv --clear .venv",
        "uv = 0.13.0": "",
    }.items():
        (tmp_path / ".venv" / "pyvenv.cfg").write_text(f"home = /usr/bin\n{command}\n")
        answer = subprocess.run(["make", "-n", "env"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert (plan in answer.stdout) if plan else ("Nothing to be done" in answer.stdout), answer.stdout


def test_make_takes_no_settings_of_pip_and_no_libraries_from_outside(tmp_path: Path) -> None:
    probe = 'include Makefile\nprobe:\n\t@echo $$PIP_USER "<$$PYTHONPATH>"\n'
    command = ["make", "--silent", "--file", "-", "probe"]
    answer = subprocess.run(
        command,
        cwd=REPOSITORY,
        input=probe,
        env=os.environ | {"PIP_USER": "1", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "0 <>\n"


@pytest.mark.parametrize(
    "limit",
    [
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
        "cores.MEMBERSHIP.write_text('0::/'); (cores.GROUPS / 'cpu.max').write_text('100000 100000')",
    ],
    ids=["affinity", "quota"],
)
def test_the_default_profile_counts_the_cores_that_a_process_may_use(
    copy: Checkout, tmp_path: Path, limit: str
) -> None:
    script = (
        "import os, yte; from pathlib import Path; from distancenets.jobs import cores\n"
        f"cores.GROUPS = Path({str(tmp_path)!r}); cores.MEMBERSHIP = cores.GROUPS / 'membership'; {limit}\n"
        "print(yte.process_yaml(Path('profiles/default/config.yaml').read_text())['cores'])"
    )
    assert attempt(copy.folder, "-c", script).stdout == "1\n"
