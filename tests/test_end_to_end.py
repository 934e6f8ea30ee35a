"""The test study from data to summary, through the real snakemake command, on real MNIST."""

import re
from pathlib import Path

import pandas
import pytest
from PIL import Image

from conftest import Checkout, checkout
from distancenets.configuration.study import load_study
from distancenets.datasets.store import Dataset
from distancenets.training.paths import run_path

TEST = ("--configfile", "config/test.yaml")


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Checkout:
    """A copy in which config/test.yaml has been run, on real MNIST."""
    copy = checkout(tmp_path_factory.mktemp("tested"))
    source = Path(__file__).parent.parent / "data" / "mnist"
    (copy.folder / "data" / "mnist").mkdir(parents=True)
    for name in ("images.safetensors", "manifest.json"):
        (copy.folder / "data" / "mnist" / name).hardlink_to(source / name)
    copy.complete(*TEST)
    return copy


def results(copy: Checkout, study: str) -> Path:
    return copy.folder / "results" / study


def test_the_test_study_runs_end_to_end(tested: Checkout) -> None:
    root = results(tested, "test")
    study = load_study(tested.folder / "config" / "test.yaml")
    runs = list(study.runs())
    assert all((root / run_path(run) / "weights.safetensors").exists() for run in runs)
    table = pandas.read_csv(root / "runs.csv")
    # `raw` keeps two milestones, `standardised` one.
    assert len(table) == sum(2 if run.experiment == "raw" else 1 for run in runs)
    assert table["test_accuracy"].between(0, 100).all()


def test_tables_stand_beside_the_published_values(tested: Checkout) -> None:
    tables = results(tested, "test") / "tables"
    for name in ("table1", "table2", "table3", "table4", "table5", "discussion"):
        assert {path.suffix for path in tables.glob(f"{name}.*")} == {".csv", ".md", ".tex"}
        assert "\\toprule" in (tables / f"{name}.tex").read_text()
    rows = pandas.read_csv(tables / "table2.csv").set_index("printed")
    runs = pandas.read_csv(results(tested, "test") / "runs.csv")
    mine = runs[(runs["experiment"] == "raw") & (runs["model"] == "ReLU2") & (runs["epoch"] == 2)]["test_accuracy"]
    assert rows.loc["ReLU2", "mean"] == pytest.approx(mine.mean())
    assert rows.loc["ReLU2", "sd_population"] == pytest.approx(mine.std(ddof=0))
    assert rows.loc["ReLU2", "difference"] == pytest.approx(mine.mean() - rows.loc["ReLU2", "published_mean"])
    assert rows.loc["Abs", "n"] == 0
    assert "not trained" in (tables / "table2.md").read_text()
    assert len(pandas.read_csv(tables / "table1.csv")) == 16


def test_figures_are_pictures_with_something_in_them(tested: Checkout) -> None:
    figures = results(tested, "test") / "figures"
    names = {path.stem for path in figures.glob("*.png")}
    assert {"figure1", "learning_curves_raw", "final_accuracies_standardised"} <= names
    for name in names:
        with Image.open(figures / f"{name}.png") as picture:
            assert picture.width > 600 and len(picture.convert("RGB").getcolors(maxcolors=1 << 24) or []) > 10
        assert (figures / f"{name}.svg").read_text().rstrip().endswith("</svg>")


def test_the_summary_shows_every_table_and_figure(tested: Checkout) -> None:
    root = results(tested, "test")
    summary = (root / "summary.md").read_text()
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", summary)
    assert len(pictures) >= 5 and all((root / picture).exists() for picture in pictures)
    assert all((root / "tables" / f"{name}.md").read_text().strip() in summary for name in ("table1", "table5"))


def test_a_second_run_does_nothing(tested: Checkout) -> None:
    answer = tested.snakemake(*TEST)
    assert answer.returncode == 0 and "Nothing to be done" in answer.stderr + answer.stdout


def test_a_configfile_replaces_the_default_study(tested: Checkout) -> None:
    answer = tested.snakemake("-n", "--configfile", "config/paper.yaml", "--config", "seeds=2")
    assert answer.returncode == 0, answer.stderr
    assert "results/paper/" in answer.stdout + answer.stderr
    assert "results/quick/" not in answer.stdout + answer.stderr
