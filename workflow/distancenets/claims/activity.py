"""The decision rule that looks at dead nodes, besides accuracies."""

import math
from functools import partial

from distancenets.claims.conditions import Condition, Judged, Region, signed
from distancenets.claims.estimates import Estimate, centre, correlation
from distancenets.claims.evidence import Evidence

FAILING = "ReLU2"
OTHERS = ("ReLU", "Abs", "Abs2", "ReLU2-Neg", "Abs2-Neg")


def dead_outputs_explain(evidence: Evidence) -> list[Judged]:
    """ReLU2 has dead output nodes, its accuracy falls with their number over seeds, and no other model has any."""
    limit = evidence.claims.dead_share
    return [
        _share(evidence, FAILING, Region(limit, math.inf), f"more than {100 * limit:g} %"),
        _falls_with_dead_outputs(evidence),
        *(_share(evidence, model, Region(-math.inf, limit), f"less than {100 * limit:g} %") for model in OTHERS),
    ]


def _share(evidence: Evidence, model: str, region: Region, asked: str) -> Condition:
    def measured(estimate: Estimate) -> str:
        low, high = max(estimate.low, 0.0), min(estimate.high, 1.0)
        return f"dead output nodes of {model} {100 * estimate.value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"

    return Condition(partial(centre, evidence.dead_outputs(model)), measured, region, asked)


def _falls_with_dead_outputs(evidence: Evidence) -> Condition:
    bound = evidence.claims.dead_correlation

    def measured(estimate: Estimate) -> str:
        if math.isnan(estimate.value):
            return f"the share of dead output nodes or the accuracy of {FAILING} is the same for every seed"
        ends = f"{signed(estimate.low)} to {signed(estimate.high)}"
        return f"rank correlation of accuracy and dead output nodes of {FAILING} {signed(estimate.value)} ({ends})"

    found = partial(correlation, evidence.accuracies[FAILING], evidence.dead_outputs(FAILING))
    return Condition(found, measured, Region(-math.inf, bound), f"below {signed(bound)}")
