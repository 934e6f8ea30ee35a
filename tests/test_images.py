"""Test images as a sample beside the seeds: from archived and fresh runs' answers to a table and a figure."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import REPOSITORY, Workshop
from distancenets.claims.comparisons import compared_models
from distancenets.configuration.published import load_published
from distancenets.configuration.study import load_study
from distancenets.figures.disagreement import OWN_IMAGES, SHOWN, disagreement, disagreement_figure, drawn_models
from distancenets.measurements.answers import packed
from distancenets.measurements.correct import COLUMNS, NO_ANSWERS, by_model, write_answers
from distancenets.models.registry import find_model
from distancenets.runs.archive import CORRECT
from distancenets.runs.manifest import Holding, read_manifest, table_of, write_manifest
from distancenets.statistics.components import components, interval
from distancenets.tables.images import extent, images_cells, images_table

RECORD = load_published(REPOSITORY / "config" / "published.yaml")
WHERE = ("--published", str(REPOSITORY / "config" / "published.yaml"))
MODELS = {"ReLU": ("relu", "unconstrained"), "Abs": ("abs", "unconstrained"), "ReLU2-Neg": ("relu", "distance")}


def answers_of(models: dict[str, np.ndarray], epoch: int = 5000, first: int = 0) -> pd.DataFrame:
    """Return the table of answers of `models`, S × I each, seeds from `first` on."""
    parts = []
    for model, correct in models.items():
        architecture, representation = MODELS[model]
        axes = {"experiment": "raw", "architecture": architecture, "representation": representation, "model": model}
        for seed, row in enumerate(correct, first):
            parts.append(packed(row, epoch).assign(**axes, seed=seed))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def parted(answers: pd.DataFrame) -> pd.DataFrame:
    return images_table(answers, compared_models(RECORD), RECORD, 0.95).set_index("quantity")


@pytest.fixture
def bits() -> dict[str, np.ndarray]:
    """Answers of three models, 4 seeds each, to 203 images: hard images are hard for all, and seeds differ."""
    rng = np.random.default_rng(1)
    hardness = rng.normal(2, 1.5, (1, 203))
    skill = np.array([-0.6, -0.2, 0.2, 0.6]).reshape(4, 1)
    return {model: hardness + skill + rng.normal(0, 1, (4, 203)) > 0 for model in MODELS}


def test_differences_are_those_of_the_claims() -> None:
    found = compared_models(RECORD)
    assert found["ReLU − Abs"] == ("ReLU", "Abs") and found["Abs-L2-Neg − Abs-L2"] == ("Abs-L2-Neg", "Abs-L2")
    assert found["(Abs2_Bias − Abs_Bias) − (Abs2 − Abs)"] == ("Abs2_Bias", "Abs_Bias", "Abs2", "Abs")
    assert {len(models) for models in found.values()} == {2, 4}
    pairs = [frozenset(models) for models in found.values()]
    assert len(set(pairs)) == len(pairs)
    assert not any("SD" in name or "mean" in name for name in found)


def test_parts_of_models_and_of_differences(bits: dict[str, np.ndarray]) -> None:
    table = parted(answers_of(bits))
    assert list(table.index) == ["ReLU", "Abs", "ReLU2-Neg", "ReLU − Abs", "ReLU2-Neg − ReLU"]
    over_seeds = 100 * bits["ReLU"].mean(axis=1)
    row, part = table.loc["ReLU"], components(bits["ReLU"])
    assert (row["seeds"], row["images"], row["mean"]) == (4, 203, pytest.approx(over_seeds.mean()))
    assert row["sd_population"] == pytest.approx(over_seeds.std())
    assert [row["seed"], row["seed_by_image"], row["image"]] == pytest.approx([float(value) for value in part])
    # What seed and seed × image bring together is the variance over seeds.
    assert row["seed"] ** 2 + row["seed_by_image"] ** 2 == pytest.approx(over_seeds.var(ddof=1))
    assert row["noise_share"] == pytest.approx(row["seed_by_image"] ** 2 / over_seeds.var(ddof=1))
    share = over_seeds.mean() / 100
    assert row["binomial"] == pytest.approx(100 * math.sqrt(share * (1 - share) / 203))
    assert row["published_sd"] == "0.17 (Table 2); 0.19 (discussion)"
    apart = 100 * (bits["ReLU"].mean(axis=1) - bits["Abs"].mean(axis=1))
    pair = table.loc["ReLU − Abs"]
    half = 3.182446305284263 * apart.std(ddof=1) / 2  # t(0.975; 3) × sample SD / √4
    assert (pair["low_seeds"], pair["high_seeds"]) == pytest.approx((apart.mean() - half, apart.mean() + half))
    for quantity in table.index:
        new = table.loc[quantity]
        assert new["high_images"] - new["low_images"] > 0 and new["low_images"] < new["mean"] < new["high_images"]
    # Images that are hard for both drop out of the difference.
    assert pair["image"] < row["image"] / 2 and np.isnan(pair["binomial"])


def test_a_difference_is_over_common_seeds_and_one_seed_has_no_spread(bits: dict[str, np.ndarray]) -> None:
    late = answers_of({"Abs": bits["Abs"][:2]}, first=3)
    answers = pd.concat([answers_of({"ReLU": bits["ReLU"]}), late], ignore_index=True)
    table = parted(answers)
    pair = table.loc["ReLU − Abs"]
    assert pair["seeds"] == 1
    assert pair["mean"] == pytest.approx(100 * (bits["ReLU"][3].mean() - bits["Abs"][0].mean()))
    assert pair[["sd_population", "seed", "image", "low_seeds", "low_images"]].isna().all()
    cells = images_cells(table.reset_index()).set_index("model or difference")
    assert cells.loc["ReLU − Abs", "new seeds and images"] == "–"
    assert "ReLU − Abs" not in parted(answers[answers["seed"] != 3]).index
    assert extent(answers) == "raw, 5,000 epochs, 6 runs with answers"


def test_milestones_are_told_apart(bits: dict[str, np.ndarray]) -> None:
    later = {"ReLU": ~bits["ReLU"]}
    table = images_table(pd.concat([answers_of(bits), answers_of(later, 50000)]), {}, RECORD, 0.95)
    of = table.set_index(["quantity", "epochs"])["mean"]
    assert of["ReLU", 5000] + of["ReLU", 50000] == pytest.approx(100)
    assert set(images_cells(table)["epochs"]) == {"5,000", "50,000"}
    printed = table.set_index(["quantity", "epochs"])["published_sd"]
    assert printed["ReLU", 5000] and not printed["ReLU", 50000]


def test_four_models_are_a_difference_of_differences(bits: dict[str, np.ndarray]) -> None:
    answers = answers_of(bits)
    four, two = ({"x": models} for models in (("ReLU", "Abs", "ReLU2-Neg", "Abs"), ("ReLU", "ReLU2-Neg")))
    tables = [images_table(answers, asked, RECORD, 0.9).iloc[-1] for asked in (four, two)]
    pd.testing.assert_series_equal(tables[0], tables[1])
    assert tables[0]["high_images"] == pytest.approx(interval(bits["ReLU"] * 1 - bits["ReLU2-Neg"], 0.9)[2])


def test_the_images_with_the_largest_range_over_representations_come_first() -> None:
    relu, negated, absolute = (find_model(*MODELS[name]) for name in ("ReLU", "ReLU2-Neg", "Abs"))
    shares = [
        (relu, np.array([1, 0.5, 0.0])),
        (negated, np.array([0.8, 0.5, 1.0])),
        (absolute, np.array([0.0, 1.0, 1.0])),
    ]
    # Abs has one representation here, so it tells nothing.
    assert list(disagreement(shares)) == pytest.approx([0.2, 0.0, 1.0])
    assert disagreement(shares[::2]).size == 0
    figure = disagreement_figure(shares, np.zeros((3, 4), np.uint8), ["a", "b", "c"], "t")
    labels = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert labels == ["c, no. 2", "a, no. 0", "b, no. 1"] and SHOWN == 24
    names = ["ReLU_Bias", "Abs2-Neg", "Abs", "ReLU-L2", "ReLU-L2-Neg"]
    assert [model.paper_name for model in drawn_models(names)] == ["Abs", "Abs2-Neg"]


@pytest.fixture
def small_study(workshop: Workshop) -> Workshop:
    """Two models of two seeds at two milestones, trained for six epochs."""
    workshop.study(milestones=[3])
    path = workshop.folder / "config/config.yaml"
    axes = "architectures: [relu]\nrepresentations: [unconstrained, distance]\n"
    path.write_text(path.read_text().replace("seeds: 4", "seeds: 2") + axes)
    for representation in ("unconstrained", "distance"):
        assert workshop.train("--seeds", "0-1", model=("relu", representation)).returncode == 0
    return workshop


def done(study: Workshop, *arguments: str) -> None:
    answer = study.run(*arguments)
    assert answer.returncode == 0, answer.stderr


def forget_answers(root: Path, representation: str) -> None:
    """Make the model's archive one from before answers were kept."""
    manifest = dict(read_manifest(root))
    axes = ("raw", "relu", representation)
    kept = {name: listed for name, listed in manifest[axes].files.items() if table_of(name) != CORRECT}
    assert len(kept) == len(manifest[axes].files) - 1
    write_manifest(root, {**manifest, axes: Holding(manifest[axes].runs, kept)})


@pytest.mark.slow
def test_archived_and_fresh_runs_give_the_same_answers(small_study: Workshop) -> None:
    file = small_study.results / "measurements" / "correct.parquet"
    done(small_study, "measure", "networks")
    fresh = pd.read_parquet(file)
    assert len(fresh) == 8 and list(fresh.columns) == COLUMNS
    done(small_study, "collect")
    runs = pd.read_csv(small_study.results / "runs.csv")
    recorded = {key: rows["test_accuracy"].item() for key, rows in runs.groupby(["model", "seed", "epoch"])}
    for (model, epoch), rows in fresh.groupby(["model", "epoch"]):
        seeds, correct = by_model(rows)[str(model)]
        for seed, row in zip(seeds, correct, strict=True):
            assert 100 * row.mean() == pytest.approx(recorded[model, seed, epoch], abs=1e-4)
    shown = made(small_study)
    assert "ReLU2-Neg − ReLU" in shown and "4 runs with answers" in shown
    assert (small_study.results / "figures" / "disagreement_raw.png").stat().st_size > 5000
    done(small_study, "archive")
    for weights in small_study.results.glob("runs/**/weights.safetensors"):
        weights.unlink()
    done(small_study, "measure", "networks")
    pd.testing.assert_frame_equal(pd.read_parquet(file), fresh)
    # Archives from before answers were kept: what has them is served, and a study without any says so.
    forget_answers(small_study.results, "unconstrained")
    rest = made(small_study)
    figure = (small_study.results / "figures" / "disagreement_raw.svg").read_text()
    assert "no activation has runs of two representations" in figure
    assert "ReLU2-Neg" in rest and "ReLU2-Neg − ReLU" not in rest and "2 runs with answers" in rest
    forget_answers(small_study.results, "distance")
    assert NO_ANSWERS in made(small_study)
    assert NO_ANSWERS in (small_study.results / "figures" / "disagreement_raw.svg").read_text()
    config = small_study.folder / "config" / "config.yaml"
    config.write_text(config.read_text().replace("  raw:\n", "  raw:\n    split: drawn\n"))
    folder = small_study.folder
    write_answers(load_study(config), small_study.results, folder / "config" / "datasets.yaml", folder / "data")
    drawn(small_study)
    assert OWN_IMAGES in (small_study.results / "figures" / "disagreement_raw.svg").read_text()


@pytest.mark.slow
def test_a_damaged_archive_is_named(small_study: Workshop) -> None:
    done(small_study, "archive")
    path = next(small_study.results.glob("archive/raw/relu/distance/correct-*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    assert path.name in small_study.refused("measure", "networks")


def made(study: Workshop) -> str:
    """Measure, make the table and the figure, and return the table as a reader sees it."""
    done(study, "measure", "networks")
    return drawn(study)


def drawn(study: Workshop) -> str:
    done(study, "table", "images", *WHERE)
    done(study, "figure", "disagreement", "--experiment", "raw", *WHERE)
    return (study.results / "tables" / "images.md").read_text()
