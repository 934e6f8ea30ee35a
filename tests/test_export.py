"""The export of a study: a crate that the profile's own validator passes, without a network."""

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
import rocrate

from conftest import REPOSITORY, Checkout, checkout
from distancenets.configuration.study import load_study
from distancenets.errors import UserError
from distancenets.files import sha256
from distancenets.report.crate import write_crate

METADATA = "ro-crate-metadata.json"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
# The library carries a later context, which spells these terms in another way than 1.1 and the profile do.
BIOSCHEMAS = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return checkout(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def crate(project: Checkout) -> Path:
    """The paper's study as committed, and its weights and logs, which do not belong in the crate."""
    for name in ("runs", "logs"):
        (project.folder / "results" / "paper" / name).mkdir()
        (project.folder / "results" / "paper" / name / "large").write_text("")
    said = project.distancenets("export", "--study", "config/paper.yaml")
    path = project.folder / "results" / "paper" / "paper.crate.zip"
    with zipfile.ZipFile(path) as file:
        # Two folders, and the metadata, which describes itself.
        assert said == f"results/paper/paper.crate.zip: {len(file.namelist()) - 3} files\n"
    return path


def metadata(crate: Path) -> dict[str, Any]:
    with zipfile.ZipFile(crate) as file:
        content: dict[str, Any] = json.loads(file.read(METADATA))
    return content


def issues(monkeypatch: pytest.MonkeyPatch, crate: Path, work: Path) -> list[str]:
    """Return what the validator finds to be missing; the only page of the net is RO-Crate's context."""
    from rocrate_validator import services
    from rocrate_validator.models import ValidationSettings

    context = json.loads((Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text())
    page = json.dumps({"@context": context["@context"] | BIOSCHEMAS}).encode()

    def answer(_: object, request: requests.PreparedRequest, **__: object) -> requests.Response:
        if request.url != CONTEXT:
            raise requests.ConnectionError(f"no network: {request.url}")
        response = requests.Response()
        response.status_code, response._content, response.url = 200, page, CONTEXT
        response.request = request
        response.headers["Content-Type"] = "application/ld+json"
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", answer)
    monkeypatch.setenv("XDG_CACHE_HOME", str(work))
    settings = ValidationSettings(rocrate_uri=crate, profile_identifier="workflow-run-crate", no_cache=True)
    return [str(issue.message) for issue in services.validate(settings).get_issues()]


@pytest.mark.slow
def test_the_validator_of_the_profile_finds_nothing(
    monkeypatch: pytest.MonkeyPatch, crate: Path, tmp_path: Path
) -> None:
    assert issues(monkeypatch, crate, tmp_path) == []


@pytest.mark.slow
def test_the_validator_notices_a_crate_without_its_run(
    monkeypatch: pytest.MonkeyPatch, crate: Path, tmp_path: Path
) -> None:
    broken = copy.deepcopy(metadata(crate))
    broken["@graph"] = [entity for entity in broken["@graph"] if entity["@type"] != "CreateAction"]
    with zipfile.ZipFile(crate) as old, zipfile.ZipFile(tmp_path / "broken.zip", "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(broken) if name == METADATA else old.read(name))
    assert any(
        "MUST reference the root data entity's mainEntity" in issue
        for issue in issues(monkeypatch, tmp_path / "broken.zip", tmp_path)
    )


def test_the_crate_holds_what_the_study_is_made_of(crate: Path) -> None:
    entities = {entity["@id"]: entity for entity in metadata(crate)["@graph"]}
    with zipfile.ZipFile(crate) as file:
        names = set(file.namelist())
        digests = {name: sha256(file.read(name)) for name in names if entities.get(name, {}).get("sha256")}
    kept = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "results/paper/archive").rglob("*.*")}
    assert kept and kept <= names
    wanted = {"Snakefile", "workflow/rules/training.smk", "workflow/distancenets/training/trainer.py", "envs/run.txt"}
    wanted |= {f"results/paper/{name}" for name in ("claims.md", "provenance.csv", "study.yaml", "tables/table2.csv")}
    assert wanted <= names and not [name for name in names if "/runs/" in name or "/logs/" in name or ".pyc" in name]
    assert len(digests) > 300 and all(entities[name]["sha256"] == digest for name, digest in digests.items())
    assert entities["#paper"]["instrument"] == {"@id": "Snakefile"}
    runs = len((REPOSITORY / "results/paper/provenance.csv").read_text().splitlines()) - 1
    assert f"{runs} of 440 runs are archived" in entities["#paper"]["description"]


def test_what_is_missing_is_named(project: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    study, datasets, target = load_study(Path("config/paper.yaml")), Path("config/datasets.yaml"), tmp_path / "a.zip"
    with pytest.raises(UserError, match=r"archive: no archived run; run `distancenets archive --study config/paper"):
        write_crate(target, Path("config/paper.yaml"), study, Path("results/none"), datasets)
    with pytest.raises(UserError, match=r"config/other\.yaml: not a file of the project"):
        write_crate(target, Path("config/other.yaml"), study, Path("results/paper"), datasets)
    assert not target.exists()
