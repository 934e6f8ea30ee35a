"""The README and what it promises."""

import re
from pathlib import Path

import pytest

from conftest import REPOSITORY
from distancenets.configuration.study import load_study
from distancenets.errors import UserError
from distancenets.report.readme import with_results


def test_the_results_are_those_of_the_committed_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    root = Path("results/quick")
    readme = Path("README.md")
    assert with_results(readme, load_study(root / "study.yaml"), root) == readme.read_text()


def test_the_committed_study_is_the_default_one() -> None:
    committed = load_study(REPOSITORY / "results" / "quick" / "study.yaml")
    assert committed == load_study(REPOSITORY / "config" / "config.yaml")


def test_every_file_that_the_readme_points_at_is_there() -> None:
    text = (REPOSITORY / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:config|docs|tests|workflow|profiles|envs)/[\w./-]+)`", text)
    assert links and named
    assert [path for path in (*links, *named) if not (REPOSITORY / path).exists()] == []


def test_a_readme_without_the_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no marks")
    with pytest.raises(UserError, match=r"README\.md: expected the marks"):
        with_results(tmp_path / "README.md", load_study(REPOSITORY / "config" / "config.yaml"), tmp_path)
