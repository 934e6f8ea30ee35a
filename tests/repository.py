"""A git repository of the project with a small study as its default, and the real tools run in it."""

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RAW: dict[str, Any] = {"dataset": "tiny", "epochs": 3, "hidden": 16}
STUDY: dict[str, Any] = {
    "study": "small",
    "title": "A small study",
    "seeds": 2,
    "models_per_job": "all_seeds",
    "architectures": ["relu"],
    "representations": ["unconstrained", "distance"],
    "experiments": {"raw": RAW, "slow": RAW | {"learning_rate": 0.0001, "representations": ["distance"]}},
    "report": {"figure1": {"node": 3}},
}
Trainings = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Repository:
    """A git repository of the project with the small study as its default."""

    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results" / "small"

    @property
    def environment(self) -> dict[str, str]:
        person = {
            f"GIT_{who}_{what}": "nobody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        places = {f"DVC_{kind}": str(self.folder.parent / kind) for kind in ("GLOBAL_CONFIG_DIR", "SITE_CACHE_DIR")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return os.environ | person | places | {"PYTHONPATH": str(self.folder / "workflow"), "PATH": path}

    def attempt(self, *command: str) -> "subprocess.CompletedProcess[str]":
        process = functools.partial(subprocess.run, capture_output=True, text=True, check=False)
        return process(command, cwd=self.folder, env=self.environment)

    def run(self, *command: str) -> str:
        """Run `command`, which must succeed, and return what it printed."""
        answer = self.attempt(*command)
        assert answer.returncode == 0, f"{command}\n{answer.stdout}\n{answer.stderr}"
        return answer.stdout + answer.stderr

    def refused(self, *command: str) -> str:
        """Run `command`, which must fail, and return what it printed."""
        answer = self.attempt(*command)
        assert answer.returncode != 0, f"{command}\n{answer.stdout}\n{answer.stderr}"
        return answer.stdout + answer.stderr

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def configure(self, **changes: object) -> None:
        (self.folder / "config" / "config.yaml").write_text(yaml.safe_dump(STUDY | changes))

    def clone(self, folder: Path) -> "Repository":
        self.run("git", "clone", "--quiet", str(self.folder), str(folder))
        return Repository(folder).with_remote(self.folder.parent / "store")

    def copy(self, folder: Path) -> "Repository":
        """Return a copy, the working tree with its times and DVC's cache included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Repository(folder)

    def with_remote(self, store: Path) -> "Repository":
        self.run("dvc", "remote", "add", "--quiet", "--local", "--default", "store", str(store))
        return self

    def trainings(self) -> Trainings:
        """Return when each run was written, and its provenance: both change whenever it is trained again."""
        files = sorted(self.results.glob("runs/**/run.json"))
        return {
            path.parent.relative_to(self.results).as_posix(): (path.stat().st_mtime_ns, path.read_text())
            for path in files
        }

    def lock(self) -> dict[str, dict[str, object]]:
        values = yaml.safe_load((self.folder / "dvc.lock").read_text())
        return dict(values["stages"])
