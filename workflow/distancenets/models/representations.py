"""Representations: output constraints that make scores intensities or distances. A new one is one entry here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Representation:
    """An output constraint: `sign` · σ(scores) where it is constrained, the scores themselves where it is not.

    Cross-entropy asks for large outputs of the right class: forced to be non-negative they are intensities, forced
    to be non-positive they are negated distances (section 1 of the paper).
    """

    name: str
    constrained: bool
    sign: int
    formula: str


REPRESENTATIONS: dict[str, Representation] = {
    "unconstrained": Representation("unconstrained", False, 1, "{}"),
    "intensity": Representation("intensity", True, 1, "σ({})"),
    "distance": Representation("distance", True, -1, "−σ({})"),
}
