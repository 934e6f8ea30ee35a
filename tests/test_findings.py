"""The page of findings: its numbers are those of the files that it names."""

import base64
import gzip
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from conftest import REPOSITORY
from distancenets.configuration.study import Run, load_study
from distancenets.errors import UserError
from distancenets.report.coverage import coverage
from distancenets.report.findings import findings_page
from distancenets.report.trajectories import trajectories
from distancenets.runs.archive import ArchivedRun, add_to_archive

PAGE, PAPER = REPOSITORY / "docs" / "findings.md", Path("config", "paper.yaml")
DATASETS = REPOSITORY / "config" / "datasets.yaml"
REPORT = REPOSITORY / "docs" / "report" / "index.html"
REPORTED = load_study(REPOSITORY / "results" / "paper" / "study.yaml").reported_experiment
archived = pytest.mark.skipif(not PAGE.exists(), reason="the paper's study is not archived yet")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The committed results of the paper's study, and two runs of it."""
    apart = shutil.ignore_patterns("digests", "archive", "figures")
    shutil.copytree(REPOSITORY / "results" / "paper", tmp_path / "paper", ignore=apart)
    axes = {"experiment": REPORTED, "model": "ReLU", "epoch": 5000}
    runs = [axes | {"seed": seed, "test_accuracy": accuracy} for seed, accuracy in enumerate((90.0, 91.0))]
    pd.DataFrame(runs).to_csv(tmp_path / "paper" / "runs.csv", index=False)
    return tmp_path / "paper"


def page_of(root: Path) -> str:
    study = load_study(root / "study.yaml")
    return findings_page(Path("config/config.yaml"), study, study, root, DATASETS)


def test_numbers_are_those_of_the_files(root: Path) -> None:
    text = page_of(root)
    audit = json.loads((root / "audit.json").read_text())
    assert f"{audit['verdicts']['cannot be told']} of {sum(audit['verdicts'].values())} checks cannot be told" in text
    for check in ("same t twice", "same experiment, two results"):
        [finding] = [finding for finding in audit["findings"] if finding["check"] == check]
        assert finding["why"] in text
    assert "| ReLU | 2 | 5,000 | 90.50 | 90.00–91.00 |" in text
    held = pd.read_csv(root / "tables" / "protocols.csv")
    nearest = held.query("column == 'discussion' and models == printed_models").sort_values("distance").iloc[0]
    bias = "bias" if nearest.bias else "no bias"
    label = f"{nearest.experiment}, {nearest.epochs:,} epochs, {bias}"
    assert f"| {label} | discussion | {nearest.runs} | {nearest.distance:.1f} |" in text
    # √(0.91 · 0.09 / 10,000)
    assert "0.29 points at 91.0 %" in text
    assert (root / "tables" / "table2.md").read_text().strip() in text


def test_claims_are_told_by_what_they_are_about(root: Path) -> None:
    usual = load_study(REPOSITORY / "config" / "robustness.yaml")
    held = load_study(root / "study.yaml")

    def page() -> str:
        return findings_page(Path("config/config.yaml"), held, held, root, DATASETS, [usual])

    assert "About representations" not in page()
    readings = ["refuted in all 3", "depends on the protocol", "verdicts differ, no contrast does", "open"]
    rows = [{"claim": n, "name": f"claim {n}", "across experiments": each} for n, each in enumerate(readings, 1)]
    tables = root.parent / usual.study / "tables"
    tables.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(tables / "robustness.csv", index=False)
    (tables / "robustness.md").write_text("the matrix")
    text = page()
    assert "- **About representations**: 1. claim 1 (refuted in all 3)." in text
    assert "- **About hyper-parameters**: 2. claim 2." in text
    assert "no contrast does**: 3. claim 3." in text and "two experiments**: 4. claim 4." in text
    assert "- **momentum**: mnist, standardised pixels, momentum, learning rate 0.01, batches of 128" in text
    assert "the matrix" in text


def test_parts_of_a_study_are_counted_by_milestone() -> None:
    study = load_study(REPOSITORY / PAPER)
    archived = {
        Run("published", "relu", "intensity", 0): ArchivedRun((5000,), {}),
        Run("published", "relu", "intensity", 3): ArchivedRun((5000, 50000), {}),
        Run("published", "abs", "distance", 0): ArchivedRun((5000,), {}),
    }
    parts = list(coverage(study, archived))
    assert parts[0] == ("paper", "published", 5000, 3, 320, 2, 16, "1–2", 20)
    assert parts[1] == ("paper", "published", 50000, 1, 320, 1, 16, "1", 20)
    assert {(part.runs, part.seeds) for part in parts[2:]} == {(0, "0")} and parts[-1].wanted_runs == 40


def test_a_loss_that_rose_is_told_with_its_seed_and_epoch(tmp_path: Path) -> None:
    runs = [Run("raw", "abs", "intensity", seed) for seed in (0, 3)]
    columns = ["seed", "epoch", "train_loss", "train_accuracy", "test_accuracy"]
    # Rows need not be in order, and a run that is not asked for does not count.
    rows = [[0, 9000, 0.5, 90, 89], [0, 0, 20, 10, 11], [3, 0, 25, 10, 9], [3, 40, 3e12, 50, 49], [3, 9000, 0, 100, 96]]
    table = pd.DataFrame([*rows, [4, 1, 1e20, 0, 0]], columns=columns)
    axes = {"experiment": "raw", "architecture": "abs", "representation": "intensity", "model": "Abs2"}
    listed = pd.DataFrame({"seed": [0, 3, 4], "provenance": '{"code": {}}'}).assign(**axes)
    add_to_archive(tmp_path, {"runs": listed, "metrics": table})
    [row] = trajectories(runs, tmp_path)
    assert row == {
        "experiment": "raw",
        "model": "Abs2",
        "epochs": "9,000",
        "seeds": "2",
        "start": "20–25",
        "peak": "3e+12 (seed 3, epoch 40)",
        "end": "0–0.5",
        "train_accuracy": "95.00",
        "gap": "+2.50",
    }
    assert trajectories([], tmp_path) == []
    # Runs that were followed to different epochs have no common end.
    add_to_archive(tmp_path, {"runs": listed, "metrics": table[(table["seed"] > 0) | (table["epoch"] < 9000)]})
    ends = [(row["epochs"], row["seeds"], row["end"]) for row in trajectories(runs, tmp_path)]
    assert ends == [("0", "1", "20"), ("9,000", "1", "0")]


@pytest.mark.parametrize("name", ["tables/protocols.csv", "audit.json", "claims.json", "runs.csv"])
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"[1]", b"\xff\xfe"])
def test_a_file_of_something_else_is_named(root: Path, name: str, content: bytes) -> None:
    (root / name).write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(root / name))):
        page_of(root)


def test_prose_without_its_finding_is_refused(root: Path) -> None:
    audit = json.loads((root / "audit.json").read_text())
    audit["findings"] = [finding for finding in audit["findings"] if finding["check"] != "same t twice"]
    (root / "audit.json").write_text(json.dumps(audit))
    with pytest.raises(UserError, match=r"audit\.json: the audit finds no inconsistency of the kind 'same t twice'"):
        page_of(root)


@pytest.mark.slow
@archived
def test_the_committed_page_is_that_of_the_committed_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    wanted, root = load_study(PAPER), Path("results", "paper")
    further = [load_study(Path("config", name)) for name in ("robustness.yaml",)]
    page = findings_page(PAPER, wanted, load_study(root / "study.yaml"), root, DATASETS, further)
    assert page == PAGE.read_text()


@archived
@pytest.mark.parametrize("name", ["study.yaml", "claims.json", "tables/table2.csv", "provenance.csv", "audit.json"])
def test_the_committed_report_holds_the_committed_results(name: str) -> None:
    """Its downloads are these files, byte for byte; those that are long are compressed."""
    found = re.search(rf'href="data:[^;]+;base64,([^"]+)">{re.escape(name)}(\.gz)?</a>', REPORT.read_text())
    assert found is not None
    content = base64.b64decode(found[1])
    committed = (REPOSITORY / "results" / "paper" / name).read_bytes()
    assert (gzip.decompress(content) if found[2] else content) == committed
