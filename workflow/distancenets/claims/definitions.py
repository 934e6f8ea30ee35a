"""Every claim of the paper, and when it is supported. A new claim is one entry.

The demands of a claim write its rule in words, so the rule and its wording agree.
"""

from dataclasses import dataclass
from functools import partial

from distancenets.claims.conditions import Judged
from distancenets.claims.estimates import share
from distancenets.claims.evidence import Evidence
from distancenets.claims.measurement_rules import CannotDie, DeadOutputs, FallsWithDeadOutputs, Measured
from distancenets.claims.rules import (
    Above,
    Below,
    Demand,
    Equivalent,
    HasStatedMean,
    HasStatedSd,
    NotBelow,
    SameDifferenceWithBias,
    SameSideWithBias,
    SpreadsMore,
)
from distancenets.claims.thresholds import (
    AGREEMENT,
    DIFFERING_NODES,
    EQUIVALENCE,
    FAILURE,
    GAIN,
    OVERLAP,
    PREFERENCE,
    above,
    below,
)
from distancenets.configuration.statistics import PAPER_COMPARISONS
from distancenets.words import listed

BASELINES = ("ReLU", "Abs")
INTENSITIES, DISTANCES = ("ReLU-L2", "Abs-L2"), ("ReLU-L2-Neg", "Abs-L2-Neg")
OFFSET_L2 = ("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg")


@dataclass(frozen=True)
class Claim:
    """One claim; its statement and place are in the published record under the same number.

    `table` is the published table whose epochs it is about. `measurement` is the measurement that it needs, None if
    accuracies decide it. `changed` says how its rule was changed after data were seen.
    """

    number: int
    table: str
    demands: tuple[Demand, ...]
    measurement: str | None = None
    changed: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """The paper's names of all models that it needs."""
        return tuple(dict.fromkeys(model for demand in self.demands for model in demand.models))

    @property
    def evidence(self) -> tuple[str, ...]:
        """The tables with the numbers that decide it."""
        return (self.measurement,) if self.measurement else (self.table,)

    def conditions(self, evidence: Evidence) -> list[Judged]:
        """Return the conditions, with samples and thresholds from `evidence`."""
        return [demand.condition(evidence) for demand in self.demands]

    def rule(self, evidence: Evidence) -> str:
        """Return in words when the claim is supported, with the thresholds from `evidence`."""
        subjects: dict[str, list[str]] = {}
        for demand in self.demands:
            subjects.setdefault(demand.asks(evidence), []).append(demand.subject)
        asked: dict[str, list[str]] = {}
        for asks, names in subjects.items():
            asked.setdefault("each of " * (len(names) > 1) + listed(names), []).append(asks)
        clauses = [f"{subject} {', and '.join(asks)}" for subject, asks in asked.items()]
        changed = f" (Changed after data were seen: {self.changed}.)" if self.changed else ""
        rule = "; ".join(clauses)
        return f"{rule[0].upper()}{rule[1:]}.{changed}"


def _differing(what: str) -> Measured:
    return Measured(
        "ReLU",
        f"share of nodes of {{}} with differing {what}",
        f"has differing class {what} at a share of its hidden nodes",
        ("projections_by_run", f"{what.lower()}_differ"),
        above,
        DIFFERING_NODES,
        share,
    )


def _mahalanobis(model: str) -> tuple[Measured, ...]:
    """Return the demands that make OffsetL2 a Mahalanobis distance over the test images of a class."""
    table = "mahalanobis_by_run"
    untrained, shuffled = {"control": "untrained"}, {"control": "shuffled_labels"}
    of = partial(Measured, model, rows={"control": "none", "images": "own"})
    return (
        of(
            "rank correlation with the Mahalanobis distance of {}",
            "has outputs that follow the Mahalanobis distance of a class's test images, with a rank correlation",
            (table, "correlation"),
            above,
            AGREEMENT,
        ),
        of(
            "gain of {} over no training",
            "has outputs that follow it more than an untrained network's",
            (table, "correlation"),
            above,
            GAIN,
            control=untrained,
        ),
        of(
            "gain of {} over shuffled labels",
            "has outputs that follow it more than with shuffled labels",
            (table, "correlation"),
            above,
            GAIN,
            control=shuffled,
        ),
        of(
            "rank correlation of scales with inverse variances of {}",
            "has scales that follow the inverse class variances, with a rank correlation",
            (table, "scales_correlation"),
            above,
            AGREEMENT,
        ),
        of(
            "|correlation| of hidden nodes of {}, trained minus untrained,",
            "has hidden nodes that are less correlated than before training (principal directions are uncorrelated)",
            (table, "axis_correlation"),
            below,
            GAIN,
            control=untrained,
        ),
    )


def _prototypes(models: tuple[str, ...], nearer: bool) -> tuple[Measured, ...]:
    places = ("its class's centre", "the mean of the other classes")
    near, far = places if nearer else places[::-1]
    return tuple(
        Measured(
            model,
            "preference of {} for the centre",
            f"has prototypes in hidden space that are nearer to {near} than to {far}",
            ("prototypes_by_run", "euclidean_preference"),
            above if nearer else below,
            PREFERENCE,
        )
        for model in models
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(1, "table2", (Equivalent("ReLU", "Abs"),)),
    Claim(2, "table2", (Below("ReLU2", "ReLU", by=FAILURE), SpreadsMore("ReLU2", "ReLU"))),
    Claim(3, "table2", (Equivalent("Abs2", "Abs"),)),
    Claim(4, "table2", (Below("ReLU2", "ReLU2-Neg", by=FAILURE), NotBelow("ReLU2-Neg", "ReLU", by=EQUIVALENCE))),
    Claim(
        5,
        "table2",
        (
            *(Below("Abs2-Neg", other, by=EQUIVALENCE) for other in ("Abs", "Abs2")),
            *(SpreadsMore("Abs2-Neg", other) for other in ("Abs", "Abs2")),
        ),
    ),
    Claim(
        6,
        "table3",
        # Runs of ReLU2 differ by tens of points, too much to resolve its differences to a margin.
        tuple((SameSideWithBias if "ReLU2" in pair else SameDifferenceWithBias)(*pair) for pair in PAPER_COMPARISONS),
        changed="before, all seven comparisons had to be on the same side",
    ),
    Claim(
        7,
        "discussion",
        (
            DeadOutputs("ReLU2", above),
            FallsWithDeadOutputs("ReLU2"),
            # The only other output that is zero over a range of scores, so that a node can stay dead.
            DeadOutputs("ReLU2-Neg", below),
            CannotDie("ReLU", "its outputs are linear"),
            CannotDie("Abs", "its outputs are linear"),
            CannotDie("Abs2", "|z| is 0 only at z = 0"),
            CannotDie("Abs2-Neg", "−|z| is 0 only at z = 0"),
        ),
        "activity",
        changed="exact bounds with runs as trials; four models follow from algebra",
    ),
    Claim(
        8,
        "table2",
        (
            Measured(
                "ReLU",
                "overlap of two classes at a node of {}",
                "has a mean overlap of two classes at its hidden nodes (Bhattacharyya coefficient)",
                ("projections_by_run", "overlap_mean"),
                above,
                OVERLAP,
            ),
            *(_differing(what) for what in ("means", "SDs", "skewnesses")),
        ),
        "projections",
        changed="exact bounds of the shares, with runs as trials",
    ),
    Claim(9, "table5", (Equivalent("ReLU-L2-Neg", "ReLU-L2"), Equivalent("Abs-L2-Neg", "Abs-L2"))),
    Claim(10, "table5", (Below("ReLU2", "ReLU-L2", by=FAILURE), NotBelow("ReLU-L2", "ReLU", by=FAILURE))),
    Claim(
        11,
        "table5",
        (
            *(Above(model, other, by=EQUIVALENCE) for model in OFFSET_L2 for other in BASELINES),
            HasStatedMean("Abs-L2"),
        ),
    ),
    Claim(12, "table5", tuple(HasStatedSd(model) for model in OFFSET_L2)),
    Claim(
        13,
        "table5",
        tuple(demand for model in DISTANCES for demand in _mahalanobis(model)),
        "mahalanobis",
        changed="before, the mean |correlation| had to be below 0.1; untrained networks have 0.10 to 0.12",
    ),
    Claim(14, "table5", (*_prototypes(DISTANCES, nearer=True), *_prototypes(INTENSITIES, nearer=False)), "prototypes"),
)
