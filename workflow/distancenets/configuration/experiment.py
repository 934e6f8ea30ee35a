"""An experiment: the settings that all of its runs share, and the models that it trains."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints, model_validator

from distancenets.configuration.optimisers import GradientDescent, Optimiser
from distancenets.configuration.settings import Settings, validated
from distancenets.models.heads import OffsetL2Form
from distancenets.models.registry import architectures
from distancenets.models.representations import REPRESENTATIONS

# The name of a study or an experiment: it becomes a folder, so it contains neither separators nor spaces.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]


def _known_architecture(name: str) -> str:
    if name not in architectures():
        raise ValueError(f"unknown architecture (known: {', '.join(architectures())})")
    return name


def _known_representation(name: str) -> str:
    if name not in REPRESENTATIONS:
        raise ValueError(f"unknown representation (known: {', '.join(REPRESENTATIONS)})")
    return name


Architecture = Annotated[str, AfterValidator(_known_architecture)]
Representation = Annotated[str, AfterValidator(_known_representation)]
Architectures = Annotated[tuple[Architecture, ...], Field(min_length=1)]
Representations = Annotated[tuple[Representation, ...], Field(min_length=1)]


class Experiment(Settings):
    """The settings that all runs of an experiment share. With a model and a seed, they determine a run to the bit."""

    dataset: Name = Field("mnist", description="a data set of config/datasets.yaml")
    pixels: Literal["raw", "standardised"] = Field("raw", description="unchanged, 0 to 255, or (x/255 − mean)/sd")
    split: Literal["published", "drawn"] = Field(
        "published", description="the data set's own, or one of the same sizes that each seed draws from all images"
    )
    optimiser: Optimiser = Field(
        GradientDescent(), description="gradient_descent, momentum or adam; `learning_rate: …` is short for the first"
    )
    batch_size: Literal["full"] | Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        "full", description="images per step"
    )
    epochs: PositiveInt = Field(le=100_000_000, description="passes over the training images")
    milestones: tuple[PositiveInt, ...] = Field(
        (), max_length=1000, description="epochs whose weights are kept, besides the last epoch"
    )
    record_every: PositiveInt = Field(
        10, le=100_000_000, description="epochs between two rows of metrics, after the first 100"
    )
    hidden: PositiveInt = Field(128, le=100_000, description="nodes of the hidden layer")
    offset_l2: OffsetL2Form = Field("code", description="α inside the sum (code) or squared (paper, Eq. 4)")
    architectures: Architectures | None = Field(None, description="replace the study's architectures")
    representations: Representations | None = Field(None, description="replace the study's representations")

    @model_validator(mode="before")
    @classmethod
    def _rate_of_gradient_descent(cls, values: object) -> object:
        if not isinstance(values, dict) or "learning_rate" not in values:
            return values
        if "optimiser" in values:
            raise ValueError("learning_rate: given twice; keep it only in `optimiser`")
        rate = {"learning_rate": values["learning_rate"]}
        others = {key: value for key, value in values.items() if key != "learning_rate"}
        return others | {"optimiser": {"name": "gradient_descent"} | rate}

    @model_validator(mode="after")
    def _milestones_within_the_run(self) -> Self:
        late = [milestone for milestone in self.milestones if milestone > self.epochs]
        if late:
            raise ValueError(f"milestone {late[0]} is after the last epoch, {self.epochs}")
        return self

    @property
    def training_in_words(self) -> str:
        """The training method, such as `adam, learning rate 0.001, batches of 128`."""
        batch = "full batch" if self.batch_size == "full" else f"batches of {self.batch_size:,}"
        return f"{self.optimiser.name.replace('_', ' ')}, learning rate {self.optimiser.learning_rate:g}, {batch}"

    @property
    def is_full_batch_descent(self) -> bool:
        """Whether it trains by full-batch gradient descent, as the paper does."""
        return self.batch_size == "full" and isinstance(self.optimiser, GradientDescent)

    @property
    def kept_epochs(self) -> tuple[int, ...]:
        """The epochs whose weights are kept, ascending."""
        return tuple(sorted({*self.milestones, self.epochs}))

    def kept_nearest(self, epochs: int, at_least: int = 0) -> int | None:
        """Return the kept epoch, `at_least` or later, whose ratio to `epochs` is nearest to 1."""
        kept = [kept for kept in self.kept_epochs if kept >= at_least]
        return min(kept, key=lambda kept: max(kept, epochs) / min(kept, epochs), default=None)

    def shortened(self, epochs: int) -> Self:
        """Return this experiment with `epochs` as its last epoch, and the milestones up to it."""
        milestones = tuple(milestone for milestone in self.milestones if milestone <= epochs)
        return validated(type(self), self.model_dump() | {"epochs": epochs, "milestones": milestones}, "--epochs")

    def is_recorded(self, epoch: int) -> bool:
        """Whether `epoch` has a row of metrics."""
        return epoch <= 100 or epoch % self.record_every == 0 or epoch in self.kept_epochs
