"""Decision rules that look at the geometry: projections, Mahalanobis distances and prototypes."""

from distancenets.claims.conditions import Condition, Judged, Quantity, signed
from distancenets.claims.estimates import difference, mean_estimate, share
from distancenets.claims.evidence import Evidence, Sample
from distancenets.claims.thresholds import Threshold, above, below

DISTANCES = ("ReLU-L2-Neg", "Abs-L2-Neg")
INTENSITIES = ("ReLU-L2", "Abs-L2")


def classes_overlap(evidence: Evidence) -> list[Judged]:
    """Classes overlap along ReLU's hidden nodes, and at most nodes differ in mean, spread and skewness."""
    overlap = evidence.measured("projections_by_run", "overlap_mean", "ReLU")
    nodes = above("share of differing nodes", evidence.claims.differing_nodes)
    return [
        _mean("overlap of two classes at a node of ReLU", overlap, above("overlap", evidence.claims.overlap)),
        *(
            Condition((Quantity(f"share of nodes of ReLU at which {what} differ", [sample], share, signed),), nodes)
            for what in ("means", "SDs", "skewnesses")
            for sample in [evidence.measured("projections_by_run", f"{what.lower()}_differ", "ReLU")]
        ),
    ]


def offset_l2_is_mahalanobis(evidence: Evidence) -> list[Judged]:
    """For the distance models, OffsetL2 orders images as the Mahalanobis distance does, and for the stated reasons.

    Their output must follow the class's Mahalanobis distance, more than an untrained network's does and more than with
    shuffled labels; hidden nodes must be less correlated within a class than before training, as principal directions
    are not at all; scales must follow the inverse variances.
    """
    agreement, none = above("agreement", evidence.claims.agreement), "gain over a control"
    conditions: list[Judged] = []
    for model in DISTANCES:

        def of(column: str, control: str = "none", model: str = model) -> Sample:
            return evidence.measured("mahalanobis_by_run", column, model, control=control, images="own")

        correlation, scales, axes = (of(name) for name in ("correlation", "scales_correlation", "axis_correlation"))
        conditions += [
            _mean(f"rank correlation with the Mahalanobis distance of {model}", correlation, agreement),
            _gain(f"gain of {model} over no training", correlation, of("correlation", "untrained"), above(none, 0)),
            _gain(
                f"gain of {model} over shuffled labels",
                correlation,
                of("correlation", "shuffled_labels"),
                above(none, 0),
            ),
            _mean(f"rank correlation of scales with inverse variances of {model}", scales, agreement),
            _gain(
                f"|correlation| of hidden nodes of {model} less that before training",
                axes,
                of("axis_correlation", "untrained"),
                below(none, 0),
            ),
        ]
    return conditions


def prototypes_lie_at_centres(evidence: Evidence) -> list[Judged]:
    """Prototypes lie nearer to the class's centre for distance models, nearer to the anti-centre for intensity ones."""
    return [
        *(_preference(evidence, model, above("preference", 0)) for model in DISTANCES),
        *(_preference(evidence, model, below("preference", 0)) for model in INTENSITIES),
    ]


def _preference(evidence: Evidence, model: str, threshold: Threshold) -> Condition:
    sample = evidence.measured("prototypes_by_run", "euclidean_preference", model)
    return _mean(f"preference for the centre of {model}", sample, threshold)


def _mean(name: str, sample: Sample, threshold: Threshold) -> Condition:
    return Condition((Quantity(name, [sample], mean_estimate, signed),), threshold)


def _gain(name: str, sample: Sample, control: Sample, threshold: Threshold) -> Condition:
    return Condition((Quantity(name, [sample, control], difference, signed),), threshold)
