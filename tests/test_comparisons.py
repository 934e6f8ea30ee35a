"""Comparisons of models, their tables, and their error rates under simulated truth."""

import math
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from distancenets.cli.commands import app
from distancenets.configuration.settings import validated
from distancenets.configuration.statistics import PAPER_COMPARISONS, StatisticsSettings
from distancenets.errors import UserError
from distancenets.statistics import columns
from distancenets.statistics.comparisons import TESTS, compared_pairs, comparison, comparison_table
from distancenets.statistics.hypothesis_tests import holm
from distancenets.statistics.moments import Moments, moments, published_moments
from distancenets.statistics.runs import read_runs
from distancenets.statistics.summaries import summary, summary_table
from numerical_samples import QUICK, SETTINGS, A, B, runs_of, series, within_binomial_bounds

# Two models


def test_comparison_pairs_only_common_seeds() -> None:
    a, b = series([95.1, 95.5, 95.2, 95.9], [0, 1, 2, 7]), series([95.3, 94.0, 95.0], [9, 2, 1])
    result = comparison(a, b, QUICK)
    assert (result["n_a"], result["n_b"], result["n_pairs"]) == (4, 3, 2)
    assert result["paired_difference"] == pytest.approx(((95.5 - 95.0) + (95.2 - 94.0)) / 2)
    assert result["paired_t"] == pytest.approx(stats.ttest_rel([95.5, 95.2], [95.0, 94.0]).statistic)
    assert result["difference"] == pytest.approx(np.mean(a) - np.mean(b))


def test_comparison_turned_round_turns_its_signs() -> None:
    one, other = comparison(series(A), series(B), QUICK), comparison(series(B), series(A), QUICK)
    for name in ("difference", "welch_t", "student_t", "paired_t", "hedges_g_pooled_sd", "d_z_paired_sd"):
        assert one[name] == pytest.approx(-other[name])
    assert one["low"] == pytest.approx(-other["high"])
    for test in TESTS:
        assert one[f"{test}_p"] == pytest.approx(other[f"{test}_p"])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([95.0], [94.0]),
        ([95.0], A),
        ([95.0, 95.0], [95.0, 95.0]),
        ([9.8] * 5, [9.8] * 5),
        ([9.8] * 5, [11.35] * 5),
        ([95.87] * 20, A),
        (A, A),
        (A, A + 0.1),
    ],
)
def test_degenerate_samples_neither_fail_nor_warn(a: npt.ArrayLike, b: npt.ArrayLike) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = comparison(series(a), series(b), QUICK)
        summary(np.asarray(a, float), QUICK)
    for test in TESTS:
        p = result[f"{test}_p"]
        assert math.isnan(p) or 0 <= p <= 1


def test_values_in_the_limit() -> None:
    same = comparison(series([9.8] * 5), series([9.8] * 5), QUICK)
    assert math.isnan(same["welch_t"])
    assert math.isnan(same["cohens_d_pooled_sd"])
    assert (same["sign_flip_p"], same["superiority"], same["equivalence_p"]) == (1, 0.5, 0)
    apart = comparison(series([9.8] * 5), series([11.35] * 5), QUICK)
    assert (apart["welch_t"], apart["welch_p"], apart["equivalence_p"]) == (-math.inf, 0, 1)
    assert apart["sign_flip_p"] == 2 / 2**5
    identical = comparison(series(A), series(A), QUICK)
    assert (identical["welch_t"], identical["welch_p"], identical["brown_forsythe_p"]) == (0, 1, 1)
    shifted = comparison(series(A), series(A + 0.1), QUICK)
    assert shifted["paired_t"] == -math.inf
    single = comparison(series([95.0]), series([94.0]), QUICK)
    assert single["difference"] == 1
    assert all(math.isnan(single[f"{test}_p"]) for test in TESTS if test != "sign_flip")
    apart_seeds = comparison(series(A, range(7)), series(B, range(7, 14)), QUICK)
    assert apart_seeds["n_pairs"] == 0
    assert math.isnan(apart_seeds["paired_difference"])
    assert math.isnan(apart_seeds["sign_flip_p"])


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_false_positives_and_coverage_under_the_null(shared: bool) -> None:
    rng = np.random.default_rng(11)
    studies = 1000
    found, covered = dict.fromkeys(TESTS, 0), {"low": 0, "paired_low": 0}
    for _ in range(studies):
        seeds = rng.normal(95, 0.3, 10) if shared else 95.0
        a, b = (series(seeds + rng.normal(0, 0.2, 10)) for _ in range(2))
        result = comparison(a, b, QUICK)
        for test in TESTS:
            found[test] += result[f"{test}_p"] < 0.05
        covered["low"] += result["low"] <= 0 <= result["high"]
        covered["paired_low"] += result["paired_low"] <= 0 <= result["paired_high"]
    assert within_binomial_bounds(found["paired"], studies, 0.05)
    assert within_binomial_bounds(found["sign_flip"], studies, 50 / 2**10)
    assert within_binomial_bounds(covered["paired_low"], studies, 0.95)
    if shared:  # What ignores the pairs is too cautious then.
        assert found["welch"] < 0.02 * studies
        assert covered["low"] > 0.98 * studies
    else:
        assert within_binomial_bounds(found["student"], studies, 0.05)
        assert within_binomial_bounds(found["welch"], studies, 0.05)
        assert within_binomial_bounds(covered["low"], studies, 0.95)
        assert found["brown_forsythe"] < 0.07 * studies


@pytest.mark.slow
def test_equivalence_errs_at_the_margin_as_often_as_alpha() -> None:
    rng = np.random.default_rng(12)
    wrong = {"equivalence": 0, "paired_equivalence": 0}
    for _ in range(1000):
        result = comparison(series(rng.normal(95.2, 0.1, 20)), series(rng.normal(95.0, 0.1, 20)), SETTINGS)
        for test in wrong:
            wrong[test] += result[f"{test}_p"] < 0.05
    for count in wrong.values():
        assert within_binomial_bounds(count, 1000, 0.05)


def test_pairing_sees_what_the_seeds_share() -> None:
    rng = np.random.default_rng(13)
    seeds = rng.normal(95, 1, 20)
    result = comparison(series(seeds + 0.1 + rng.normal(0, 0.05, 20)), series(seeds + rng.normal(0, 0.05, 20)), QUICK)
    assert result["paired_p"] < 1e-3
    assert result["welch_p"] > 0.5
    assert result["paired_detectable_difference"] < 0.1 < result["detectable_difference"]


# Tables


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    rng = np.random.default_rng(20)
    models = {"ReLU": 95.6, "Abs": 95.3, "ReLU2": 50.0, "Abs2": 95.3, "Abs-L2": 97.6}
    return pd.concat(
        [
            runs_of({name: np.round(rng.normal(mean, 0.2, 6), 2) for name, mean in models.items()}, "raw", epoch)
            for epoch in (5000, 50000)
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def table(runs: pd.DataFrame) -> pd.DataFrame:
    return comparison_table(runs, QUICK)


def test_tables_have_exactly_the_documented_columns(runs: pd.DataFrame, table: pd.DataFrame) -> None:
    assert list(summary_table(runs, QUICK)) == list(columns.SUMMARY)
    assert list(table) == list(columns.COMPARISONS)


def test_every_pair_stands_once_and_the_papers_its_way_round(table: pd.DataFrame) -> None:
    assert len(table) == 2 * math.comb(5, 2)
    assert not table[["experiment", "epoch", "label"]].duplicated().any()
    in_paper = table[table["compared_in_paper"] & (table["epoch"] == 5000)]
    assert list(in_paper["label"]) == ["ReLU vs Abs", "ReLU2 vs ReLU", "Abs2 vs Abs"]
    assert ("Abs", "Abs-L2") in compared_pairs(["ReLU", "Abs-L2", "Abs"], QUICK)


def test_families_are_one_experiment_and_milestone(table: pd.DataFrame) -> None:
    for _, family in table.groupby("epoch"):
        for test in TESTS:
            p = family[f"{test}_p"].to_numpy()
            chosen = family["compared_in_paper"].to_numpy()
            assert family[f"{test}_p_holm"].to_numpy() == pytest.approx(holm(p))
            of_paper = family[f"{test}_p_holm_in_paper"].to_numpy()
            assert of_paper[chosen] == pytest.approx(holm(p[chosen]))
            assert np.isnan(of_paper[~chosen]).all()


def test_order_of_runs_does_not_matter(runs: pd.DataFrame, table: pd.DataFrame) -> None:
    shuffled = runs.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(comparison_table(shuffled, QUICK), table, check_exact=True)
    pd.testing.assert_frame_equal(summary_table(shuffled, QUICK), summary_table(runs, QUICK), check_exact=True)


def test_command_writes_the_same_bytes_twice(runs: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(runs.assign(train_loss=np.nan).to_csv(index=False))
    study = "study: s\ntitle: t\nexperiments: {raw: {epochs: 9}}\n"
    settings = "statistics: {resamples: 199, comparisons: [[Abs2, Abs]]}\n"
    (tmp_path / "study.yaml").write_text(study + settings)
    for folder in ("one", "two"):
        where = [str(tmp_path / "runs.csv"), "--out-dir", str(tmp_path / folder)]
        chosen = ["--study", str(tmp_path / "study.yaml")]
        result = CliRunner().invoke(app, ["statistics", *where, *chosen])
        assert result.exit_code == 0, result.output
    for name in ("summary.csv", "comparisons.csv", "columns.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    table = pd.read_csv(tmp_path / "one" / "comparisons.csv")
    assert list(table.loc[table["compared_in_paper"], "label"].unique()) == ["Abs2 vs Abs"]
    assert table["difference"].to_numpy() == pytest.approx((table["mean_a"] - table["mean_b"]).to_numpy())


def test_one_model_alone_gives_an_empty_comparison() -> None:
    table = comparison_table(runs_of({"ReLU": A}), QUICK)
    assert columns.as_csv(table, columns.COMPARISONS).count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a table"),
        ("experiment,epoch,model,seed\nraw,1,ReLU,0\n", "column test_accuracy is missing"),
        ("experiment,epoch,model,seed,test_accuracy\n", "contains no runs"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,ReLU,0,\n", "row 1: test_accuracy"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,ReLU,0,101\n", "given: 101"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,ReLU,x,50\n", "row 1: seed"),
        ("experiment,epoch,model,seed,test_accuracy\nraw,1,,0,50\n", "row 1: model"),
        ("experiment,epoch,model,seed,test_accuracy\n" + 2 * "raw,1,ReLU,0,50\n", "contains a run twice"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_runs(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_settings() -> None:
    assert SETTINGS.comparisons == PAPER_COMPARISONS
    assert all(field.description for field in StatisticsSettings.model_fields.values())
    for values in ({"equivalence_margin": 0}, {"comparisons": [["A", "A"]]}, {"alhpa": 0.05}):
        with pytest.raises(UserError):
            validated(StatisticsSettings, values, "statistics.yaml")
    with pytest.raises(UserError, match="compared twice"):
        validated(StatisticsSettings, {"comparisons": [["A", "B"], ["B", "A"]]}, "statistics.yaml")


def test_unknown_moments_of_one_run() -> None:
    assert moments(np.array([95.0])) == pytest.approx(Moments(95.0, math.nan, 1), nan_ok=True)
    assert math.isnan(published_moments(95.0, 0.0, 1).sd)
