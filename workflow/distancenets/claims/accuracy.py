"""Decision rules that look at test accuracies only: which conditions a claim is made of."""

import math
from functools import partial
from itertools import product

from distancenets.claims.conditions import Condition, Judged, Region, SameSide, with_interval
from distancenets.claims.estimates import Estimate, centre, difference, excess_spread, spread
from distancenets.claims.evidence import Evidence
from distancenets.configuration.statistics import PAPER_COMPARISONS
from distancenets.models.registry import find_model

BASELINES = ("ReLU", "Abs")
OFFSET_L2 = ("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg")


def baselines_alike(evidence: Evidence) -> list[Judged]:
    """ReLU and Abs differ by less than the equivalence margin."""
    return [_alike(evidence, "ReLU", "Abs")]


def relu2_fails(evidence: Evidence) -> list[Judged]:
    """ReLU2 lies below ReLU by more than the failure margin and spreads far more."""
    return [_fails(evidence, "ReLU2", "ReLU"), _spreads(evidence, "ReLU2", "ReLU")]


def abs2_holds(evidence: Evidence) -> list[Judged]:
    """Abs2 and Abs differ by less than the equivalence margin."""
    return [_alike(evidence, "Abs2", "Abs")]


def relu2_neg_recovers(evidence: Evidence) -> list[Judged]:
    """ReLU2-Neg lies far above ReLU2 and not below ReLU by more than the equivalence margin."""
    margin = evidence.statistics.equivalence_margin
    return [
        _fails(evidence, "ReLU2", "ReLU2-Neg"),
        _differs(evidence, "ReLU2-Neg", "ReLU", Region(-margin, math.inf), f"above −{margin:g}"),
    ]


def abs2_neg_is_worse(evidence: Evidence) -> list[Judged]:
    """Abs2-Neg lies below Abs and Abs2 by more than the equivalence margin, and spreads far more than each."""
    margin = evidence.statistics.equivalence_margin
    return [
        *(
            _differs(evidence, "Abs2-Neg", other, Region(-math.inf, -margin), f"below −{margin:g}")
            for other in ("Abs", "Abs2")
        ),
        *(_spreads(evidence, "Abs2-Neg", other) for other in ("Abs", "Abs2")),
    ]


def bias_changes_nothing(evidence: Evidence) -> list[Judged]:
    """Each of the paper's comparisons comes out on the same side of the margin without and with a bias."""
    return [
        SameSide(
            _difference(evidence, first, second),
            _difference(evidence, f"{first}_Bias", f"{second}_Bias"),
            partial(_both, first, second),
            evidence.statistics.equivalence_margin,
        )
        for first, second in PAPER_COMPARISONS
    ]


def offset_l2_closes_the_gap(evidence: Evidence) -> list[Judged]:
    """The negated OffsetL2 models differ from the plain ones by less than the equivalence margin."""
    return [_alike(evidence, "ReLU-L2-Neg", "ReLU-L2"), _alike(evidence, "Abs-L2-Neg", "Abs-L2")]


def relu_l2_holds(evidence: Evidence) -> list[Judged]:
    """ReLU-L2 lies far above ReLU2 and not far below ReLU."""
    margin = evidence.claims.failure_margin
    return [
        _fails(evidence, "ReLU2", "ReLU-L2"),
        _differs(evidence, "ReLU-L2", "ReLU", Region(-margin, math.inf), f"above −{margin:g}"),
    ]


def offset_l2_beats_the_baselines(evidence: Evidence) -> list[Judged]:
    """Each OffsetL2 model beats each baseline by more than the margin; what the claim states as a mean is met."""
    margin = evidence.statistics.equivalence_margin
    return [
        *(
            _differs(evidence, model, baseline, Region(margin, math.inf), f"above {margin:g}")
            for model, baseline in product(OFFSET_L2, BASELINES)
        ),
        *(
            _reaches(evidence, find_model(*model.model).paper_name, float(figure.value))
            for figure in evidence.published.figures
            if figure.quantity == "mean"
            for model in figure.models
        ),
    ]


def offset_l2_is_steady(evidence: Evidence) -> list[Judged]:
    """The true SD of each OffsetL2 model lies below the stated one times the tolerance."""
    return [
        _steady(evidence, find_model(*model.model).paper_name, float(figure.value) * evidence.claims.spread_tolerance)
        for figure in evidence.published.figures
        if figure.quantity == "sd"
        for model in figure.models
    ]


def _alike(evidence: Evidence, first: str, second: str) -> Condition:
    margin = evidence.statistics.equivalence_margin
    return _differs(evidence, first, second, Region(-margin, margin), f"within ±{margin:g}")


def _fails(evidence: Evidence, model: str, beside: str) -> Condition:
    margin = evidence.claims.failure_margin
    return _differs(evidence, model, beside, Region(-math.inf, -margin), f"below −{margin:g}")


def _differs(evidence: Evidence, first: str, second: str, region: Region, asked: str) -> Condition:
    def measured(estimate: Estimate) -> str:
        return f"{first} − {second} = {with_interval(estimate)}"

    return Condition(_difference(evidence, first, second), measured, region, asked)


def _difference(evidence: Evidence, first: str, second: str) -> "partial[Estimate]":
    return partial(difference, evidence.accuracies[first], evidence.accuracies[second])


def _spreads(evidence: Evidence, model: str, beside: str) -> Condition:
    factor = evidence.claims.spread_ratio
    wide, narrow = evidence.accuracies[model], evidence.accuracies[beside]

    def measured(_: Estimate) -> str:
        return f"sample SD {wide.std(ddof=1):.2f} of {model} and {narrow.std(ddof=1):.2f} of {beside}"

    asked = f"more than {factor:g} times as large"
    return Condition(partial(excess_spread, wide, narrow, factor), measured, Region(0, math.inf), asked)


def _reaches(evidence: Evidence, model: str, stated: float) -> Condition:
    margin = evidence.statistics.equivalence_margin

    def measured(estimate: Estimate) -> str:
        return f"mean of {model} {estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"

    region = Region(stated - margin, stated + margin)
    return Condition(partial(centre, evidence.accuracies[model]), measured, region, f"within {stated:g} ± {margin:g}")


def _steady(evidence: Evidence, model: str, bound: float) -> Condition:
    def measured(estimate: Estimate) -> str:
        return f"sample SD of {model} {estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"

    region = Region(-math.inf, bound)
    return Condition(partial(spread, evidence.accuracies[model]), measured, region, f"below {bound:g}")


def _both(first: str, second: str, plain: Estimate, biased: Estimate) -> str:
    return f"{first} − {second} = {with_interval(plain)} without a bias and {with_interval(biased)} with one"
