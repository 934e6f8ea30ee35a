"""The pages of docs/: what they point at is there, and what they say of files, settings and numbers holds."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import typer
from pydantic import BaseModel
from scipy import stats

from conftest import REPOSITORY, Workshop
from distancenets.cli.commands import app
from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.experiment import Experiment
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.configuration.study import ReportSettings, TrainingSettings, load_study
from distancenets.report.reference import configuration_page, interpreting_page, outputs_page
from distancenets.statistics.hypothesis_tests import minimum_detectable_d, minimum_detectable_d_z
from distancenets.statistics.summaries import binomial_standard_error

PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
OUTPUTS = (REPOSITORY / "docs" / "outputs.md").read_text()
LIMITS = " ".join((REPOSITORY / "docs" / "limits.md").read_text().split())
SETTINGS: dict[str, type[BaseModel]] = {
    "experiments.*": Experiment,
    "claims": ClaimsSettings,
    "statistics": StatisticsSettings,
    "report": ReportSettings,
    "training": TrainingSettings,
}


def anchors(page: Path) -> set[str]:
    """Return the anchors that a code host gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_points_at_is_there(page: Path) -> None:
    text = page.read_text()
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        path = (page.parent / target) if target else page
        assert path.exists() and (not anchor or anchor in anchors(path)), f"{target}#{anchor}"
    made = set(re.findall(r"^New file `([^`]+)`", text, re.MULTILINE))
    named = set(re.findall(r"`((?:config|docs|tests|workflow|profiles|envs|benchmarks)/[\w./-]+)`", text))
    assert [path for path in named - made if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_and_commands_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text()
    for group, name in re.findall(r"`(experiments\.\*|claims|statistics|report|training)\.(\w+)[\w.]*`", text):
        assert name in SETTINGS[group].model_fields or name in ("md", "json", "csv", "smk", "py", "html"), (
            f"{group}.{name}"
        )
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"(?:^|`)distancenets ([\w-]+)", text, re.MULTILINE)) <= commands


def test_the_index_lists_every_page() -> None:
    index = (REPOSITORY / "docs" / "README.md").read_text()
    assert {page.name for page in PAGES} - {"README.md"} == set(
        re.findall(r"^\| \[[\w.-]+\]\(([\w.-]+)\)", index, re.M)
    )
    assert "(docs/README.md)" in (REPOSITORY / "README.md").read_text()


def test_the_generated_pages_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    """`distancenets docs` writes them."""
    monkeypatch.chdir(REPOSITORY)
    root = Path("results", "paper")
    assert Path("docs", "configuration.md").read_text() == configuration_page()
    assert Path("docs", "outputs.md").read_text() == outputs_page()
    page = interpreting_page(load_study(root / "study.yaml"), root)
    assert Path("docs", "interpreting-results.md").read_text() == page


def test_every_key_of_a_study_has_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", configuration_page(), re.MULTILINE)
    assert len(rows) > 40 and [name for name, default, meaning in rows if not (default and meaning.strip())] == []


@pytest.fixture
def finished(workshop: Workshop) -> Path:
    """The folder of a small study, with every file that this package writes but figures and pages."""
    workshop.study(epochs=2, hidden=8)
    text = (workshop.folder / "config" / "config.yaml").read_text()
    axes = "architectures: [relu]\nrepresentations: [unconstrained]\n"
    (workshop.folder / "config" / "config.yaml").write_text(text.replace("seeds: 4", "seeds: 2") + axes)
    shutil.copy(REPOSITORY / "config" / "published.yaml", workshop.folder / "config")
    runs = "results/small/runs.csv"
    assert workshop.train("--seeds", "0-1", model=("relu", "unconstrained")).returncode == 0
    for command in (
        ["collect"],
        ["dvc-metrics"],
        *(["measure", name] for name in ("networks", "figure1")),
        ["statistics", runs, "--out-dir", "results/small/statistics"],
        ["claims", runs, "--out-dir", "results/small"],
        ["audit", "--out-dir", "results/small"],
        ["table", "paper", runs, "--out-dir", "results/small/tables"],
        ["table", "protocols", runs, "--stem", "results/small/tables/protocols"],
        ["table", "contrasts", runs, "--stem", "results/small/tables/contrasts"],
        ["table", "robustness", "results/small/claims.json", "--stem", "results/small/tables/robustness"],
        ["table", "measurements"],
        ["table", "images"],
    ):
        answer = workshop.run(*command)
        assert answer.returncode == 0, answer.stderr
    return workshop.results


@pytest.mark.slow
def test_every_file_of_a_study_and_every_column_is_explained_as_it_is(finished: Path) -> None:
    committed = REPOSITORY / "results" / "paper"
    files = {
        path.relative_to(root).as_posix()
        for root in (finished, committed)
        for path in root.rglob("*")
        if path.is_file()
    }
    # A folder stands for all in it only where a heading names it.
    names = re.findall(r"`(\w[\w./<>~…]*)`", OUTPUTS)
    headings = " ".join(re.findall(r"^### .*", OUTPUTS, re.MULTILINE))
    explained = [pattern(name) for name in names if not name.endswith("/") or f"`{name}`" in headings]
    assert [file for file in sorted(files) if not any(known.match(file) for known in explained)] == []
    unknown = [(file, column) for file, column in named_columns() if column not in columns(finished, file)]
    assert unknown == [] and len(list(named_columns())) > 80


def pattern(name: str) -> re.Pattern[str]:
    """Return what matches the files that outputs.md means by `name`: a folder all in it, a table all its forms."""
    text = re.sub(r"<\w+>|…", "[^/]+", re.escape(name))
    if name.endswith("/"):
        return re.compile(text)
    if name.startswith(("tables/", "figures/")):
        text = re.sub(r"\\\.csv$", "", text) + r"\.(csv|md|tex|png|svg)"
    return re.compile(f"{text}$")


def named_columns() -> list[tuple[str, str]]:
    """Return (files, column) for each column that a table of outputs.md explains."""
    found = []
    for section in OUTPUTS.split("\n### ")[1:]:
        named = re.findall(r"\| column of (`.*`) \|", section) or [section.split("\n")[0]]
        for cell in re.findall(r"^\| (`[^|]*`) \|", section.split("\n## ")[0], re.MULTILINE):
            found += [(named[0], column) for column in re.findall(r"`(\w+)`", cell)]
    return [entry for entry in found if re.search(r"\.(csv|json|parquet)`", entry[0])]


def columns(root: Path, files: str) -> set[str]:
    """Return the columns of all the files that are named in backticks in `files`."""
    found: set[str] = set()
    for name in re.findall(r"`([\w./]+\.(?:csv|json|parquet))`", files):
        if name.endswith(".csv"):
            found |= set(pd.read_csv(root / name, nrows=1).columns)
        elif name.endswith(".parquet"):
            found |= set(pd.read_parquet(root / name).columns)
        else:
            content = json.loads((root / name).read_text())
            found |= set(content[0]) if isinstance(content, list) else set()
    return found


def test_the_numbers_of_the_limits_are_those_of_the_statistics() -> None:
    accuracies = [f"{binomial_standard_error(accuracy, 10_000):.2f}" for accuracy in (95, 97.6)]
    assert "is {} points at 95 % and {} points at 97.6 %".format(*accuracies) in LIMITS
    unpaired = [f"{minimum_detectable_d(n, n, 0.05, 0.8):.2f}" for n in (20, 10, 3)]
    paired = [f"{minimum_detectable_d_z(n, 0.05, 0.8):.2f}" for n in (20, 10, 3)]
    said = "20 seeds a model find a true difference of {} pooled SDs unpaired and {} SDs of the differences paired"
    assert said.format(unpaired[0], paired[0]) in LIMITS
    wider = stats.t.ppf(1 - 0.05 / 2, 19) / stats.t.ppf(1 - 0.05, 19)
    assert f"at 20 seeds the intervals of a claim with one condition are {wider:.2f} times as wide" in LIMITS
    assert f"leave room for a share of {1 - 0.025 ** (1 / 20):.0%} at".replace("%", " %") in LIMITS
    assert f"10 seeds {unpaired[1]} and {paired[1]}; 3 seeds {unpaired[2]} and {paired[2]}." in LIMITS


def test_the_tried_faults_are_those_that_were_counted() -> None:
    """Each row of the table of docs/reliability.md, from the file that it names; and nothing got through."""
    text = (REPOSITORY / "docs" / "reliability.md").read_text()
    [name] = re.findall(r"`(benchmarks/results/\S+-faults\.json)`", text)
    rows = json.loads((REPOSITORY / name).read_text())["rows"]
    assert len(rows) > 15 and all(row["tried"] == row["held"] > 0 for row in rows)
    for row in rows:
        assert f"\n| {row['fault']} | {row['tried']} | {row['held']} |\n" in text
