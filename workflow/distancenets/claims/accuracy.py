"""Decision rules that look at test accuracies only: which conditions a claim is made of."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

from distancenets.claims.conditions import Condition, Judged, Quantity, SameSide, signed
from distancenets.claims.estimates import Estimate, contrast, difference, mean_estimate, sd_estimate, spread_ratio
from distancenets.claims.evidence import Evidence
from distancenets.claims.thresholds import above, above_minus, below, below_minus, number, within
from distancenets.configuration.statistics import PAPER_COMPARISONS
from distancenets.models.registry import find_model

FAILING = "ReLU2"
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
    return [
        _fails(evidence, "ReLU2", "ReLU2-Neg"),
        Condition((_difference(evidence, "ReLU2-Neg", "ReLU"),), above_minus(*_margin(evidence))),
    ]


def abs2_neg_is_worse(evidence: Evidence) -> list[Judged]:
    """Abs2-Neg lies below Abs and Abs2 by more than the equivalence margin, and spreads far more than each."""
    return [
        *(
            Condition((_difference(evidence, "Abs2-Neg", other),), below_minus(*_margin(evidence)))
            for other in ("Abs", "Abs2")
        ),
        *(_spreads(evidence, "Abs2-Neg", other) for other in ("Abs", "Abs2")),
    ]


def bias_changes_nothing(evidence: Evidence) -> list[Judged]:
    """A bias changes each of the paper's comparisons by less than the margin, seed by seed.

    Comparisons with ReLU2, whose runs differ by tens of points, come out on the same side of the margin.
    """
    return [_same_change(evidence, first, second) for first, second in PAPER_COMPARISONS]


def offset_l2_closes_the_gap(evidence: Evidence) -> list[Judged]:
    """The negated OffsetL2 models differ from the plain ones by less than the equivalence margin."""
    return [_alike(evidence, "ReLU-L2-Neg", "ReLU-L2"), _alike(evidence, "Abs-L2-Neg", "Abs-L2")]


def relu_l2_holds(evidence: Evidence) -> list[Judged]:
    """ReLU-L2 lies far above ReLU2 and not far below ReLU."""
    margin = above_minus("failure margin", evidence.claims.failure_margin)
    return [
        _fails(evidence, "ReLU2", "ReLU-L2"),
        Condition((_difference(evidence, "ReLU-L2", "ReLU"),), margin),
    ]


def offset_l2_beats_the_baselines(evidence: Evidence) -> list[Judged]:
    """Each OffsetL2 model beats each baseline by more than the margin; what the claim states as a mean is met."""
    return [
        *(
            Condition((_difference(evidence, model, baseline),), above(*_margin(evidence)))
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
    return Condition((_difference(evidence, first, second),), within(*_margin(evidence)))


def _fails(evidence: Evidence, model: str, beside: str) -> Condition:
    margin = below_minus("failure margin", evidence.claims.failure_margin)
    return Condition((_difference(evidence, model, beside),), margin)


def _margin(evidence: Evidence) -> tuple[str, float]:
    return "equivalence margin", evidence.statistics.equivalence_margin


def _difference(evidence: Evidence, first: str, second: str) -> Quantity:
    return _points(evidence, f"{first} − {second} =", (first, second), difference, signed)


def _points(
    evidence: Evidence,
    name: str,
    models: Sequence[str],
    estimate: Callable[..., Estimate],
    form: Callable[[float], str] = "{:.2f}".format,
) -> Quantity:
    """Return an estimate from accuracies, which differ by one test image at least."""
    samples = [evidence.accuracy(model) for model in models]
    return Quantity(name, samples, partial(estimate, least_sd=evidence.image), form)


def _spreads(evidence: Evidence, model: str, beside: str) -> Condition:
    name = f"mean distance from the median of {model} over that of {beside}"
    ratio = _points(evidence, name, (model, beside), spread_ratio, number)
    return Condition((ratio,), above("spread ratio", evidence.claims.spread_ratio))


def _reaches(evidence: Evidence, model: str, stated: float) -> Condition:
    mean = _points(evidence, f"mean of {model}", (model,), mean_estimate)
    return Condition((mean,), within(*_margin(evidence), stated))


def _steady(evidence: Evidence, model: str, bound: float) -> Condition:
    return Condition((_points(evidence, f"sample SD of {model}", (model,), sd_estimate),), below("largest SD", bound))


def _same_change(evidence: Evidence, first: str, second: str) -> Condition:
    plain, biased = (first, second), (f"{first}_Bias", f"{second}_Bias")
    if FAILING in plain:
        return SameSide((_difference(evidence, *plain), _difference(evidence, *biased)), within(*_margin(evidence)))
    name = f"({' − '.join(biased)}) − ({' − '.join(plain)}) ="
    change = _points(evidence, name, (*biased, *plain), contrast, signed)
    return Condition((change,), within(*_margin(evidence)))
