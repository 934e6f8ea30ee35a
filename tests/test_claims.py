"""The claims' decision rules on constructed runs of each verdict, and on studies that lack something."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from distancenets.claims.conditions import Condition, Outcome, Part, Region
from distancenets.claims.estimates import Estimate
from distancenets.claims.register import REGISTER
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.claims import ClaimsSettings
from distancenets.errors import UserError
from distancenets.models.registry import find_model
from worlds import (
    AS_CLAIMED,
    AS_STATED,
    AXES,
    RECORD,
    activity,
    constructed,
    dead_outputs,
    geometry,
    judged,
    runs_of,
    study,
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


# Geometry


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


def test_a_verdict_names_the_seeds_of_the_model_that_has_fewest_and_of_the_one_that_has_most() -> None:
    runs = runs_of(constructed(AS_CLAIMED))
    found = judged(2, runs[(runs["model"] != "ReLU") | (runs["seed"] < 12)])
    assert found.why.startswith("5,000 epochs, 12–20 seeds: ") and found.seeds == 12


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
    two = judged(5, runs)
    assert (two.why, two.epochs_needed) == ("not trained for 5,000 epochs: Abs, Abs2", 5000)
    assert two.verdict is Verdict.UNDETERMINED
    none = judged(9, runs_of({"ReLU": np.full(20, 95.0)}), study(epochs=100))
    wanted = "50,000 epochs are needed, 100 were trained; not trained for 100 epochs: "
    wanted += "ReLU-L2, ReLU-L2-Neg, Abs-L2, Abs-L2-Neg"
    assert (none.why, none.epochs_needed, none.seeds) == (wanted, 50_000, 0)
    one = judged(1, runs_of({"ReLU": np.full(3, 95.0)}))
    assert (one.why, one.seeds_needed) == ("10 seeds are needed, 3 are there; not trained for 5,000 epochs: Abs", 10)


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


def test_paper_names_of_the_register_are_models() -> None:
    for name, axes in AXES.items():
        assert find_model(*axes).paper_name == name
    assert Condition(lambda level: Estimate(1, 0.5, 1.5, 1), lambda e: "x", Region(0, 2), "y").judge(0.05, 0.8) == Part(
        Outcome.HOLDS, "x, y", measured="x"
    )
