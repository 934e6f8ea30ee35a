"""The claims as they are defined: their rules in words, their thresholds, and what they compare."""

import numpy as np
import pytest

from distancenets.claims.definitions import CLAIMS
from distancenets.claims.evidence import Evidence
from distancenets.claims.judgement import judge_claims
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.claims import ClaimsSettings
from distancenets.errors import UserError
from distancenets.models.registry import find_model
from synthetic_data import AS_CLAIMED, AXES, RECORD, constructed, judged, runs_of, study

CHANGED = (6, 7, 8, 13)


def test_every_published_claim_is_registered_once_with_a_rule() -> None:
    assert [claim.number for claim in CLAIMS] == [claim.id for claim in RECORD.claims]
    for claim in CLAIMS:
        assert set(claim.models) <= set(AXES), claim.number
        assert claim.table in RECORD.tables
        about = next(entry for entry in RECORD.claims if entry.id == claim.number)
        rule = claim.rule(Evidence({}, about, study().claims, study().statistics))
        assert all(model in rule for model in claim.models if not model.endswith("_Bias")), claim.number
        assert rule[0].isupper() and rule.rstrip(")").endswith("."), claim.number
        assert ("(Changed after data were seen: " in rule) is (claim.number in CHANGED), claim.number
    assert all(field.description for field in ClaimsSettings.model_fields.values())


def test_the_pattern_without_and_with_a_bias_is_every_comparison_that_the_paper_tests() -> None:
    parts = judged(6, runs_of(constructed(AS_CLAIMED))).parts
    tested = [(test.first.printed, test.second.printed) for test in RECORD.tests]
    told = {
        f"{first} − {second} = " if "ReLU2" in (first, second) else f"({first} − {second}) = "
        for first, second in tested
    }
    assert len(parts) == len(tested) == 7
    assert all(sum(name in part.text for name in told) == 1 for part in parts)


def test_a_bias_is_judged_within_seeds() -> None:
    # Two models that differ by the margin: on which side of it, nobody can say; that a bias changes nothing, anybody.
    found = judged(6, runs_of(constructed(AS_CLAIMED | dict.fromkeys(("Abs", "Abs_Bias"), (95.3, 0.15)))))
    assert found.verdict is Verdict.SUPPORTED, found.why
    # Nor may two sides that are equal hide a change.
    further = {"Abs2-Neg_Bias": (91.0, 2.5)}
    assert judged(6, runs_of(constructed(AS_CLAIMED | further))).verdict is Verdict.MIXED


def test_holm_corrects_over_the_claims_of_an_experiment() -> None:
    found = judge_claims(study(), runs_of(constructed(AS_CLAIMED)), {}, RECORD)
    decided = sorted((ruling for ruling in found if ruling.verdict is Verdict.SUPPORTED), key=lambda each: each.alpha)
    assert len(decided) > 5 and all(0 < ruling.alpha <= 0.05 for ruling in decided)
    # The smallest times the number of claims, whether or not they could be judged, and so on, never falling.
    least = 0.0
    for place, ruling in enumerate(decided):
        least = max(least, min(1, (len(found) - place) * ruling.alpha))
        assert ruling.holm == pytest.approx(least)
    assert all(np.isnan(ruling.holm) for ruling in found if ruling.verdict is Verdict.UNDETERMINED)


def test_the_verdict_on_spreads_says_what_it_means() -> None:
    found = judged(12, runs_of(constructed(AS_CLAIMED)))
    assert "less than 0.28 points" in found.rule and "below 0.28" in found.why


def test_thresholds_of_the_study_decide() -> None:
    runs = runs_of(constructed(AS_CLAIMED | {"Abs": (95.1, 0.15)}))
    assert judged(1, runs).verdict is Verdict.CONTRADICTED
    assert judged(1, runs, study(statistics={"equivalence_margin": 1.0})).verdict is Verdict.SUPPORTED
    far = study(claims={"failure_margin": 60.0})
    assert judged(2, runs, far).verdict is Verdict.MIXED
    assert judged(2, runs, study(claims={"spread_ratio": 1000.0})).verdict is Verdict.MIXED
    tight = study(claims={"spread_tolerance": 1.0})
    assert judged(12, runs, tight).verdict is Verdict.UNDETERMINED
    assert next(flip.text for flip in judged(1, runs).flips).startswith(
        "undetermined with equivalence margin above 0.2"
    )
    with pytest.raises(UserError, match=r"claims: unknown key 'margin'"):
        study(claims={"margin": 1})


def test_paper_names_of_the_register_are_models() -> None:
    for name, axes in AXES.items():
        assert find_model(*axes).paper_name == name
