"""What a decision rule may look at: the runs of one experiment and epoch, other measurements, and the thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.published import PublishedClaim
from distancenets.configuration.statistics import StatisticsSettings
from distancenets.derived import read_derived

# What the tables of measurements/ must hold, as far as a decision rule reads them. Shares lie between 0 and 1.
AXES = ("experiment", "architecture", "representation", "seed", "epoch")
MEASUREMENTS: dict[str, Sequence[str]] = {
    "activity": (*AXES, "layer", "split", "never_active"),
    "projections_by_run": (*AXES, "overlap_mean", "means_differ", "sds_differ", "skewnesses_differ"),
    "prototypes_by_run": (*AXES, "euclidean_preference"),
    "mahalanobis_by_run": (*AXES, "control", "images", "correlation", "scales_correlation", "axis_correlation"),
}


class NotMeasured(Exception):
    """A decision rule needs a measurement that is not there; the message names it."""


@dataclass(frozen=True)
class Evidence:
    """One experiment at one epoch.

    `accuracies` maps the paper's names of models to test accuracies (percent) by seed; `measurements` the names of
    measurement tables to their rows of this experiment and epoch, with the column `model` added.
    """

    accuracies: Mapping[str, "pd.Series[float]"]
    published: PublishedClaim
    claims: ClaimsSettings
    statistics: StatisticsSettings
    measurements: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def measured(self, name: str) -> pd.DataFrame:
        """Return the rows of a measurement; `NotMeasured` where there are none."""
        table = self.measurements.get(name)
        if table is None or table.empty:
            raise NotMeasured(name)
        return table

    def of_model(self, name: str, model: str) -> pd.DataFrame:
        """Return the rows of a measurement about `model` by seed; `NotMeasured` where there are none."""
        table = self.measured(name)
        chosen = table[table["model"] == model]
        if chosen.empty:
            raise NotMeasured(f"{name} of {model}")
        return chosen.set_index("seed").sort_index()

    def dead_outputs(self, model: str) -> "pd.Series[float]":
        """Return the share of never active output nodes of `model` by seed, on the images that the settings name."""
        table, split = self.measured("activity"), self.claims.activity_split
        chosen = table[(table["model"] == model) & (table["layer"] == "output") & (table["split"] == split)]
        if chosen.empty:
            raise NotMeasured(f"activity of the output nodes of {model} on {split} images")
        return chosen.set_index("seed")["never_active"].sort_index().astype("float64")


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
