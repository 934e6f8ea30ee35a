"""The measurements of trained networks as commands, and the tables and figures that are made of them."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import REPOSITORY, Workshop
from distancenets.configuration.published import load_published
from distancenets.derived import read_experiment
from distancenets.errors import UserError
from distancenets.figures.drawing import MEASURED
from distancenets.measurements.registry import AXES, FIGURES, MEASUREMENTS
from distancenets.tables.measurements import Column, Layout, geometry_cells, geometry_table, with_published_activity


def measured(workshop: Workshop, threads: int) -> dict[str, bytes]:
    """Measure with so many threads, and return the files."""
    answer = workshop.run("measure", "networks", "--threads", str(threads))
    assert answer.returncode == 0 and "measured 8 of 8 networks\n" in answer.stdout, answer.stderr
    return {path.name: path.read_bytes() for path in (workshop.results / "measurements").glob("*.*")}


@pytest.fixture
def small_study(workshop: Workshop) -> Workshop:
    """Two models, two seeds and two milestones, trained for six epochs."""
    workshop.study(milestones=[3])
    path = workshop.folder / "config/config.yaml"
    chosen = {"seeds": 2, "architectures": ["relu", "relu_l2"], "representations": ["distance"]}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | chosen))
    for architecture in ("relu", "relu_l2"):
        assert workshop.train("--seeds", "0-1", model=(architecture, "distance")).returncode == 0
    return workshop


@pytest.mark.slow
def test_every_measurement_writes_its_tables(small_study: Workshop) -> None:
    folder = small_study.results / "measurements"
    rows = {"activity": 32, "projections_by_run": 8, "orientation_by_run": 8, "prototypes_by_run": 8}
    rows |= {"mahalanobis_by_run": 48, "perturbation_by_run": 16, "prototype_neighbours": 800}
    assert measured(small_study, 1) == measured(small_study, 3)
    for name, count in rows.items():
        table = pd.read_csv(folder / f"{name}.csv")
        assert tuple(table.columns[:6]) == AXES and len(table) == count, name
        assert set(table["epoch"]) == {3, 6} and set(table["seed"]) == {0, 1}
    curve = pd.read_csv(folder / "perturbation.csv")
    metrics = pd.read_parquet(next(small_study.results.glob("runs/**/*relu/*distance/*seed~1/metrics.parquet")))
    last = metrics.set_index("epoch")["test_accuracy"][6]
    same = curve[(curve["architecture"] == "relu") & (curve["seed"] == 1) & (curve["epoch"] == 6)]
    unclamped = same[(same["side"] == "below") & (same["level"] == 0)]
    assert unclamped["accuracy"].item() == pytest.approx(last, abs=0.01)
    tables_and_figures_follow(small_study)


def tables_and_figures_follow(study: Workshop) -> None:
    """Check what is made of the measurements here: measuring anew would take as long as all other tests."""
    assert study.run("collect").returncode == 0
    where = ("--published", str(REPOSITORY / "config" / "published.yaml"))
    for arguments in (("figure", "measurements", "--experiment", "raw"), ("table", "measurements")):
        answer = study.run(*arguments, *where)
        assert answer.returncode == 0, answer.stderr
    for name in FIGURES:
        assert (study.results / "figures" / f"{name}_raw.png").stat().st_size > 5000
    for name in MEASUREMENTS:
        shown = (study.results / "tables" / f"{name}.md").read_text()
        assert "ReLU2-Neg" in shown and "ReLU-L2-Neg" in shown and "3 and 6 epochs" in shown
    by_run = pd.read_csv(study.results / "measurements" / "orientation_by_run.csv")
    scores = by_run[(by_run["epoch"] == 6) & (by_run["model"] == "ReLU2-Neg")]["score"]
    table = pd.read_csv(study.results / "tables" / "orientation.csv").set_index("model").query("epochs == 6")
    assert table["score_mean"]["ReLU2-Neg"] == pytest.approx(scores.mean())
    assert table["score_sd_population"]["ReLU2-Neg"] == pytest.approx(scores.std(ddof=0))
    line = study.refused("figure", "measurements", "--experiment", "no")
    assert "has no experiment 'no'" in line
    # Figures need the columns that they are read by, and no others; without a listing, files may be somebody's own.
    shutil.rmtree(study.results / "measurements" / "digests")
    for name, columns in MEASURED.items():
        path = study.results / "measurements" / f"{name}.csv"
        table = pd.read_csv(path)[[*AXES, *columns]]
        for column in columns:
            table.drop(columns=column).to_csv(path, index=False)
            with pytest.raises(UserError, match=rf"{name}\.csv: column {column} is missing"):
                read_experiment(path, "raw", columns=columns)
        table.to_csv(path, index=False)
    assert study.run("figure", "measurements", "--experiment", "raw", *where).returncode == 0
    (study.results / "measurements" / "activity.csv").unlink()
    assert "activity.csv: cannot be read" in study.refused("figure", "measurements", "--experiment", "raw", *where)


def test_missing_and_damaged_weights_are_named(small_study: Workshop) -> None:
    weights = next(small_study.results.glob("runs/**/*seed~1/weights.safetensors"))
    content = weights.read_bytes()
    weights.write_bytes(content[:100])
    assert "seed~1/weights.safetensors: damaged" in small_study.refused("measure", "networks")
    weights.unlink()
    assert "seed~1/weights.safetensors: cannot be read" in small_study.refused("measure", "networks")
    assert not (small_study.results / "measurements" / Path("activity.csv")).exists()


def runs_of(model: tuple[str, str], values: list[float], **others: object) -> pd.DataFrame:
    architecture, representation = model
    axes = {"architecture": architecture, "representation": representation, "epoch": 5}
    return pd.DataFrame(axes | {"x": values} | others)


def test_tables_hold_mean_spread_and_interval_over_seeds() -> None:
    runs = pd.concat(
        [
            runs_of(("relu", "distance"), [1.0, 2.0, 6.0]),
            runs_of(("relu", "unconstrained"), [0.5, math.nan, math.nan]),
        ]
    )
    layout = Layout("x.csv", (), {"x": Column("x", 100, 0, with_interval=True)}, "")
    table = geometry_table(runs, layout)
    assert list(table["model"]) == ["ReLU", "ReLU2-Neg"]
    row = table.iloc[1]
    assert (row["x_mean"], row["x_n"], row["seeds"]) == (3, 3, 3)
    assert row["x_sd_population"] == pytest.approx(math.sqrt(14 / 3))
    half = 4.302652729911275 * math.sqrt(7 / 3)  # t(0.975; 2) × sample SD / √3
    assert (row["x_low"], row["x_high"]) == pytest.approx((3 - half, 3 + half))
    assert list(geometry_cells(table, layout)["x"]) == ["50 (n = 1)", "300 ± 216 [−357, 957]"]


def test_milestones_are_rows_of_their_own_named_where_there_are_several() -> None:
    layout = Layout("x.csv", ("side",), {"x": Column("x")}, "")
    longer = runs_of(("relu", "distance"), [3.0], side="own", epoch=5000)
    runs = pd.concat([longer, runs_of(("relu", "distance"), [1.0, 2.0], side="own")])
    table = geometry_table(runs, layout)
    assert table[["epochs", "seeds", "x_mean"]].to_numpy().tolist() == [[5, 2, 1.5], [5000, 1, 3]]
    cells = geometry_cells(table, layout)
    assert cells.columns.tolist() == ["model", "representation", "epochs", "side", "x", "n"]
    assert cells["epochs"].tolist() == ["5", "5,000"]
    assert "epochs" not in geometry_cells(geometry_table(longer, layout), layout)


def test_printed_shares_stand_beside_the_model_and_layer_they_are_of() -> None:
    layout = Layout("activity.csv", ("layer", "split"), {"x": Column("x")}, "")
    parts = [
        runs_of(model, [0.0, 0.1], layer=layer, split="test")
        for model in (("relu", "intensity"), ("abs", "intensity"), ("relu", "unconstrained"))
        for layer in ("hidden", "output")
    ]
    table = geometry_table(pd.concat(parts), layout)
    activity = load_published(REPOSITORY / "config" / "published.yaml").activity
    words = with_published_activity(table, geometry_cells(table, layout), activity)[1].set_index(["model", "layer"])
    of = words["published"]
    assert "never active: 33.00 %" in of["ReLU2", "output"] and "never active: 22 %" in of["ReLU2", "output"]
    assert "active on < 5 %: 53.50 %" in of["ReLU2", "output"]
    assert "0.1–0.5 %" in of["ReLU", "hidden"] and "33.00" not in of["ReLU2", "hidden"]
    assert of["ReLU", "output"] == "–" and "no dead node" in of["Abs2", "hidden"]
