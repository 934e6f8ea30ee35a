"""The register: every claim of the paper, with what it needs and how it is decided. A new claim is one entry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distancenets.claims import accuracy, activity, geometry
from distancenets.claims.conditions import Judged
from distancenets.claims.evidence import Evidence
from distancenets.configuration.study import Study

LINEAR = ("ReLU", "Abs", "ReLU2", "Abs2", "ReLU2-Neg", "Abs2-Neg")


@dataclass(frozen=True)
class Claim:
    """One claim; its statement and place stand in the published record under the same number.

    `models` are the paper's names of all that it needs. `table` is the published table whose epochs it is about.
    `rule` says in words when it is supported, with settings in braces. `decide` returns its conditions, or
    raises `NotMeasured`. `measurement` is what it rests on besides or in place of accuracies.
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

    def rule_in(self, study: Study) -> str:
        """Return the rule in words with the thresholds of `study`."""
        return self.rule.format(**(study.statistics.model_dump() | study.claims.model_dump()))


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
        "ReLU2 lies more than {failure_margin:g} points below ReLU, and its spread over seeds is more than "
        "{spread_ratio:g} times that of ReLU.",
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
        "Abs2-Neg lies more than {equivalence_margin:g} points below Abs and below Abs2, and its spread over seeds is "
        "more than {spread_ratio:g} times that of each.",
        accuracy.abs2_neg_is_worse,
    ),
    Claim(
        6,
        "table3",
        (*LINEAR, *(f"{model}_Bias" for model in LINEAR)),
        "Each of the seven comparisons that the paper tests comes out on the same side (lower, higher, or within "
        "±{equivalence_margin:g} points) without and with a bias.",
        accuracy.bias_changes_nothing,
    ),
    Claim(
        7,
        "discussion",
        LINEAR,
        "More than {dead_share:.0%} of ReLU2's output nodes are never active on {activity_split} images, accuracy over "
        "seeds falls with their share (rank correlation below {dead_correlation:g}), and of the other five models' "
        "less than {dead_share:.0%} are.",
        activity.dead_outputs_explain,
        "activity",
    ),
    Claim(
        8,
        "table2",
        ("ReLU",),
        "Two classes overlap at a hidden node of ReLU by more than {overlap:g} on average (Bhattacharyya coefficient), "
        "and at more than {differing_nodes:.0%} of the nodes class means, SDs and skewnesses each differ.",
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
        "The true SD over seeds of each of the four OffsetL2 models is less than {spread_tolerance:g} times the "
        "largest one that the claim states.",
        accuracy.offset_l2_is_steady,
    ),
    Claim(
        13,
        "table5",
        geometry.DISTANCES,
        "In both OffsetL2 distance models, over the test images of a class: the output distance follows the class's "
        "Mahalanobis distance (rank correlation above {agreement:g}, above an untrained network's, and above that for "
        "shuffled labels), the scales follow the inverse class variances (above {agreement:g}), and hidden nodes are "
        "uncorrelated, as principal directions are (mean |correlation| below {axis_correlation:g}).",
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
