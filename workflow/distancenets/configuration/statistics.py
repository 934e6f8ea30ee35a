"""Settings of the statistics, set before the data are seen."""

from typing import Annotated

from pydantic import AfterValidator, Field

from distancenets.configuration.settings import Settings

PAPER_COMPARISONS: tuple[tuple[str, str], ...] = (
    ("ReLU", "Abs"),
    ("ReLU2", "ReLU"),
    ("Abs2", "Abs"),
    ("ReLU2-Neg", "ReLU2"),
    ("ReLU2-Neg", "ReLU"),
    ("Abs2-Neg", "Abs"),
    ("Abs2-Neg", "Abs2"),
)


def _distinct(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    seen: set[frozenset[str]] = set()
    for first, second in pairs:
        if first == second:
            raise ValueError(f"{first} is compared with itself")
        if frozenset((first, second)) in seen:
            raise ValueError(f"{first} and {second} are compared twice")
        seen.add(frozenset((first, second)))
    return pairs


class StatisticsSettings(Settings):
    """Margins, levels and comparisons of one study."""

    equivalence_margin: float = Field(
        default=0.2,
        gt=0,
        allow_inf_nan=False,
        description="Mean difference, in percentage points, below which two models are equivalent.",
    )
    confidence: float = Field(default=0.95, gt=0, lt=1, description="Coverage of every interval.")
    alpha: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Two-sided level of the test whose detectable difference is reported.",
    )
    power: float = Field(default=0.8, gt=0, lt=1, description="Power at which the detectable difference is reported.")
    test_images: int = Field(
        default=10_000, gt=0, le=1_000_000_000, description="Images on which one run's test accuracy is measured."
    )
    resamples: int = Field(
        default=9_999,
        ge=99,
        le=1_000_000,
        description="Bootstrap resamples, and random sign flips if there are too many to enumerate.",
    )
    comparisons: Annotated[tuple[tuple[str, str], ...], AfterValidator(_distinct)] = Field(
        default=PAPER_COMPARISONS,
        description="Pairs of models that the paper compares, as the first minus the second.",
    )
