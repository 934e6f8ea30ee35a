"""Tables 2, 3 and 5, and the figures of the running text: published and measured accuracies side by side."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from distancenets.configuration.published import Deviation, PublishedTable
from distancenets.configuration.study import Study
from distancenets.models.registry import find_model
from distancenets.statistics.moments import mean, standard_deviation
from distancenets.words import plus_minus

NOT_TRAINED = "not trained"


def accuracy_table(published: PublishedTable, runs: pd.DataFrame, study: Study, name: str) -> pd.DataFrame:
    """The rows of the table `name` with the test accuracies that `study` measured.

    Parameters
    ----------
    runs
        One row per run and milestone, as in `runs.csv`.

    Returns
    -------
    pandas.DataFrame
        One row per printed row: printed (the name in the paper), model, architecture, representation, published_mean,
        published_sd (population or sample, as `published` records), published_epochs, mean, sd_population, sd_sample
        (percent), n, epochs, and difference (measured − published, percentage points). A model that was not trained has
        n = 0.
    """
    epochs = study.reported_epochs(name)
    chosen = runs[(runs["experiment"] == study.reported_experiment) & (runs["epoch"] == epochs)]
    rows = []
    for row in published.rows:
        model = find_model(row.architecture, row.representation)
        same = (chosen["architecture"] == row.architecture) & (chosen["representation"] == row.representation)
        accuracies = chosen.loc[same, "test_accuracy"].to_numpy(np.float64)
        rows.append(
            {
                "printed": row.printed,
                "model": model.paper_name,
                "architecture": row.architecture,
                "representation": row.representation,
                "published_mean": float(row.mean),
                "published_sd": float(row.sd),
                "published_epochs": published.epochs,
                "mean": mean(accuracies),
                "sd_population": standard_deviation(accuracies, ddof=0),
                "sd_sample": standard_deviation(accuracies, ddof=1),
                "n": len(accuracies),
                "epochs": epochs,
                "difference": mean(accuracies) - float(row.mean),
            }
        )
    return pd.DataFrame(rows)


def accuracy_cells(table: pd.DataFrame, deviation: Deviation) -> pd.DataFrame:
    """The cells of an accuracy table as a reader sees them, with both SDs of the printed kind."""
    rows = _records(table)
    return pd.DataFrame(
        {
            "model (as printed)": table["printed"],
            "representation": table["representation"],
            "published": [plus_minus(row.published_mean, row.published_sd) for row in rows],
            "measured": [_measured(row, deviation) for row in rows],
            "n": [str(row.n) if row.n else "–" for row in rows],
            "epochs": [f"{row.epochs:,}" if row.n else "–" for row in rows],
            "difference": [f"{row.difference:+z.2f}".replace("-", "−") if row.n else "–" for row in rows],
        }
    )


def accuracy_caption(published: PublishedTable) -> str:
    """The caption of an accuracy table, with the meaning of its columns."""
    place = published.place[0].upper() + published.place[1:]
    return (
        f"{place}, {published.heading}: test accuracy in %, mean ± {published.deviation} SD; published over "
        f"{published.runs} runs at {published.epochs:,} epochs, measured over n seeds at the epochs given"
    )


class _Row(NamedTuple):
    published_mean: float
    published_sd: float
    mean: float
    sd_population: float
    sd_sample: float
    n: int
    epochs: int
    difference: float


def _records(table: pd.DataFrame) -> list[_Row]:
    return [_Row(*values) for values in table[list(_Row._fields)].itertuples(index=False)]


def _measured(row: _Row, deviation: Deviation) -> str:
    if row.n == 0:
        return NOT_TRAINED
    sd = row.sd_population if deviation == "population" else row.sd_sample
    return f"{row.mean:.2f}" if row.n == 1 else plus_minus(row.mean, sd)
