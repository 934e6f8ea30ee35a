"""Protocols against published columns and claims across experiments, on runs whose origin is known."""

import html
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import REPOSITORY, Workshop
from distancenets.configuration.experiment import Experiment
from distancenets.configuration.published import load_published
from distancenets.configuration.settings import validated
from distancenets.configuration.study import Run, Study, load_study
from distancenets.errors import UserError
from distancenets.figures.robustness import VERDICTS, verdicts_figure
from distancenets.figures.style import use_style, write_figure
from distancenets.measurements.coherence import archive_faults
from distancenets.models.registry import find_model
from distancenets.runs.archive import archived_table
from distancenets.statistics.moments import Moments, moments
from distancenets.statistics.z_scores import mean_distance, root_mean_square, spread_distance
from distancenets.tables.protocols import Protocol, protocols_cells, protocols_table
from distancenets.tables.robustness import reading, robustness_table, with_reading
from distancenets.tables.robustness import verdicts as all_verdicts
from synthetic_data import study

TABLES = load_published(REPOSITORY / "config" / "published.yaml").tables
STUDY = validated(
    Study,
    {
        "study": "s",
        "title": "t",
        "experiments": {"raw": {"epochs": 50_000, "milestones": [5000]}, "standardised": {"epochs": 5000}},
    },
    "s",
)


def drawn(table: str, protocol: Protocol, rng: np.random.Generator) -> pd.DataFrame:
    """Return 20 runs a row of a published `table`, as if `protocol` had produced them."""
    return pd.DataFrame(
        [
            {
                "experiment": protocol.experiment,
                "epoch": protocol.epochs,
                "architecture": protocol.architecture(row.architecture),
                "representation": row.representation,
                "model": find_model(protocol.architecture(row.architecture), row.representation).paper_name,
                "seed": seed,
                "test_accuracy": float(row.mean) + deviation * float(row.sd),
            }
            for row in TABLES[table].rows
            for seed, deviation in enumerate(rng.normal(0, 1, 20))
        ]
    )


def test_distances_by_hand() -> None:
    a, b = Moments(95.4, 0.2, 20), Moments(95.1, 0.1, 10)
    pooled = math.sqrt((19 * 0.04 + 9 * 0.01) / 28)
    assert mean_distance(a, b) == pytest.approx(0.3 / (pooled * math.sqrt(1 / 20 + 1 / 10)))
    # Exactly, for 20 and 10 values: E ln s = (ψ(k) − ln k) / 2, Var ln s = ψ′(k) / 4 with k = 9.5 and 4.5.
    mean, variance = (-0.0268 - -0.0576), (0.1110 + 0.2487) / 4
    assert spread_distance(a, b) == pytest.approx((math.log(2) - mean) / math.sqrt(variance), rel=1e-3)
    assert root_mean_square(np.array([3.0, -4.0])) == pytest.approx(math.sqrt(12.5))
    assert math.isnan(spread_distance(a, Moments(95.0, 0.0, 20))) and math.isnan(root_mean_square(np.array([])))
    assert math.isnan(mean_distance(a, Moments(95.0, math.nan, 1)))
    # One run against 20: it differs from their mean by its own error and by theirs.
    assert mean_distance(Moments(95.4, math.nan, 1), Moments(95.0, 0.2, 20)) == pytest.approx(2 / math.sqrt(1.05))


def test_distances_of_repeated_runs_are_about_one_standard_error() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(95, 0.2, (2, 2000, 20))
    of = [Moments(float(values.mean()), float(values.std(ddof=1)), 20) for values in (*first, *second)]
    pairs = list(zip(of[:2000], of[2000:], strict=True))
    assert root_mean_square(np.array([mean_distance(a, b) for a, b in pairs])) == pytest.approx(1, abs=0.07)
    assert root_mean_square(np.array([spread_distance(a, b) for a, b in pairs])) == pytest.approx(1, abs=0.07)


def test_the_protocol_that_made_a_column_is_found() -> None:
    rng = np.random.default_rng(2)
    short, long = Protocol("raw", 5000, False), Protocol("raw", 50_000, False)
    runs = pd.concat([drawn("discussion", short, rng), drawn("table5", long, rng)], ignore_index=True)
    table = protocols_table(STUDY, runs, TABLES)
    assert len(table) == (2 + 1) * 2 * len(TABLES)
    best = {
        row["column"]: (row["experiment"], row["epochs"], row["bias"]) for _, row in table[table["best"]].iterrows()
    }
    # Table 2 repeats the 50,000-epoch rows of Table 5, whatever its caption says.
    # All models of Table 5 were drawn by one protocol, which is the best of none.
    assert best == {"discussion": tuple(short), "table2": tuple(long), "table3": tuple(short)}
    at = table.set_index(["experiment", "epochs", "bias", "column"])
    assert at["distance"][*long, "table5"] < 1.5 and at["runs"][*long, "table5"] == 20
    # With fewer runs a protocol looks nearer than it is.
    few = protocols_table(STUDY, runs[(runs["epoch"] == 5000) | (runs["seed"] < 3)], TABLES)
    distance = few.set_index(["experiment", "epochs", "bias", "column"])["distance"]
    assert distance[*long, "discussion"] < 0.6 * at["distance"][*long, "discussion"]
    assert set(few["runs"]) == {0, 3, 20} and not few["best"].any()
    # The fewest runs of a model may be as many though the runs of another are not.
    is_few = (runs["architecture"] == "relu") | ((runs["architecture"] == "abs") & (runs["epoch"] == 50_000))
    uneven = protocols_table(STUDY, runs[~is_few | (runs["seed"] < 3)], TABLES)
    assert set(uneven["runs"]) == {0, 3, 20} and not uneven["best"].any()
    assert at["mean_distance"][*short, "table2"] > 10
    assert at["models"][*short, "table5"] == 6 and not at["best"][*short, "table5"]
    # Models with an OffsetL2 head stand in either: they have no bias.
    assert at["models"]["raw", 50_000, True, "table5"] == 4
    cells = protocols_cells(table, TABLES).set_index("protocol")
    assert set(cells.loc["standardised, 5,000 epochs, bias"]) == {"not measured"}
    assert cells["Table 2, 5,000 epochs, no bias"]["raw, 50,000 epochs, no bias"].endswith(", best")
    assert cells["Table 5, 50,000 epochs"]["raw, 5,000 epochs, no bias"].endswith("(6 of 10 models)")


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_spreads_of_few_runs_are_about_one_standard_error_away(runs: int) -> None:
    values = np.random.default_rng(5).normal(95, 0.2, (4000, runs + 20))
    found = np.array([spread_distance(moments(some[:runs]), moments(some[runs:])) for some in values])
    # By the usual approximation, √(1/(2(n − 1))), it is 1.86, 1.36 and 1.13.
    assert root_mean_square(found) == pytest.approx(1, abs=0.05)
    assert abs(found.mean()) < 0.05


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_few_runs_of_a_column_are_about_one_standard_error_away(runs: int) -> None:
    values = np.random.default_rng(4).normal(95, 0.2, (2000, runs + 20))
    found = np.array([mean_distance(moments(some[:runs]), moments(some[runs:])) for some in values])
    # Student's t with f degrees of freedom has the variance f / (f − 2).
    freedom = runs + 18
    assert root_mean_square(found) == pytest.approx(math.sqrt(freedom / (freedom - 2)), abs=0.05)


def test_of_a_single_run_the_mean_is_compared_and_without_spread_nothing() -> None:
    runs = drawn("table3", Protocol("raw", 5000, True), np.random.default_rng(3))
    runs.loc[runs["architecture"] == "abs_bias", "test_accuracy"] = 95.0
    runs = runs[(runs["seed"] == 0) | (runs["representation"] != "intensity")]
    table = protocols_table(STUDY, runs, TABLES)
    at = table.set_index(["experiment", "epochs", "bias", "column"])
    # Abs_Bias and Abs2-Neg_Bias have no spread over their 20 runs; the two intensities have one run each.
    assert at["models"]["raw", 5000, True, "table3"] == 4
    assert not table["best"].any()
    single = protocols_table(STUDY, runs[runs["seed"] == 0], TABLES)
    row = single.set_index(["experiment", "epochs", "bias", "column"]).T["raw", 5000, True, "table3"]
    assert row["models"] == 6 and math.isnan(row["sd_distance"]) and 0 < row["distance"] < 10
    # The only protocol of its column is not the best of any.
    assert not single["best"].any()
    cells = protocols_cells(single, TABLES).set_index("protocol").loc["raw, 5,000 epochs, bias"]
    assert cells.iloc[1].endswith(", SDs –, n = 1")


def test_commands_and_figure(workshop: Workshop) -> None:
    records: list[dict[str, object]] = [
        {
            "claim": claim,
            "name": f"claim {claim}",
            "experiment": experiment,
            "verdict": verdict,
            "why": "",
            "seeds": claim,
            "flips": [],
            "alpha_holm": None,
        }
        for experiment, verdicts in (("raw", list(VERDICTS)), ("wide", ["mixed"] * 5))
        for claim, verdict in enumerate(verdicts, 1)
    ]
    (workshop.folder / "claims.json").write_text(json.dumps(records))
    assert workshop.run("table", "robustness", "claims.json", "--stem", "robustness").returncode == 0
    table = pd.read_csv(workshop.folder / "robustness.csv")
    assert list(table) == ["claim", "name", "raw", "wide", "across experiments"]
    assert list(table["raw"]) == ["supported", "contradicted", "mixed", "refuted", "undetermined"]
    assert (
        "| 2 | claim 2 | contradicted | mixed | verdicts differ, no contrast does |"
        in (workshop.folder / "robustness.md").read_text()
    )
    assert workshop.run("figure", "robustness", "claims.json", "--stem", "picture").returncode == 0
    assert (workshop.folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert "small: the paper's claims, 1–5 seeds" in html.unescape((workshop.folder / "picture.svg").read_text())
    (workshop.folder / "claims.json").write_text("{}")
    assert "claims.json: not a list of verdicts; write it with `distancenets claims`" in workshop.refused(
        "table", "robustness", "claims.json", "--stem", "other"
    )
    assert not (workshop.folder / "other.csv").exists()


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["supported", "supported"], "supported in all 2"),
        (["supported", "undetermined", "supported"], "supported in all 2 judged of 3"),
        (["supported", "undetermined"], "open"),
        (["supported", "mixed", "undetermined"], "verdicts differ, no contrast does"),
        (["undetermined", "undetermined"], "open"),
    ],
)
def test_the_reading_of_a_claim_across_experiments(verdicts: list[str], words: str) -> None:
    assert reading(verdicts, differs=False) == words
    assert reading(["supported", "contradicted"], differs=True) == "depends on the protocol"
    alone = robustness_table([{"claim": 1, "name": "a", "experiment": "raw", "verdict": verdicts[0]}])
    assert list(with_reading(alone)) == ["claim", "name", "raw"]


def test_the_reported_verdicts_of_the_study_beside_come_first(tmp_path: Path) -> None:
    def entry(experiment: str, verdict: str) -> dict[str, object]:
        told = {"why": "", "seeds": 10, "flips": [], "alpha_holm": None}
        return {"claim": 1, "name": "a", "experiment": experiment, "verdict": verdict} | told

    (tmp_path / "paper").mkdir()
    theirs, own = tmp_path / "paper" / "claims.json", tmp_path / "claims.json"
    theirs.write_text(json.dumps([entry("published", "refuted"), entry("other", "mixed")]))
    own.write_text(json.dumps([entry("raw", "supported")]))
    settings = "{study: paper, title: t, experiments: {published: {epochs: 1}, other: {epochs: 1}}}"
    (tmp_path / "paper" / "study.yaml").write_text(settings)
    file = tmp_path / "paper.yaml"
    file.write_text(settings)
    (row,) = robustness_table(all_verdicts(own, study(report={"beside": str(file)}), tmp_path)).to_dict("records")
    assert list(row.items()) == [("claim", 1), ("name", "a"), ("paper", "refuted"), ("raw", "supported")]
    # With runs of the other experiment alone, its results report that one.
    part = tmp_path / "paper" / "study.yaml"
    part.write_text("{study: paper, title: t, experiments: {other: {epochs: 1}}}")
    beside, _ = all_verdicts(own, study(report={"beside": str(file)}), tmp_path)
    assert (beside["experiment"], beside["verdict"]) == ("paper", "mixed")
    assert [entry["experiment"] for entry in all_verdicts(own, study(), tmp_path)] == ["raw"]
    with pytest.raises(UserError, match=r"claims\.json: belongs to study 'paper'; set --study"):
        all_verdicts(theirs, study(report={"beside": str(file)}), tmp_path)


def test_every_verdict_is_drawn_where_it_belongs(tmp_path: Path) -> None:
    use_style()
    table = robustness_table(
        [
            {"claim": 1, "name": "a", "experiment": "raw", "verdict": "mixed"},
            {"claim": 2, "name": "b", "experiment": "raw", "verdict": "supported"},
            {"claim": 1, "name": "a", "experiment": "wide", "verdict": "mixed"},
            {"claim": 2, "name": "b", "experiment": "wide", "verdict": "contradicted"},
        ]
    )
    figure = verdicts_figure(table, "title")
    panel = figure.axes[0]
    drawn_at = {
        str(points.get_label()): sorted(map(tuple, np.asarray(points.get_offsets()).tolist()))
        for points in panel.collections
    }
    assert drawn_at == {
        "supported": [(0, 1)],
        "contradicted": [(1, 1)],
        "mixed": [(0, 0), (1, 0)],
        "refuted": [],
        "undetermined": [],
    }
    write_figure(figure, tmp_path / "figure")


def test_each_protocol_has_the_rate_of_the_lowest_train_loss() -> None:
    """As config/learning_rates.yaml says, with its exception; a split and OffsetL2's form have no rate of their own."""
    tried = load_study(REPOSITORY / "config" / "learning_rates.yaml").experiments
    folder = REPOSITORY / "results" / "learning_rates"
    runs = pd.read_csv(folder / "runs.csv")
    assert (runs.groupby("experiment").size() == 4).all() and set(runs["experiment"]) == set(tried)
    assert list(archive_faults(folder)) == []
    metrics = archived_table("metrics", [Run(*row) for row in runs[list(Run._fields)].itertuples(index=False)], folder)
    both = runs.merge(metrics, on=["experiment", "architecture", "representation", "seed", "epoch"])
    assert len(both) == len(runs)
    np.testing.assert_allclose(both["train_loss_x"], both["train_loss_y"], rtol=1e-6)
    losses = runs.groupby("experiment")["train_loss"].mean()

    def protocol(experiment: Experiment) -> tuple[object, ...]:
        return experiment.pixels, experiment.optimiser.name, experiment.dataset, experiment.hidden, experiment.epochs

    matrix = load_study(REPOSITORY / "config" / "robustness.yaml").experiments
    for name, chosen in matrix.items():
        own = {
            experiment.optimiser.learning_rate: losses[other]
            for other, experiment in tried.items()
            if protocol(experiment) == protocol(chosen)
        }
        rate = chosen.optimiser.learning_rate
        best = min(own, key=lambda tried: own[tried])
        # A best rate at an end of those tried might be beaten beyond.
        assert rate == best and min(own) < best < max(own), name
