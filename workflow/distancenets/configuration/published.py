"""The published record: every printed figure, test statistic and claim, with its place in the paper."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from distancenets.configuration.settings import Settings, load

Architecture = Literal["relu", "abs", "relu_bias", "abs_bias", "relu_l2", "abs_l2"]
Representation = Literal["unconstrained", "intensity", "distance"]
Model = tuple[Architecture, Representation]

TABLES = ("table2", "table3", "table5", "discussion")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def _as_printed(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | float):
        raise PydanticCustomError("unquoted", "a printed number is a quoted string, so that its decimals are kept")
    raise PydanticCustomError("not_a_number", "expected a printed number such as '12.50'")


Printed = Annotated[Decimal, BeforeValidator(_as_printed)]
Percent = Annotated[Printed, Field(ge=0, le=100)]
Count = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Text = Annotated[str, Field(min_length=1)]
# Whether a standard deviation is divided by n or by n − 1.
Deviation = Literal["population", "sample"]


class Paper(Settings):
    """The paper, and the commit of its author's repository."""

    title: Text
    author: Text
    identifier: Text
    date: Text
    repository: Text
    commit: Text


class ModelName(Settings):
    """A model by its axes."""

    architecture: Architecture
    representation: Representation

    @property
    def model(self) -> Model:
        """Architecture and representation."""
        return self.architecture, self.representation

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.architecture.endswith("_l2") and self.representation == "unconstrained":
            raise ValueError("an OffsetL2 head has no unconstrained form")
        return self


class PrintedModel(ModelName):
    """A model by its axes and by the name that is printed for it."""

    printed: Text


class PublishedRow(PrintedModel):
    """One model's test accuracy: mean and standard deviation over the runs, in percent."""

    mean: Percent
    sd: Annotated[Printed, Field(ge=0)]
    place: Text
    in_paper: bool = True


class PublishedTable(Settings):
    """One printed set of means and standard deviations.

    `heading` describes the numbers in this record's words; it is not a quotation. `promises` lists what the
    caption announces, `prints` what the table has; both are empty if the caption announces nothing.
    """

    title: Text
    place: Text
    heading: Text
    promises: tuple[Text, ...] = ()
    prints: tuple[Text, ...] = ()
    epochs: Count
    runs: Annotated[Count, Field(ge=2)]
    test_images: Count
    deviation: Deviation
    rows: Annotated[list[PublishedRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_row_a_model(self) -> Self:
        _refuse_repeated((" ".join(row.model) for row in self.rows), "rows")
        return self

    def row(self, architecture: str, representation: str) -> PublishedRow | None:
        """Return the row of one model, or None if this table does not print it."""
        return next((row for row in self.rows if row.model == (architecture, representation)), None)


class PrintedP(Settings):
    """A printed p value: equal to a number, or below one."""

    equals: Annotated[Printed, Field(ge=0, le=1)] | None = None
    below: Annotated[Printed, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.equals is None) == (self.below is None):
            raise ValueError("expected either 'equals' or 'below'")
        return self


class PublishedTest(Settings):
    """One printed comparison of two models: t statistic, p value, Cohen's d and the wording."""

    id: Text
    first: PrintedModel
    second: PrintedModel
    design: Literal["paired", "two_sample"]
    df: Count
    t: Printed
    p: PrintedP
    d: Annotated[Printed, Field(ge=0)]
    wording: Text | None = None
    reading: Literal["alike", "different"] | None = None
    sd_first: Printed | None = None
    sd_second: Printed | None = None
    claim: Count
    place: Text
    in_paper: bool = True

    @property
    def comparison(self) -> str:
        """The two printed names, in the printed order."""
        return f"{self.first.printed} vs {self.second.printed}"


class PrintedCounts(Settings):
    """A printed number of nodes per run: mean and standard deviation over the runs."""

    mean: Annotated[Printed, Field(ge=0)]
    sd: Annotated[Printed, Field(ge=0)]
    deviation: Deviation


class PublishedActivity(Settings):
    """A printed share of dead or rarely active nodes, in percent of nodes × runs; two numbers are a range."""

    id: Text
    models: tuple[PrintedModel, ...] = ()
    layer: Literal["output", "hidden", "every"]
    quantity: Literal["never_active", "rarely_active"]
    active_below: Percent | None = None
    percent: Annotated[tuple[Percent, ...], Field(max_length=2)] = ()
    counts: PrintedCounts | None = None
    statement: Text | None = None
    nodes: Count | None = None
    runs: Count | None = None
    epochs: Count | None = None
    place: Text
    in_paper: bool = True

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.percent and self.statement is None:
            raise ValueError("expected 'percent' or 'statement'")
        if self.percent and (self.nodes is None or self.runs is None):
            raise ValueError("'percent' needs 'nodes' and 'runs', because it is a share of them")
        if self.counts is not None and (self.nodes is None or self.runs is None or self.runs < 2):
            raise ValueError("'counts' needs 'nodes' and at least 2 'runs'")
        if self.counts is not None and self.nodes is not None and self.counts.mean > self.nodes:
            raise ValueError(f"'counts' has a mean of {self.counts.mean} of {self.nodes} nodes")
        return self


class PublishedFigure(Settings):
    """Values read from a printed histogram figure, in pixels × weight units."""

    place: Text
    subject: Text
    node: Count
    panel_rows: Count
    panel_columns: Count
    about_bins: Count
    about_lowest: Printed
    about_highest: Printed
    in_paper: bool = True


class PublishedCompute(Settings):
    """The time and hardware reported for the long training."""

    about_hours: Printed
    device: Text
    devices: Count
    models: Count
    runs: Count
    epochs: Count
    derived_milliseconds_per_model_epoch: Printed
    place: Text
    in_paper: bool = True


class ClaimedFigure(Settings):
    """A number that a claim itself states about rows of a table."""

    quantity: Literal["mean", "sd"]
    relation: Literal["about", "at_most"]
    value: Printed
    table: Text
    models: Annotated[list[ModelName], Field(min_length=1)]


class PublishedClaim(Settings):
    """One claim of the paper; `measured` is False if the paper states it without a measurement."""

    id: Count
    name: Text
    statement: Text
    place: Text
    in_paper: bool = True
    measured: bool = True
    figures: tuple[ClaimedFigure, ...] = ()


class Published(Settings):
    """All printed results that a reproduction is compared with."""

    paper: Paper
    tables: Annotated[dict[str, PublishedTable], Field(min_length=1)]
    tests: list[PublishedTest]
    activity: list[PublishedActivity]
    figures: dict[str, PublishedFigure]
    compute: PublishedCompute
    claims: list[PublishedClaim]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        absent = [name for name in TABLES if name not in self.tables]
        if absent:
            raise ValueError(f"tables: '{absent[0]}' is missing")
        _refuse_repeated((test.id for test in self.tests), "tests")
        _refuse_repeated((entry.id for entry in self.activity), "activity")
        _refuse_repeated((claim.id for claim in self.claims), "claims")
        known = {claim.id for claim in self.claims}
        for test in self.tests:
            if test.claim not in known:
                raise ValueError(f"tests: {test.id}: claim {test.claim} is not among the claims")
        for claim in self.claims:
            for figure in claim.figures:
                rows = self.tables[figure.table].rows if figure.table in self.tables else []
                missing = {model.model for model in figure.models} - {row.model for row in rows}
                if missing:
                    raise ValueError(f"claims: {claim.id}: no row {' '.join(min(missing))} in '{figure.table}'")
        return self


def load_published(path: Path = Path("config/published.yaml")) -> Published:
    """Read the published record; a `UserError` names the file and the wrong key."""
    return load(Published, path)


def _refuse_repeated(names: Iterable[Hashable], key: str) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f"{key}: '{name}' is listed {times} times")
