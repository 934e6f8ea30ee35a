"""The claims' decision rules on constructed runs of each verdict, and their error rates on simulated truth."""

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import REPOSITORY, Workshop
from distancenets.audit.output import write as write_audit
from distancenets.audit.review import review
from distancenets.claims.conditions import Condition, Outcome, Part, Region, SameSide
from distancenets.claims.estimates import Estimate, centre, correlation, difference, excess_spread, runs_needed, spread
from distancenets.claims.evidence import Evidence
from distancenets.claims.judgement import Ruling, judged_parts, ruling, rulings
from distancenets.claims.output import as_json, as_markdown, read, verdicts, write
from distancenets.claims.register import REGISTER
from distancenets.claims.verdicts import Verdict, reason, seeds_needed, verdict
from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.published import published
from distancenets.configuration.settings import validated
from distancenets.configuration.study import Study
from distancenets.errors import UserError
from distancenets.measurements.catalogue import CATALOGUE
from distancenets.models.registry import find_model, models
from distancenets.report.summary import ACCURACY_TABLES, summary
from distancenets.statistics.spread import brown_forsythe

RECORD = published(REPOSITORY / "config" / "published.yaml")
AXES = {model.paper_name: (model.architecture, model.representation.name) for model in models()}
# Deviations of 20 seeds with mean 0 and population SD 1, in no order.
SHAPE = np.random.default_rng(8).permutation(stats.norm.ppf((np.arange(20) + 0.5) / 20))
SHAPE = SHAPE / SHAPE.std()

Truth = Mapping[str, tuple[float, float]]

# Mean and SD of the models in a world where every claim on accuracies holds.
AS_CLAIMED: dict[str, tuple[float, float]] = {
    **{
        name + bias: values
        for bias in ("", "_Bias")
        for name, values in {
            "ReLU": (95.5, 0.15),
            "Abs": (95.5, 0.15),
            "ReLU2": (50.0, 15.0),
            "Abs2": (95.5, 0.15),
            "ReLU2-Neg": (95.5, 0.15),
            "Abs2-Neg": (90.0, 2.5),
        }.items()
    },
    "ReLU-L2": (97.3, 0.10),
    "ReLU-L2-Neg": (97.3, 0.10),
    "Abs-L2": (97.6, 0.08),
    "Abs-L2-Neg": (97.6, 0.08),
}


def study(epochs: int = 50_000, **changes: object) -> Study:
    milestones = [5000] if epochs > 5000 else []
    experiment = {"epochs": epochs, "milestones": milestones}
    return validated(
        Study, {"study": "s", "title": "t", "seeds": 20, "experiments": {"raw": experiment}} | changes, "s"
    )


def runs_of(accuracies: Mapping[str, np.ndarray], epochs: tuple[int, ...] = (5000, 50_000)) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"experiment": "raw", "epoch": epoch, "model": model, "seed": seed, "test_accuracy": value}
            for epoch in epochs
            for model, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
    )


def constructed(truth: Truth, seeds: int = 20) -> dict[str, np.ndarray]:
    """Return runs with exactly these means and population SDs (of 20 seeds), each model's seeds in another order."""
    return {
        name: (mean + sd * np.roll(SHAPE, 3 * turn))[:seeds] for turn, (name, (mean, sd)) in enumerate(truth.items())
    }


def judged(number: int, runs: pd.DataFrame, of: Study | None = None, **measurements: pd.DataFrame) -> Ruling:
    claim = next(claim for claim in REGISTER if claim.number == number)
    return ruling(claim, "raw", of or study(), runs, measurements, RECORD)


def activity(
    dead: Mapping[str, np.ndarray], epoch: int = 5000, split: str = "train", layer: str = "output"
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "experiment": "raw",
                "architecture": AXES[model][0],
                "representation": AXES[model][1],
                "seed": seed,
                "epoch": epoch,
                "layer": layer,
                "split": split,
                "never_active": share,
                "below_1_percent": share,
                "below_5_percent": share,
            }
            for model, shares in dead.items()
            for seed, share in enumerate(shares)
        ]
    )


# Each decision function on cases that give each verdict it can give

CASES: dict[int, dict[str, dict[str, tuple[float, float]]]] = {
    1: {
        "contradicted": {"Abs": (95.1, 0.15)},
        "undetermined": {"Abs": (95.32, 0.15)},
    },
    2: {
        "contradicted": {"ReLU2": (95.0, 0.15)},
        "mixed": {"ReLU2": (60.0, 0.15)},
        "undetermined": {"ReLU2": (83.0, 15.0)},
    },
    3: {
        "contradicted": {"Abs2": (95.9, 0.15)},
        "undetermined": {"Abs2": (95.32, 0.15)},
    },
    4: {
        "contradicted": {"ReLU2": (94.0, 0.15), "ReLU2-Neg": (94.5, 0.15)},
        "mixed": {"ReLU2-Neg": (94.9, 0.15)},
        "undetermined": {"ReLU2-Neg": (95.31, 0.15)},
    },
    5: {
        "contradicted": {"Abs2-Neg": (95.5, 0.15)},
        "mixed": {"Abs2-Neg": (92.0, 0.15)},
        "undetermined": {"Abs2-Neg": (95.0, 2.5)},
    },
    6: {
        # With a bias every comparison changes sides.
        "contradicted": {
            "ReLU_Bias": (90.0, 0.15),
            "Abs_Bias": (92.0, 0.15),
            "ReLU2_Bias": (94.0, 0.15),
            "Abs2_Bias": (94.0, 0.15),
            "ReLU2-Neg_Bias": (92.0, 0.15),
            "Abs2-Neg_Bias": (94.0, 0.15),
        },
        "mixed": {"Abs2-Neg_Bias": (95.5, 0.15)},
        "undetermined": {"Abs_Bias": (95.3, 0.15)},
    },
    9: {
        "contradicted": {"ReLU-L2-Neg": (96.5, 0.10), "Abs-L2-Neg": (98.2, 0.08)},
        "mixed": {"ReLU-L2-Neg": (96.5, 0.10)},
        "undetermined": {"ReLU-L2-Neg": (97.12, 0.10)},
    },
    10: {
        "contradicted": {"ReLU-L2": (50.0, 0.10)},
        "mixed": {"ReLU2": (95.5, 0.15)},
        "undetermined": {"ReLU-L2": (88.0, 15.0)},
    },
    11: {
        "contradicted": dict.fromkeys(("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg"), (95.5, 0.1)),
        "mixed": {"ReLU-L2": (95.5, 0.10)},
        "undetermined": {"Abs-L2": (97.41, 0.08)},
    },
    12: {
        "contradicted": dict.fromkeys(("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg"), (97.5, 0.6)),
        "mixed": {"ReLU-L2": (97.5, 0.60)},
        "undetermined": {"ReLU-L2": (97.3, 0.27)},
    },
}


@pytest.mark.parametrize("number", CASES)
def test_runs_as_claimed_support_the_claim(number: int) -> None:
    found = judged(number, runs_of(constructed(AS_CLAIMED)))
    assert found.verdict is Verdict.SUPPORTED, found.why
    assert found.seeds == 20 and all(part.outcome is Outcome.HOLDS for part in found.parts)
    assert found.epochs == RECORD.tables[next(c.table for c in REGISTER if c.number == number)].epochs


@pytest.mark.parametrize(("number", "expected"), [(number, name) for number, cases in CASES.items() for name in cases])
def test_runs_of_another_truth_give_the_verdict_they_were_made_for(number: int, expected: str) -> None:
    found = judged(number, runs_of(constructed(AS_CLAIMED | CASES[number][expected])))
    assert found.verdict == expected, found.why
    assert (found.seeds_needed is not None) == (expected == "undetermined")
    if found.seeds_needed:
        assert found.seeds_needed > 20 and f"about {found.seeds_needed:,} seeds would tell" in found.why
    changed = {model.removesuffix("_Bias") for model in CASES[number][expected]}
    assert any(f"{model} " in f"{found.why} " for model in changed), "the reason names no model that was changed"


def dead_outputs(**changes: np.ndarray) -> pd.DataFrame:
    none = np.zeros(20)
    # The more dead nodes, the lower ReLU2's accuracy, which `constructed` orders by SHAPE rolled.
    turn = 3 * list(AS_CLAIMED).index("ReLU2")
    ranks = stats.rankdata(-np.roll(SHAPE, turn))
    shares = {"ReLU2": np.round(ranks / 40, 1)} | dict.fromkeys(("ReLU", "Abs", "Abs2", "ReLU2-Neg", "Abs2-Neg"), none)
    return activity(shares | changes)


def test_dead_output_nodes_give_each_verdict() -> None:
    runs = runs_of(constructed(AS_CLAIMED))
    few = np.where(np.arange(20) < 10, 0.1, 0.2)
    assert judged(7, runs, activity=dead_outputs()).verdict is Verdict.SUPPORTED
    for other in ("ReLU", "Abs", "Abs2", "ReLU2-Neg", "Abs2-Neg"):
        with_dead_nodes = judged(7, runs, activity=dead_outputs(**{other: few}))
        assert with_dead_nodes.verdict is Verdict.MIXED
        assert f"dead output nodes of {other} 15.0 %" in with_dead_nodes.why
    rising = dead_outputs()["never_active"][:20].to_numpy()
    reverse = dict.fromkeys(("ReLU", "Abs", "Abs2", "ReLU2-Neg", "Abs2-Neg"), few)
    lively = activity(reverse | {"ReLU2": (0.5 - rising) / 1000})
    assert judged(7, runs, activity=lively).verdict is Verdict.CONTRADICTED
    open_one = judged(7, runs, activity=dead_outputs(Abs=np.where(np.arange(20) == 0, 0.1, 0.0)))
    assert open_one.verdict is Verdict.UNDETERMINED
    assert "dead output nodes of Abs 0.5 %" in open_one.why


@pytest.mark.parametrize(
    ("table", "missing"),
    [
        (None, "activity"),
        (dead_outputs().query("epoch == 1"), "activity"),
        (activity({"ReLU2": np.zeros(20)}), "activity of the output nodes of ReLU on train images"),
        (activity({"ReLU2": np.zeros(20)}, split="test"), "activity of the output nodes of ReLU2 on train images"),
        (activity({"ReLU2": np.zeros(20)}, layer="hidden"), "activity of the output nodes of ReLU2 on train images"),
    ],
)
def test_what_was_not_measured_is_named(table: pd.DataFrame | None, missing: str) -> None:
    measurements = {} if table is None else {"activity": table}
    found = judged(7, runs_of(constructed(AS_CLAIMED)), **measurements)
    assert (found.verdict, found.why) == (Verdict.UNDETERMINED, f"not measured: {missing}")


# What a study lacks


def test_too_few_seeds_are_undetermined_however_clear_the_runs() -> None:
    found = judged(2, runs_of(constructed(AS_CLAIMED, seeds=9)))
    assert (found.verdict, found.seeds_needed, found.epochs_needed) == (Verdict.UNDETERMINED, 10, None)
    assert found.why == "10 seeds are needed, 9 are there"
    assert judged(2, runs_of(constructed(AS_CLAIMED)).query("seed == 0")).why == "10 seeds are needed, 1 is there"
    fewer = study(claims={"min_seeds": 9})
    assert judged(2, runs_of(constructed(AS_CLAIMED, seeds=9)), fewer).verdict is Verdict.SUPPORTED


def test_seeds_that_the_models_do_not_share_do_not_count() -> None:
    runs = runs_of(constructed(AS_CLAIMED))
    runs.loc[(runs["model"] == "Abs"), "seed"] += 12
    assert judged(1, runs).why == "10 seeds are needed, 8 are there"


def test_too_few_epochs_are_undetermined_unless_the_study_says_otherwise() -> None:
    short = study(epochs=5000)
    runs = runs_of(constructed(AS_CLAIMED), epochs=(5000,))
    assert judged(2, runs, short).verdict is Verdict.SUPPORTED
    found = judged(9, runs, short)
    assert (found.verdict, found.epochs_needed, found.seeds_needed) == (Verdict.UNDETERMINED, 50_000, None)
    assert found.why == "50,000 epochs are needed, 5,000 were trained"
    allowed = judged(9, runs, study(epochs=5000, claims={"min_epochs": 5000}))
    assert allowed.verdict is Verdict.SUPPORTED and allowed.why.startswith("5,000 epochs, 20 seeds: ")


def test_a_claim_is_read_at_the_published_epochs_where_there_are_several() -> None:
    truth = constructed(AS_CLAIMED)
    runs = pd.concat(
        [runs_of(truth, epochs=(5000,)), runs_of(truth | {"Abs": truth["Abs"] - 5}, epochs=(50_000,))],
        ignore_index=True,
    )
    assert judged(1, runs).verdict is Verdict.SUPPORTED
    assert judged(11, runs).parts[1].outcome is Outcome.HOLDS
    assert judged(1, runs, study(claims={"min_epochs": 6000})).verdict is Verdict.CONTRADICTED


def test_models_that_were_not_trained_are_named() -> None:
    runs = runs_of({name: values for name, values in constructed(AS_CLAIMED).items() if name not in ("Abs2", "Abs")})
    assert judged(5, runs).why == "not trained: Abs, Abs2"
    assert judged(5, runs).verdict is Verdict.UNDETERMINED
    none = judged(9, runs_of({"ReLU": np.full(20, 95.0)}), study(epochs=100))
    wanted = "50,000 epochs are needed, 100 were trained; not trained: ReLU-L2, ReLU-L2-Neg, Abs-L2, Abs-L2-Neg"
    assert (none.why, none.epochs_needed, none.seeds) == (wanted, 50_000, 0)
    one = judged(1, runs_of({"ReLU": np.full(3, 95.0)}))
    assert (one.why, one.seeds_needed) == ("10 seeds are needed, 3 are there; not trained: Abs", 10)


# The register and its thresholds


def test_every_published_claim_is_registered_once_with_a_rule() -> None:
    assert [claim.number for claim in REGISTER] == [claim.id for claim in RECORD.claims]
    for claim in REGISTER:
        assert set(claim.models) <= set(AXES), claim.number
        assert claim.table in RECORD.tables
        assert "{" not in claim.rule_in(study()), claim.number
    assert all(field.description for field in ClaimsSettings.model_fields.values())


def test_the_pattern_without_and_with_a_bias_is_every_comparison_that_the_paper_tests() -> None:
    parts = judged(6, runs_of(constructed(AS_CLAIMED))).parts
    tested = [f"{test.first.printed} − {test.second.printed} = " for test in RECORD.tests]
    assert sorted(part.text.partition("= ")[0] + "= " for part in parts) == sorted(tested)


def test_thresholds_of_the_study_decide() -> None:
    runs = runs_of(constructed(AS_CLAIMED | {"Abs": (95.1, 0.15)}))
    assert judged(1, runs).verdict is Verdict.CONTRADICTED
    assert judged(1, runs, study(statistics={"equivalence_margin": 1.0})).verdict is Verdict.SUPPORTED
    far = study(claims={"failure_margin": 60.0})
    assert judged(2, runs, far).verdict is Verdict.MIXED
    assert judged(2, runs, study(claims={"spread_ratio": 1000.0})).verdict is Verdict.MIXED
    tight = study(claims={"spread_tolerance": 1.0})
    assert judged(12, runs, tight).verdict is Verdict.UNDETERMINED
    with pytest.raises(UserError, match=r"claims: unknown key 'margin'"):
        study(claims={"margin": 1})


# Estimates against independent computations


def series(values: np.ndarray) -> pd.Series:
    return pd.Series(values, index=list(range(len(values))))


def test_estimates_against_scipy() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(95, 2, 15), rng.normal(94, 1, 15)
    ends = stats.ttest_rel(a, b).confidence_interval(0.9)
    found = difference(series(a), series(b), 0.05)
    assert [found.value, found.low, found.high] == pytest.approx([np.mean(a - b), ends.low, ends.high])
    ends = stats.ttest_1samp(a, 0).confidence_interval(0.98)
    assert centre(series(a), 0.01)[1:3] == pytest.approx([ends.low, ends.high])
    ratio = np.var(a, ddof=1) * 14 / stats.chi2.ppf([0.975, 0.025], 14)
    assert spread(series(a), 0.025)[1:3] == pytest.approx(np.sqrt(ratio))
    assert correlation(series(a), series(b), 0.05).value == pytest.approx(stats.spearmanr(a, b).statistic)
    assert correlation(series(a), series(a), 0.05).low > 0.99
    assert math.isnan(correlation(series(a), series(np.ones(15)), 0.05).low)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_excess_spread_decides_as_brown_and_forsythe_do(factor: float) -> None:
    rng = np.random.default_rng(9)
    seen = set()
    for _ in range(60):
        a, b = rng.normal(0, factor * rng.uniform(0.4, 2.5), 12), rng.normal(0, 1, 12)
        p = brown_forsythe(a, factor * b).p
        found = excess_spread(series(a), series(b), factor, 0.05)
        outside = found.low > 0 or found.high < 0
        assert outside == (p < 0.10)
        seen.add(outside)
    assert seen == {True, False}


def test_runs_needed_are_enough_when_they_are_there() -> None:
    needed = runs_needed(gap=0.1, scale=0.25, level=0.05, power=0.8)
    assert needed == math.ceil(((1.6448536 + 0.8416212) * 2.5) ** 2)
    rng = np.random.default_rng(6)
    means = rng.normal(0.1, 0.25, (2000, needed)).mean(axis=1)
    told = np.mean(means - 1.6448536 * 0.25 / math.sqrt(needed) > 0)
    assert told == pytest.approx(0.8, abs=0.03)
    assert runs_needed(0.0, 0.25, 0.05, 0.8) is None and runs_needed(math.nan, 1.0, 0.05, 0.8) is None


def test_regions_place_intervals() -> None:
    region = Region(-0.2, 0.2)
    for ends, expected in (
        ((-0.1, 0.1), Outcome.HOLDS),
        ((0.1, 0.3), Outcome.OPEN),
        ((-0.3, 0.3), Outcome.OPEN),
        ((0.21, 0.3), Outcome.FAILS),
        ((-0.4, -0.3), Outcome.FAILS),
        ((math.nan, math.nan), Outcome.OPEN),
    ):
        assert region.place(Estimate(0, *ends, 1)) is expected


def test_sides_are_the_same_only_if_both_are_known() -> None:
    def side(first: float, second: float) -> Outcome:
        fixed = [lambda level, at=at: Estimate(at, at - 0.1, at + 0.1, 1.0) for at in (first, second)]
        return SameSide(fixed[0], fixed[1], lambda a, b: "", 0.2).judge(0.05, 0.8).outcome

    assert side(-1, -5) is side(0, 0.05) is side(1, 9) is Outcome.HOLDS
    assert side(-1, 1) is side(0, 1) is Outcome.FAILS
    assert side(0.2, 1) is Outcome.OPEN


def test_verdicts_of_parts() -> None:
    holds, fails = Part(Outcome.HOLDS, "a"), Part(Outcome.FAILS, "b")
    open_ones = [Part(Outcome.OPEN, "c", 30), Part(Outcome.OPEN, "d", 50)]
    assert verdict([holds, holds]) is Verdict.SUPPORTED
    assert verdict([fails]) is Verdict.CONTRADICTED
    assert verdict([holds, fails, *open_ones]) is Verdict.MIXED
    assert verdict([holds, *open_ones]) is verdict([fails, *open_ones]) is Verdict.UNDETERMINED
    assert seeds_needed([holds, *open_ones]) == 50
    assert seeds_needed([Part(Outcome.OPEN, "e"), *open_ones]) is None
    assert reason([holds, holds, *open_ones, fails]) == "b; c; d; 2 more hold"


# Error rates over simulated studies with a known truth


def simulated(
    number: int, truth: Truth, studies: int, seed: int, draw: Callable[..., np.ndarray] | None = None, seeds: int = 20
) -> dict[str, float]:
    """Return how often each verdict comes out; the models of one seed share a part of their luck."""
    rng = np.random.default_rng(seed)
    claim, of = next(claim for claim in REGISTER if claim.number == number), study()
    about = next(entry for entry in RECORD.claims if entry.id == number)
    found = dict.fromkeys(map(str, Verdict), 0.0)
    for _ in range(studies):
        shared = rng.normal(0, 0.1, seeds)
        accuracies = {}
        for name in claim.models:
            mean, sd = truth[name]
            deviations = rng.normal(0, 1, seeds) if draw is None else draw(rng, seeds)
            own = math.sqrt(sd**2 - 0.01) * deviations + shared if sd > 0.1 else sd * deviations
            accuracies[name] = series(mean + own)
        evidence = Evidence(accuracies, about, of.claims, of.statistics)
        found[verdict(judged_parts(claim, evidence))] += 1 / studies
    return found


def at_most(share: float, allowed: float, studies: int) -> bool:
    """Whether a share is no larger than chance makes of `allowed` in all but one of 10,000 cases."""
    return share <= stats.binom(studies, allowed).ppf(1 - 1e-4) / studies


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    return (rng.gamma(2.0, 1.0, n) - 2) / math.sqrt(2)


ALPHA = 0.05


@pytest.mark.parametrize("draw", [None, skewed])
def test_no_difference_is_hardly_ever_contradicted(draw: Callable[..., np.ndarray] | None) -> None:
    found = simulated(1, {"ReLU": (95.5, 0.17), "Abs": (95.5, 0.17)}, 1000, 1, draw)
    assert found["contradicted"] == 0.0, found
    assert found["supported"] >= 0.9, found


@pytest.mark.parametrize("edge", [-0.2, 0.2])
def test_a_difference_at_the_margin_is_misjudged_no_more_often_than_alpha(edge: float) -> None:
    found = simulated(1, {"ReLU": (95.5 + edge, 0.17), "Abs": (95.5, 0.17)}, 1000, 2)
    assert at_most(found["contradicted"], ALPHA, 1000), found
    assert at_most(found["supported"], ALPHA, 1000), found
    # The level is used up, not only kept: either error comes out at about alpha.
    assert found["contradicted"] >= 0.02 and found["supported"] >= 0.02, found


def test_a_real_difference_is_contradicted_with_power() -> None:
    found = simulated(1, {"ReLU": (95.64, 0.19), "Abs": (95.26, 0.19)}, 500, 3)
    assert found["contradicted"] >= 0.8 and found["supported"] == 0, found


def test_a_failure_at_the_margin_and_a_real_one() -> None:
    at_margin = {"ReLU": (95.5, 0.17), "ReLU2": (85.5, 12.0)}
    found = simulated(2, at_margin, 500, 4)
    # The spread is far larger in truth and the mean at the edge: neither verdict more often than alpha.
    assert at_most(found["supported"], ALPHA, 500) and at_most(found["mixed"], ALPHA, 500), found
    as_printed = {"ReLU": (95.64, 0.19), "ReLU2": (47.2, 12.0)}
    assert simulated(2, as_printed, 200, 5)["supported"] >= 0.95


def test_equal_spreads_are_hardly_ever_called_far_larger() -> None:
    found = simulated(2, {"ReLU": (95.5, 0.5), "ReLU2": (40.0, 1.5)}, 500, 6)
    assert at_most(found["supported"] + found["mixed"], ALPHA, 500), found
    assert simulated(2, {"ReLU": (95.5, 0.5), "ReLU2": (40.0, 0.5)}, 200, 7)["supported"] == 0


def test_a_true_sd_at_the_bound_is_misjudged_no_more_often_than_alpha() -> None:
    bound = 0.14 * ClaimsSettings().spread_tolerance
    truth = dict.fromkeys(("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg"), (97.5, bound))
    found = simulated(12, truth, 500, 8)
    wrong = found["supported"] + found["contradicted"] + found["mixed"]
    # Four conditions, each in either direction at alpha / 4.
    assert at_most(wrong, 2 * ALPHA, 500), found
    printed = {name: (97.5, sd) for name, sd in zip(truth, (0.13, 0.14, 0.07, 0.09), strict=True)}
    assert simulated(12, printed, 200, 9)["supported"] >= 0.8


def test_a_bias_without_effect_is_not_contradicted_nor_mixed() -> None:
    found = simulated(6, AS_CLAIMED, 150, 10)
    assert at_most(found["contradicted"] + found["mixed"], ALPHA, 150), found
    assert found["supported"] >= 0.5, found


# Geometry

AS_STATED = {
    "projections_by_run": {
        "ReLU": {"overlap_mean": 0.8, "means_differ": 0.9, "sds_differ": 0.8, "skewnesses_differ": 0.7},
    },
    "mahalanobis_by_run": {
        model: {"correlation": 0.8, "scales_correlation": 0.7, "axis_correlation": 0.05}
        for model in ("ReLU-L2-Neg", "Abs-L2-Neg")
    },
    "prototypes_by_run": {
        model: {"euclidean_preference": 0.4 if model.endswith("Neg") else -0.4}
        for model in ("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg")
    },
}


def geometry(name: str, epoch: int, changes: Mapping[str, float], spread: float = 0.01) -> pd.DataFrame:
    """Return 20 seeds of each model as the claims state them, with `changes`; SD over seeds `spread`."""
    rows = []
    for model, stated in AS_STATED[name].items():
        axes = dict(zip(("architecture", "representation"), AXES[model], strict=True))
        for seed in range(20):
            values = {column: value + spread * SHAPE[seed] for column, value in (stated | dict(changes)).items()}
            row = {"experiment": "raw", **axes, "seed": seed, "epoch": epoch} | values
            if name != "mahalanobis_by_run":
                rows.append(row)
                continue
            start = dict.fromkeys(stated, 0.1 + spread * SHAPE[-seed])
            rows += [row | {"control": "none", "images": images} for images in ("own", "all")]
            rows += [
                row | start | {"control": control, "images": "own"} for control in ("untrained", "shuffled_labels")
            ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("claim", "name", "changes", "spread", "expected"),
    [
        (8, "projections_by_run", {}, 0.01, "supported"),
        (8, "projections_by_run", {"skewnesses_differ": 0.2}, 0.01, "mixed"),
        (8, "projections_by_run", dict.fromkeys(AS_STATED["projections_by_run"]["ReLU"], 0.2), 0.01, "contradicted"),
        (8, "projections_by_run", {"overlap_mean": 0.501}, 0.05, "undetermined"),
        (13, "mahalanobis_by_run", {}, 0.01, "supported"),
        (13, "mahalanobis_by_run", {"scales_correlation": -0.2}, 0.01, "mixed"),
        (
            13,
            "mahalanobis_by_run",
            {"correlation": 0.05, "scales_correlation": 0.0, "axis_correlation": 0.4},
            0.01,
            "contradicted",
        ),
        (13, "mahalanobis_by_run", {"axis_correlation": 0.099}, 0.01, "undetermined"),
        (14, "prototypes_by_run", {}, 0.01, "supported"),
        (14, "prototypes_by_run", {"euclidean_preference": 0.3}, 0.01, "mixed"),
        (14, "prototypes_by_run", {"euclidean_preference": 0.001}, 0.05, "undetermined"),
    ],
)
def test_the_geometry_gives_each_verdict(
    claim: int, name: str, changes: Mapping[str, float], spread: float, expected: str
) -> None:
    epoch = RECORD.tables["table2" if claim == 8 else "table5"].epochs
    found = judged(claim, runs_of(constructed(AS_CLAIMED)), **{name: geometry(name, epoch, changes, spread)})
    assert found.verdict == expected, found.why


def test_prototypes_the_wrong_way_round_contradict() -> None:
    epoch = RECORD.tables["table5"].epochs
    table = geometry("prototypes_by_run", epoch, {})
    table["euclidean_preference"] *= -1
    found = judged(14, runs_of(constructed(AS_CLAIMED)), prototypes_by_run=table)
    assert found.verdict is Verdict.CONTRADICTED, found.why


# Output


def test_pages_and_records_hold_every_ruling(tmp_path: Path) -> None:
    of = study()
    found = rulings(of, runs_of(constructed(AS_CLAIMED)), {}, RECORD)
    (tmp_path / "claims.json").write_text(as_json(found))
    entries = read(tmp_path / "claims.json")
    assert [entry["claim"] for entry in entries] == list(range(1, 15))
    assert {entry["verdict"] for entry in entries} == {"supported", "undetermined"}
    assert [entry["claim"] for entry in entries if entry["why"].startswith("not measured")] == [7, 8, 13, 14]
    assert verdicts(found)["raw"]["01 baselines alike"] == "supported"
    page = as_markdown(found, of)
    for entry in entries:
        assert entry["statement"] in page and entry["why"] in page and entry["rule"] in page
    for text in ("", "[1]", '{"a": 1}', "[{}]"):
        (tmp_path / "claims.json").write_text(text)
        with pytest.raises(UserError, match=r"claims\.json"):
            read(tmp_path / "claims.json")


def test_numbers_stand_beside_the_published_ones_whatever_the_verdict() -> None:
    few = runs_of(constructed({"ReLU": (96.5, 0.2), "Abs": (95.0, 0.1), "ReLU_Bias": (95.5, 0.2)}))
    assert judged(1, few[few["seed"] < 2], study()).verdict is Verdict.UNDETERMINED
    first, second = judged(1, few, study()).numbers
    assert first == ("ReLU", "96.62 ± 0.17", "96.50 ± 0.20") and second == ("Abs", "95.87 ± 0.22", "95.00 ± 0.10")
    assert judged(1, few[few["seed"] == 0], study()).numbers[0].measured == f"{few['test_accuracy'].iloc[0]:.2f}"
    bias = {number.quantity: number for number in judged(6, few, study()).numbers}
    assert bias["ReLU_Bias"] == ("ReLU_Bias", "95.69 ± 0.17", "95.50 ± 0.20")
    assert bias["ReLU"].published == "96.62 ± 0.17 (Table 2)" and bias["Abs2_Bias"].measured == "not trained"
    everything = runs_of(constructed(AS_CLAIMED))
    shares = judged(7, everything, activity=dead_outputs()).numbers
    assert shares[0].quantity == "ReLU2" and shares[0].published == "33.00 % dead"
    assert re.fullmatch(r"\d+\.\d\d ± \d+\.\d\d % dead", shares[0].measured)
    assert {share.published for share in shares[1:]} == {""}
    assert {share.measured for share in judged(7, everything).numbers} == {"not measured"}
    table = geometry("prototypes_by_run", 50_000, {})
    found = judged(14, everything, prototypes_by_run=table)
    assert [part.measured for part in found.parts] == [number.measured for number in found.numbers] != []
    assert found.evidence == ("prototypes",) and judged(1, few).evidence == ("table2",)


def test_the_command_writes_verdicts_and_refuses_a_broken_measurement(workshop: Workshop) -> None:
    table = runs_of(constructed({name: AS_CLAIMED[name] for name in ("ReLU", "Abs")}), epochs=(6,))
    (workshop.folder / "runs.csv").write_text(table.to_csv(index=False))
    where = ["runs.csv", "--output", "out", "--published", str(REPOSITORY / "config/published.yaml")]
    assert (
        "1 baselines alike: undetermined; 5,000 epochs are needed, 6 were trained"
        in workshop.run("claims", *where).stdout
    )
    entries = json.loads((workshop.folder / "out/claims.json").read_text())
    assert {entry["verdict"] for entry in entries} == {"undetermined"}
    (workshop.folder / "measurements").mkdir()
    (workshop.folder / "measurements/activity.csv").write_text("experiment,seed\nraw,0\n")
    line = workshop.refused("claims", *where)
    assert "measurements/activity.csv: column architecture is missing" in line


def test_paper_names_of_the_register_are_models() -> None:
    for name, axes in AXES.items():
        assert find_model(*axes).paper_name == name
    assert Condition(lambda level: Estimate(1, 0.5, 1.5, 1), lambda e: "x", Region(0, 2), "y").judge(0.05, 0.8) == Part(
        Outcome.HOLDS, "x, y", measured="x"
    )


def test_the_summary_begins_with_the_claims(tmp_path: Path) -> None:
    of = study()
    found = rulings(of, runs_of(constructed(AS_CLAIMED)), {}, RECORD)
    write(found, of, tmp_path)
    write_audit(review(RECORD), tmp_path)
    (tmp_path / "tables").mkdir()
    for name in (*ACCURACY_TABLES, *CATALOGUE, "table1", "table4", "protocols", "robustness"):
        (tmp_path / "tables" / f"{name}.md").write_text(f"the table {name}\n")
    runs = "model,engine\nReLU,dense\nAbs,split\n"
    (tmp_path / "provenance.csv").write_text(runs)
    page = summary(of, tmp_path)
    assert "TF32" not in page
    (tmp_path / "provenance.csv").write_text(runs + "Abs2,tf32\n")
    assert "Made in TF32, with less accuracy than float32: 1 of 3 runs (Abs2)." in summary(of, tmp_path)
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings[:2] == ["# s: t", "## The paper's claims"]
    for entry in found:
        row = next(line for line in page.splitlines() if line.startswith(f"| {entry.claim.id} | "))
        assert entry.claim.statement in row and f"**{entry.verdict}**" in row and entry.why in row
    assert "the table protocols" in page and "the table robustness" not in page
    assert "Set behind the statistics" in page
    two = study(experiments={"raw": {"epochs": 50_000, "milestones": [5000]}, "wide": {"epochs": 5}})
    assert "the table robustness" in summary(two, tmp_path)
