"""Which protocol produced the published numbers? Every protocol of a study against every published column."""

from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from distancenets.configuration.published import PublishedTable
from distancenets.configuration.study import Study
from distancenets.models.registry import architectures
from distancenets.statistics.moments import Moments, moments
from distancenets.statistics.published import printed_moments
from distancenets.statistics.z_scores import mean_distance, root_mean_square, spread_distance

NOT_MEASURED = "not measured"
CAPTION = (
    "Protocols against published columns: distance of the measured means and SDs from the printed ones, in "
    "standard errors (root mean square over the models of a column; about 1 if they differ only by chance). "
    "A single run is compared with the printed SD. Fewer runs (n, the fewest of a model) give smaller distances, so "
    "“best” marks the nearest protocol only among those with all models and equally many runs of each. "
    "Models without a linear head have no bias."
)


class Protocol(NamedTuple):
    """An experiment, read at one of its milestones, with or without a bias in the output layer."""

    experiment: str
    epochs: int
    bias: bool

    @property
    def label(self) -> str:
        """The protocol in words."""
        return f"{self.experiment}, {self.epochs:,} epochs, {'bias' if self.bias else 'no bias'}"

    def architecture(self, printed: str) -> str:
        """The architecture that replaces the `printed` one under this protocol."""
        plain = printed.removesuffix("_bias")
        return f"{plain}_bias" if self.bias and f"{plain}_bias" in architectures() else plain


def protocols(study: Study) -> Iterator[Protocol]:
    """Yield every protocol of `study`: experiment × milestone × bias."""
    for name, experiment in study.experiments.items():
        for epochs in experiment.kept_epochs:
            for bias in (False, True):
                yield Protocol(name, epochs, bias)


def protocols_table(study: Study, runs: pd.DataFrame, tables: Mapping[str, PublishedTable]) -> pd.DataFrame:
    """One row per protocol of `study` and published column of `tables`.

    Parameters
    ----------
    runs
        One row per run and milestone, as in `runs.csv`.

    Returns
    -------
    pandas.DataFrame
        experiment, epochs, bias, column, models (compared), printed_models, runs (the fewest of a compared model),
        mean_distance and sd_distance (root mean squares, standard errors), distance (of both together), farthest_model
        and farthest (its signed distance), and best: whether the protocol is the nearest of those with all printed
        models. At least two protocols must have all models, with equally many runs of each model, because fewer runs
        give larger standard errors and smaller distances. For a model with one run, only the mean is compared. A model
        whose runs have no spread is left out.
    """
    groups = runs.groupby(["experiment", "epoch", "architecture", "representation"])["test_accuracy"]
    measured = {key: moments(values.to_numpy(np.float64)) for key, values in groups}
    rows = [
        {**protocol._asdict(), "column": name, **_distances(protocol, table, measured)}
        for protocol in protocols(study)
        for name, table in tables.items()
    ]
    table = pd.DataFrame(rows)
    complete = table["distance"].where(table["models"] == table["printed_models"])
    column = table["column"]
    nearest = complete == complete.groupby(column).transform("min")
    # A single complete protocol has no other to be compared with.
    several = complete.groupby(column).transform("count") > 1
    comparable = table.pop("runs_of_models").where(complete.notna()).groupby(column).transform("nunique") == 1
    table["best"] = nearest & several & comparable
    return table


def protocols_cells(table: pd.DataFrame, tables: Mapping[str, PublishedTable]) -> pd.DataFrame:
    """The protocols as rows and the published columns as columns, as a reader sees them."""
    cells: dict[str, list[str]] = {}
    for values in table.to_dict("records"):
        row = {str(column): value for column, value in values.items()}
        label = Protocol(row["experiment"], row["epochs"], row["bias"]).label
        cells.setdefault(label, []).append(_cell(row))
    headings = [f"{printed.title}, {printed.heading}" for printed in tables.values()]
    shown = pd.DataFrame.from_dict(cells, orient="index", columns=headings)
    return shown.rename_axis("protocol").reset_index()


def _distances(
    protocol: Protocol, table: PublishedTable, measured: Mapping[tuple[Hashable, ...], Moments]
) -> dict[str, object]:
    names, runs, means, spreads = [], [], [], []
    for row in table.rows:
        key = (protocol.experiment, protocol.epochs, protocol.architecture(row.architecture), row.representation)
        found, printed = measured.get(key), printed_moments(row, table)
        if found is not None and (found.n == 1 or found.sd > 0):
            names.append(row.printed)
            runs.append(found.n)
            means.append(mean_distance(found, printed))
            spreads += [spread_distance(found, printed)] if found.n > 1 else []
    farthest = int(np.argmax(np.abs(means))) if means else None
    return {
        "models": len(names),
        "printed_models": len(table.rows),
        "runs": min(runs, default=0),
        "runs_of_models": tuple(runs),
        "mean_distance": root_mean_square(np.array(means)),
        "sd_distance": root_mean_square(np.array(spreads)),
        "distance": root_mean_square(np.array([*means, *spreads])),
        "farthest_model": "" if farthest is None else names[farthest],
        "farthest": float("nan") if farthest is None else means[farthest],
    }


def _cell(row: Mapping[str, object]) -> str:
    if not row["models"]:
        return NOT_MEASURED
    spread = f"{row['sd_distance']:.1f}".replace("nan", "–")
    text = f"means {row['mean_distance']:.1f}, SDs {spread}, n = {row['runs']}"
    if row["models"] != row["printed_models"]:
        return f"{text} ({row['models']} of {row['printed_models']} models)"
    return f"{text}, best" if row["best"] else text
