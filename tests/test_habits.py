"""What a code host, an archive and a contributor read: it agrees with the project."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY
from distancenets.configuration.published import load_published

MAKEFILE = (REPOSITORY / "Makefile").read_text()


def read(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    metadata: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return metadata


def test_zenodo_the_citation_and_the_package_agree(project: dict[str, Any]) -> None:
    zenodo, citation = json.loads((REPOSITORY / ".zenodo.json").read_text()), read("CITATION.cff")
    assert zenodo["upload_type"] == citation["type"] == "software"
    assert zenodo["title"] == citation["title"]
    assert zenodo["version"] == citation["version"] == project["version"]
    assert zenodo["license"] == citation["license"] == project["license"]
    assert [creator["name"] for creator in zenodo["creators"]] == [author["name"] for author in citation["authors"]]
    assert zenodo["description"] == project["description"]


def test_all_cite_the_paper_of_the_record() -> None:
    paper = load_published(REPOSITORY / "config" / "published.yaml").paper
    zenodo, citation = json.loads((REPOSITORY / ".zenodo.json").read_text()), read("CITATION.cff")
    wanted = paper.identifier.replace(" ", ":")
    assert [each["identifier"] for each in zenodo["related_identifiers"]] == [wanted]
    [reference] = citation["references"]
    assert reference["title"] == citation["preferred-citation"]["title"] == paper.title
    assert [each["value"] for each in reference["identifiers"]] == [wanted]


def test_the_changelog_begins_with_the_version_of_the_package(project: dict[str, Any]) -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == project["version"]


def test_the_hooks_are_checks_of_make_test() -> None:
    recipe = re.search(r"^test: .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe is not None
    checks = recipe[1].replace("$(BIN)/", ".venv/bin/").split("\n")
    entries = [hook["entry"] for repository in read(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
    assert len(entries) == 4
    assert [entry for entry in entries if f"\t{entry}" not in checks] == []


def test_the_workflow_of_the_code_host_runs_ours_with_pinned_actions() -> None:
    files = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
    used = [line for path in files for line in re.findall(r"uses: (.*)", path.read_text())]
    assert used and all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in used)
    [job] = read(".github/workflows/test.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert "make test" in (REPOSITORY / ".ci" / "run").read_text().splitlines()


def test_the_catalogue_promises_what_the_rules_have() -> None:
    usage = read(".snakemake-workflow-catalog.yml")["usage"]
    rules = "".join(path.read_text() for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    assert usage["mandatory-flags"]["flags"] is None
    assert usage["software-stack-deployment"]["conda"] is ("conda:" in rules)
    assert usage["software-stack-deployment"]["singularity"] is ("container:" in rules)
    assert usage["report"] is ("report(" in rules)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md"])
def test_what_a_page_points_at_is_there(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links and [link for link in links if not (REPOSITORY / link).exists()] == []
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert {word for line in re.findall(r"\bmake ([a-z ]+)[`\n]", text) for word in line.split()} <= targets
