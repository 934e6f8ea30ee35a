"""Committed results beside those that their archive gives."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY
from distancenets.cli.options import FURTHER, PAPER
from distancenets.derived import listed_faults
from distancenets.errors import Damaged
from distancenets.report.verification import differences, page_faults
from distancenets.runs.committed import compared

ROOT = REPOSITORY / "results" / "paper"


@pytest.fixture
def derived(tmp_path: Path) -> Path:
    """A copy of the committed results, as if they had been derived."""
    copy = tmp_path / "derived"
    for path in compared(ROOT):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy / path)
    return copy


def test_equal_results_are_no_difference(derived: Path) -> None:
    assert len(compared(ROOT)) > 40 and differences(ROOT, derived) == []


def test_a_number_that_moved_is_found(derived: Path) -> None:
    path = derived / "tables" / "table2.csv"
    text = path.read_text()
    published = text.splitlines()[1].split(",")[4]
    path.write_text(text.replace(published, str(float(published) + 1e-6), 1))
    [line] = differences(ROOT, derived)
    assert "tables/table2.csv: differs from the values that follow from the archive" in line


def test_rounding_in_the_last_digit_is_no_difference(derived: Path) -> None:
    path = derived / "metrics.json"
    values = json.loads(path.read_text())
    relu = next(iter(values.values()))["ReLU"]
    relu["mean"] = math.nextafter(relu["mean"], 0)
    path.write_text(json.dumps(values))
    assert differences(ROOT, derived) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("claims.json", '"undetermined"', '"supported"'),
        ("tables/table2.md", "95.87", "95.88"),
        ("claims.md", "a", "b"),
        ("summary.md", "95.87", "95.88"),
    ],
)
def test_a_changed_verdict_or_text_is_found(derived: Path, name: str, old: str, new: str) -> None:
    path = derived / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert [line.split(": ")[0] for line in differences(ROOT, derived)] == [str(ROOT / name)]


def test_a_file_that_does_not_follow_is_found(derived: Path) -> None:
    (derived / "verdicts.json").unlink()
    (derived / "tables" / "table6.csv").touch()
    assert differences(ROOT, derived) == [
        f"{ROOT / 'tables' / 'table6.csv'}: is missing, but follows from the archive",
        f"{ROOT / 'verdicts.json'}: does not follow from the archive",
    ]


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed results and of the pages that show them, as the present folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "results/paper", "results/robustness", "docs"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("runs", "measurements"))
    shutil.copy(REPOSITORY / "README.md", tmp_path)
    return tmp_path


FIGURES = Path("results", "paper", "figures")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/findings.md", "docs/report/index.html"])
def test_a_page_that_was_changed_is_found(pages: Path, name: str) -> None:
    given = (PAPER, Path("results", "paper"), FURTHER)
    assert list(page_faults(*given)) == []
    text = Path(name).read_text()
    old, new = ("14 claims", "15 claims") if name == "README.md" else ("95.87", "97.77")
    assert old in text
    Path(name).write_text(text.replace(old, new))
    assert [line.partition(":")[0] for line in page_faults(*given)] == [name]


@pytest.mark.parametrize("kind", [".png", ".svg"])
def test_a_figure_that_was_replaced_is_found(pages: Path, kind: str) -> None:
    assert list(listed_faults(FIGURES)) == [] and len(list(FIGURES.glob(f"*{kind}"))) > 20
    figure = FIGURES / f"figure1{kind}"
    shutil.copy(FIGURES / f"robustness{kind}", figure)
    assert list(listed_faults(FIGURES)) == [f"{figure}: not the file that {FIGURES / 'digests'} lists"]
    figure.rename(FIGURES / f"forged{kind}")
    assert [line.partition(",")[0] for line in listed_faults(FIGURES)] == [
        f"{figure}: missing",
        f"{FIGURES}/forged{kind}: {FIGURES / 'digests'} does not list it",
    ]
    (FIGURES / "digests" / "figure1.json").write_text("{}")
    with pytest.raises(Damaged, match=r"digests/figure1\.json"):
        list(listed_faults(FIGURES))


def test_all_committed_figures_are_listed() -> None:
    assert list(listed_faults(ROOT / "figures")) == []


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT.parent / "paper" / "archive").exists(), reason="the paper's study is not archived yet")
def test_the_committed_results_of_the_paper_follow_from_their_archive() -> None:
    distancenets = Path(sys.executable).with_name("distancenets")
    command = [str(distancenets), "verify", "--study", "config/paper.yaml"]
    answer = subprocess.run(command, cwd=ROOT.parent.parent, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "results/paper: all " in answer.stdout
