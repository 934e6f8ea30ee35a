"""The evidence of a decision rule: the runs of one experiment and epoch, other measurements, and the thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.published import PublishedClaim
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.configuration.study import Run
from distancenets.derived import read_derived
from distancenets.errors import Damaged, UserError
from distancenets.runs.archive import archived_table
from distancenets.statistics.looks import FIRST, complete_seeds

NONE: "pd.Series[float]" = pd.Series(dtype="float64", index=pd.Index([], dtype="int64"))
# The columns of measurements/ that decision rules read. Shares are between 0 and 1.
AXES = ("experiment", "architecture", "representation", "seed", "epoch")
MEASUREMENTS: dict[str, Sequence[str]] = {
    "activity": (*AXES, "layer", "split", "never_active"),
    "projections_by_run": (*AXES, "overlap_mean", "means_differ", "sds_differ", "skewnesses_differ"),
    "prototypes_by_run": (*AXES, "euclidean_preference"),
    "mahalanobis_by_run": (*AXES, "control", "images", "correlation", "scales_correlation", "axis_correlation"),
}


class Sample(NamedTuple):
    """One quantity of a model over the available runs: `values` by seed, none of them NaN.

    `model` is the paper's name, `table` the measurement, empty for test accuracies. `trained` is whether the model has
    runs at the epoch.
    """

    model: str
    table: str
    values: "pd.Series[float]"
    trained: bool = True

    @property
    def seeds(self) -> int:
        """The number n for which seeds 0 … n − 1 are complete."""
        return complete_seeds([self.values.index])

    @property
    def name(self) -> str:
        """The model, with the measurement if there is one."""
        return f"{self.table} of {self.model}" if self.table else self.model

    @property
    def lack(self) -> str:
        """The reason in words why it is not complete for the first look."""
        if not self.trained:
            return "not trained"
        return "not measured" if self.values.empty else f"{self.seeds} of {FIRST} seeds"


@dataclass(frozen=True)
class Evidence:
    """One experiment at one epoch.

    `accuracies` maps models (the paper's names) to test accuracies (percent) by seed. `measurements` maps the names of
    measurement tables to their rows of this experiment and epoch, with the column `model` added.
    """

    accuracies: Mapping[str, "pd.Series[float]"]
    published: PublishedClaim
    claims: ClaimsSettings
    statistics: StatisticsSettings
    measurements: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def image(self) -> float:
        """One test image in percentage points, the smallest difference between two accuracies."""
        return 100 / self.statistics.test_images

    def accuracy(self, model: str) -> Sample:
        """Return the test accuracies of `model`, percent; empty if it was not trained."""
        found = self.accuracies.get(model)
        return Sample(model, "", NONE if found is None else found.sort_index(), found is not None)

    def stated(self, quantity: str) -> float:
        """Return the number that the claim states for the `quantity`, mean or sd."""
        return next(float(figure.value) for figure in self.published.figures if figure.quantity == quantity)

    def measured(self, table: str, column: str, model: str, **rows: str) -> Sample:
        """Return a `column` of the measurement `table` for `model`, from the rows with the values `rows`.

        Raises
        ------
        UserError
            A value is NaN, or a seed has two rows.
        """
        trained, found = model in self.accuracies, self.measurements.get(table)
        if found is None or not trained:
            return Sample(model, table, NONE, trained)
        chosen = found[(found["model"] == model) & (found[[*rows]] == rows).all(axis=1)].sort_values("seed")
        values = chosen.set_index("seed")[column].astype("float64")
        for seeds, what in ((values.index[values.isna()], "is not a number"), (_repeated(values), "is given twice")):
            if len(seeds):
                where = f"{model}, seed {seeds[0]}, {chosen['epoch'].iloc[0]:,} epochs"
                raise UserError(f"measurements/{table}.csv: {column} of {where} {what}: measure that run again")
        return Sample(model, table, values)

    def dead_outputs(self, model: str) -> Sample:
        """Return the share (0 to 1) of never active output nodes of `model`, on the split that the settings name."""
        return self.measured("activity", "never_active", model, layer="output", split=self.claims.activity_split)


def _repeated(values: "pd.Series[float]") -> "pd.Index[int]":
    return values.index[values.index.duplicated()]


def read_measurements(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables in `folder` that decision rules read, by name; what was not measured is left out.

    Raises
    ------
    UserError
        A table lacks a column; the file is named.
    """
    tables = {}
    for name, columns in MEASUREMENTS.items():
        path = folder / f"{name}.csv"
        if not path.exists():
            continue
        tables[name] = read_derived(path, columns)
    return tables


def archived_measurements(runs: Sequence[Run], root: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that decision rules read, of archived `runs`, if the archive below `root` has them."""
    tables = {}
    for name in MEASUREMENTS:
        try:
            tables[name] = archived_table(name, runs, root)
        except Damaged:
            raise
        except UserError:
            # No run has it; the verdict that needs it names it.
            continue
    return tables
