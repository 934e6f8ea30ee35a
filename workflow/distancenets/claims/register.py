"""The register: every claim of the paper, with what it needs and how it is decided. A new claim is one entry."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distancenets.claims import accuracy, activity, geometry
from distancenets.claims.conditions import Judged
from distancenets.claims.evidence import Evidence
from distancenets.configuration.published import PublishedClaim
from distancenets.configuration.study import Study

LINEAR = ("ReLU", "Abs", "ReLU2", "Abs2", "ReLU2-Neg", "Abs2-Neg")


@dataclass(frozen=True)
class Claim:
    """One claim; its statement and place stand in the published record under the same number.

    `models` are the paper's names of all that it needs. `table` is the published table whose epochs it is about. `rule`
    says in words when it is supported, with settings in braces. `decide` returns its conditions. `measurement` is what
    it rests on besides or in place of accuracies.
    """

    number: int
    table: str
    models: tuple[str, ...]
    rule: str
    decide: Callable[[Evidence], Sequence[Judged]]
    measurement: str | None = None

    @property
    def evidence(self) -> tuple[str, ...]:
        """The tables that show what it is decided from."""
        return (self.measurement,) if self.measurement else (self.table,)

    def rule_in(self, study: Study, about: PublishedClaim) -> str:
        """Return the rule in words with the thresholds of `study` and what the claim states in numbers."""
        settings = study.statistics.model_dump() | study.claims.model_dump()
        stated = [float(figure.value) for figure in about.figures if figure.quantity == "sd"]
        return self.rule.format(**settings, largest_sd=study.claims.spread_tolerance * max(stated, default=math.nan))


REGISTER: tuple[Claim, ...] = (
    Claim(
        1,
        "table2",
        ("ReLU", "Abs"),
        "The mean accuracies of ReLU and Abs differ by less than {equivalence_margin:g} points.",
        accuracy.baselines_alike,
    ),
    Claim(
        2,
        "table2",
        ("ReLU2", "ReLU"),
        "ReLU2 lies more than {failure_margin:g} points below ReLU, and its spread over seeds (mean distance from the "
        "median) is more than {spread_ratio:g} times that of ReLU.",
        accuracy.relu2_fails,
    ),
    Claim(
        3,
        "table2",
        ("Abs2", "Abs"),
        "The mean accuracies of Abs2 and Abs differ by less than {equivalence_margin:g} points.",
        accuracy.abs2_holds,
    ),
    Claim(
        4,
        "table2",
        ("ReLU2-Neg", "ReLU2", "ReLU"),
        "ReLU2-Neg lies more than {failure_margin:g} points above ReLU2, and not {equivalence_margin:g} points or more "
        "below ReLU.",
        accuracy.relu2_neg_recovers,
    ),
    Claim(
        5,
        "table2",
        ("Abs2-Neg", "Abs", "Abs2"),
        "Abs2-Neg lies more than {equivalence_margin:g} points below Abs and below Abs2, and its spread over seeds "
        "(mean distance from the median) is more than {spread_ratio:g} times that of each.",
        accuracy.abs2_neg_is_worse,
    ),
    Claim(
        6,
        "table3",
        (*LINEAR, *(f"{model}_Bias" for model in LINEAR)),
        "In each of the seven comparisons that the paper tests, a bias changes the difference of the two models, "
        "within seeds, by less than {equivalence_margin:g} points; the two comparisons with ReLU2 come out on the same "
        "side (lower, higher, or within ±{equivalence_margin:g} points) without and with a bias. (Changed after data "
        "were seen: the same side was asked of all seven.)",
        accuracy.bias_changes_nothing,
    ),
    Claim(
        7,
        "discussion",
        LINEAR,
        "More than {dead_share:.0%} of ReLU2's output nodes are never active on {activity_split} images, accuracy over "
        "seeds falls with their share (rank correlation below {dead_correlation:g}), and of ReLU2-Neg's less than "
        "{dead_share:.0%} are. The other four models cannot have any: their outputs are linear, or |z|, which is 0 "
        "only at z = 0. (Changed after data were seen: exact bounds with runs as trials; four models are left to "
        "algebra.)",
        activity.dead_outputs_explain,
        "activity",
    ),
    Claim(
        8,
        "table2",
        ("ReLU",),
        "Two classes overlap at a hidden node of ReLU by more than {overlap:g} on average (Bhattacharyya coefficient), "
        "and at more than {differing_nodes:.0%} of the nodes class means, SDs and skewnesses each differ. (Changed "
        "after data were seen: exact bounds of the shares, with runs as trials.)",
        geometry.classes_overlap,
        "projections",
    ),
    Claim(
        9,
        "table5",
        ("ReLU-L2", "ReLU-L2-Neg", "Abs-L2", "Abs-L2-Neg"),
        "For ReLU and for Abs, the negated and the plain OffsetL2 model differ by less than {equivalence_margin:g} "
        "points.",
        accuracy.offset_l2_closes_the_gap,
    ),
    Claim(
        10,
        "table5",
        ("ReLU-L2", "ReLU2", "ReLU"),
        "ReLU-L2 lies more than {failure_margin:g} points above ReLU2, and not {failure_margin:g} points or more below "
        "ReLU.",
        accuracy.relu_l2_holds,
    ),
    Claim(
        11,
        "table5",
        (*accuracy.OFFSET_L2, *accuracy.BASELINES),
        "Each of the four OffsetL2 models lies more than {equivalence_margin:g} points above ReLU and above Abs, and "
        "Abs-L2 within {equivalence_margin:g} points of the mean that the claim states.",
        accuracy.offset_l2_beats_the_baselines,
    ),
    Claim(
        12,
        "table5",
        accuracy.OFFSET_L2,
        "The true SD over seeds of each of the four OffsetL2 models is less than {largest_sd:g} points, "
        "{spread_tolerance:g} times the largest one that the claim states.",
        accuracy.offset_l2_is_steady,
    ),
    Claim(
        13,
        "table5",
        geometry.DISTANCES,
        "In both OffsetL2 distance models, over the test images of a class: the output distance follows the class's "
        "Mahalanobis distance (rank correlation above {agreement:g}, above an untrained network's, and above that for "
        "shuffled labels), the scales follow the inverse class variances (above {agreement:g}), and hidden nodes are "
        "less correlated than before training, as principal directions are not at all. (Changed after data were seen: "
        "a mean |correlation| below 0.1 was asked; untrained networks have 0.10 to 0.12.)",
        geometry.offset_l2_is_mahalanobis,
        "mahalanobis",
    ),
    Claim(
        14,
        "table5",
        (*geometry.DISTANCES, *geometry.INTENSITIES),
        "In hidden space, OffsetL2's prototypes lie nearer to their class's centre than to the mean of the other "
        "classes in both distance models, and the other way round in both intensity models.",
        geometry.prototypes_lie_at_centres,
        "prototypes",
    ),
)
