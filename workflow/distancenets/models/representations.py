"""Representations: output constraints that make scores intensities or distances. Add a new one as one entry here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Representation:
    """An output constraint: `sign` · σ(scores) if `constrained`, else the scores themselves.

    Cross-entropy rewards a large output of the right class. Outputs forced to be non-negative are intensities.
    Outputs forced to be non-positive are negated distances (section 1 of the paper).
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
