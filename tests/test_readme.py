"""The README and what it promises."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import REPOSITORY
from distancenets.audit.serialization import read_summary
from distancenets.cli.options import FURTHER
from distancenets.configuration.study import load_study
from distancenets.errors import UserError
from distancenets.report.readme import BEGIN, END, with_results
from numerical_samples import provenance_of


def test_the_results_are_those_of_a_committed_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    readme = Path("README.md")
    block = readme.read_text().split(BEGIN)[1].split(END)[0]
    *_, page = re.findall(r"\]\((results/[^/]+/summary\.md)\)", block)
    root, further = Path(page).parent, [load_study(path) for path in FURTHER]
    assert with_results(readme, load_study(root / "study.yaml"), root, further) == readme.read_text()


def test_it_is_short() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 120


def test_the_results_are_the_verdict_on_every_claim_and_a_figure(tmp_path: Path) -> None:
    """Of any study: this one decides some claims."""
    readme, root = tmp_path / "README.md", tmp_path / "results" / "paper"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    study = load_study(REPOSITORY / "config" / "paper.yaml")
    rulings: list[dict[str, object]] = [
        {
            "claim": number,
            "name": f"claim {number}",
            "statement": f"statement {number}",
            "place": "Table 2",
            "experiment": experiment,
            "verdict": "supported" if number == 1 else "mixed",
            "why": f"reason {number}",
            "seeds": 20,
            "epochs_needed": None,
            "seeds_needed": None,
            "flips": [],
            "alpha_holm": 0.01,
        }
        for experiment in ("published", "offset_l2_as_printed")
        for number in (1, 2)
    ]
    root.mkdir(parents=True)
    (root / "claims.json").write_text(json.dumps(rulings))
    (root / "tables").mkdir()
    columns = "experiment,epochs,bias,column,mean_distance"
    rows = ["published,5000,False,table2,14.16", "published,5000,False,discussion,0.55"]
    # Neither a protocol with a bias, nor more epochs, nor another experiment is what the sets are compared with.
    rows += ["published,5000,True,table2,7", "published,50000,False,table2,8", "standardised,5000,False,table2,9"]
    (root / "tables" / "protocols.csv").write_text("\n".join([columns, *rows]))
    shutil.copy(REPOSITORY / "results" / "paper" / "audit.json", root)
    relu, absolute = {"experiment": "published", "engine": "split"}, {"experiment": "published", "engine": "dense"}
    provenance_of(relu, absolute | {"model": "Abs"}).to_csv(root / "provenance.csv")
    runs = [
        "published,5000,ReLU,0,95",
        "published,5000,ReLU,1,96",
        "published,50000,Abs,0,97",
        "published,5000,Abs,0,95",
    ]
    (root / "runs.csv").write_text("\n".join(["experiment,epoch,model,seed,test_accuracy", *runs]))
    text = with_results(readme, study, root)
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "\nold\n" not in text
    assert "2 models × 1–2 seeds at 5,000 and 1 model × 1 seed at 50,000 epochs on raw pixels. " in text
    assert "are 14.2 standard errors from Table 2 and 0.6 from the discussion's text. " in text
    assert "Of the paper's 2 claims, 1 is supported and 1 mixed." in text
    assert "\n| published | 1 |  | 2 |  |  |\n| offset_l2_as_printed | 1 |" in text
    assert f"** {read_summary(root / 'audit.json')[0]}\n" in text
    assert f"]({root}/figures/six_models.png)" in text
    usual = load_study(REPOSITORY / "config" / "robustness.yaml")
    assert with_results(readme, study, root, [usual]) == text
    elsewhere = root.parent / usual.study
    elsewhere.mkdir()
    others = [entry | {"experiment": "usual", "verdict": "refuted", "seeds": 20} for entry in rulings[:2]]
    (elsewhere / "claims.json").write_text(json.dumps(others))
    text = with_results(readme, study, root, [usual])
    told = "- **Under usual training** (adam, learning rate 0.001, batches of 128, 10 passes, 20 seeds): 2 refuted. "
    assert f"{told}[Study {usual.study}]({elsewhere}/summary.md)" in text
    assert "\n| usual |  |  |  | all |  |" in text


def test_what_the_default_study_leaves_is_not_in_git() -> None:
    """So that `git status` is clean after `make`, on every machine."""
    study = load_study(REPOSITORY / "config" / "config.yaml")
    root = f"results/{study.study}"
    paths = [f"{root}/{name}" for name in ("provenance.csv", "claims.json", "figures/figure1.svg", "recheck.csv")]
    answer = subprocess.run(
        ["git", "check-ignore", *paths], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert answer.stdout.splitlines() == paths
    listed = subprocess.run(["git", "ls-files", root], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert listed.stdout == ""


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
