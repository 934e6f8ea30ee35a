"""The figure of differences, measured and published, and what its title says of the runs behind it."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from conftest import REPOSITORY
from distancenets.cli.commands import app
from distancenets.configuration.published import load_published
from distancenets.configuration.statistics import PAPER_COMPARISONS
from distancenets.figures.differences import differences_figure
from distancenets.figures.style import use_style, write_figure
from distancenets.statistics.published import printed_differences
from distancenets.words import seeds_text
from numerical_samples import SETTINGS, A, B, runs_of


@pytest.mark.parametrize(
    ("counts", "text"), [([10, 10], "10 seeds"), ([2, 1, 3], "1–3 seeds"), ([1], "1 seed"), ([], "0 seeds")]
)
def test_seeds_in_words(counts: list[int], text: str) -> None:
    assert seeds_text(counts) == text


def test_the_title_counts_the_runs_that_are_drawn(tmp_path: Path) -> None:
    runs = runs_of({"ReLU": A, "Abs": B[:2]}, epoch=9)
    (tmp_path / "runs.csv").write_text(runs.to_csv(index=False))
    (tmp_path / "study.yaml").write_text("study: s\ntitle: t\nseeds: 20\nexperiments: {raw: {epochs: 9}}\n")
    chosen = ["--study", str(tmp_path / "study.yaml")]
    made = CliRunner().invoke(app, ["statistics", str(tmp_path / "runs.csv"), "--out-dir", str(tmp_path), *chosen])
    assert made.exit_code == 0, made.output
    figure = ["figure", "differences", str(tmp_path / "comparisons.csv"), "--experiment", "raw"]
    published_file = ["--published", str(REPOSITORY / "config" / "published.yaml")]
    drawn = CliRunner().invoke(app, [*figure, "--stem", str(tmp_path / "drawn"), *chosen, *published_file])
    assert drawn.exit_code == 0, drawn.output
    assert f"raw, 9 epochs, 2–{len(A)} seeds; published" in (tmp_path / "drawn.svg").read_text()


@pytest.mark.parametrize("largest", [0.5, 48.0])
def test_figure_shows_every_row_and_names_everything(tmp_path: Path, largest: float) -> None:
    measured = pd.DataFrame(
        {
            "label": ["a vs b", "c vs d"],
            "difference": [0.1, -largest],
            "low": [0.0, -largest - 1],
            "high": [0.2, np.nan],
        }
    )
    published = measured.iloc[:1].assign(label="e vs f")
    use_style()
    series = {"measured": measured, "published": published}
    figure = differences_figure(series, ["e vs f", "g vs h", "a vs b", "c vs d"], 0.2, 0.95, "three comparisons")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["e vs f", "a vs b", "c vs d"]
    assert "percentage points" in axes.get_xlabel()
    assert axes.get_xscale() == ("linear" if largest < 1 else "symlog")
    assert ("logarithmic" in axes.get_xlabel()) == (largest > 1)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["equal: within ±0.2", "measured, Welch's 95 % interval", "published, Welch's 95 % interval"]
    points = [list(np.asarray(line.get_xdata())) for line in axes.lines]
    assert [0.1, -largest] in points
    write_figure(figure, tmp_path / "rate_0.001")
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        assert (tmp_path / f"rate_0.001{suffix}").read_bytes().startswith(start)


def test_printed_differences_by_hand() -> None:
    table = load_published(REPOSITORY / "config" / "published.yaml").tables["discussion"]
    found = printed_differences(table, SETTINGS).set_index("label")
    assert list(found.index) == [f"{first} vs {second}" for first, second in PAPER_COMPARISONS]
    row = found.loc["ReLU2-Neg vs ReLU"]
    assert row["difference"] == pytest.approx(94.93 - 95.64)
    # The variances of two means of 20 runs, from population SDs: SD² / 19 each; Satterthwaite's df.
    first, second = 0.15**2 / 19, 0.19**2 / 19
    df = (first + second) ** 2 / (first**2 / 19 + second**2 / 19)
    half = stats.t.ppf(0.975, df) * math.sqrt(first + second)
    assert [row["low"], row["high"]] == pytest.approx([94.93 - 95.64 - half, 94.93 - 95.64 + half])
