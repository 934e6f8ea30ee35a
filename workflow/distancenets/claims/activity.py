"""The decision rule that looks at dead nodes, besides accuracies."""

from distancenets.claims.conditions import Condition, Given, Judged, Quantity, signed
from distancenets.claims.estimates import correlation, share
from distancenets.claims.evidence import Evidence
from distancenets.claims.thresholds import Threshold, above, below

FAILING = "ReLU2"
# Any other output that is zero over a whole range of scores, so that a node can be dead for good.
FLAT = ("ReLU2-Neg",)
ALGEBRA = {
    "ReLU": "its outputs are linear",
    "Abs": "its outputs are linear",
    "Abs2": "|z| is 0 only at z = 0",
    "Abs2-Neg": "−|z| is 0 only at z = 0",
}


def dead_outputs_explain(evidence: Evidence) -> list[Judged]:
    """ReLU2 has dead output nodes, its accuracy falls with their number over seeds, and no other model has any."""
    setting, limit = "share of dead nodes", evidence.claims.dead_share
    return [
        _share(evidence, FAILING, above(setting, limit)),
        _falls_with_dead_outputs(evidence),
        *(_share(evidence, model, below(setting, limit)) for model in FLAT),
        *(_given(evidence, model, why) for model, why in ALGEBRA.items()),
    ]


def _share(evidence: Evidence, model: str, threshold: Threshold) -> Condition:
    dead = Quantity(f"share of dead output nodes of {model}", [evidence.dead_outputs(model)], share, "{:.3f}".format)
    return Condition((dead,), threshold)


def _falls_with_dead_outputs(evidence: Evidence) -> Condition:
    found = Quantity(
        f"rank correlation of accuracy and dead output nodes of {FAILING}",
        [evidence.accuracy(FAILING), evidence.dead_outputs(FAILING)],
        correlation,
        signed,
    )
    return Condition((found,), below("rank correlation with dead nodes", evidence.claims.dead_correlation))


def _given(evidence: Evidence, model: str, why: str) -> Given:
    return Given(f"{model} cannot have a dead output node: {why}", evidence.dead_outputs(model))
