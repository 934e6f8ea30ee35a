"""Two studies side by side, for a terminal and for programs."""

import json
import math
from collections.abc import Hashable, Iterator, Mapping

import pandas as pd
from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from distancenets.tables.study_comparison import NOT_THERE, Milestones


def comparison_sheet(
    first: str,
    second: str,
    settings: pd.DataFrame,
    differences: pd.DataFrame,
    lone: pd.DataFrame,
    confidence: float,
) -> Iterator[RenderableType]:
    """Yield the settings that differ, one table per pair of milestones, and the models that only one study has."""
    yield _settings(first, second, settings)
    axes = list(Milestones._fields)
    for _, rows in differences.groupby(axes, sort=False):
        yield _accuracies(first, second, Milestones(*rows[axes].iloc[0]), rows, confidence)
    if differences.empty:
        yield Text("No model has runs in both studies.")
    for which, study in (("a", first), ("b", second)):
        for experiment, rows in lone[lone["study"] == which].groupby("experiment", sort=False):
            yield Text(f"Only in {study}, {experiment}: {', '.join(rows['model'])}")


def as_json(first: str, second: str, settings: pd.DataFrame, differences: pd.DataFrame, lone: pd.DataFrame) -> str:
    """Return everything as JSON text; undefined numbers are null."""
    tables = {"settings": settings, "differences": differences, "only_in_one": lone}
    content = {"a": first, "b": second} | {name: json.loads(t.to_json(orient="records")) for name, t in tables.items()}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _settings(first: str, second: str, settings: pd.DataFrame) -> RenderableType:
    if settings.empty:
        return Text("The settings are the same.")
    table = Table("setting", first, second, title="Settings that differ", title_justify="left", box=box.SIMPLE_HEAD)
    for row in settings.itertuples(index=False):
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def _accuracies(first: str, second: str, place: Milestones, rows: pd.DataFrame, confidence: float) -> RenderableType:
    same = (place.experiment_a, place.epoch_a) == (place.experiment_b, place.epoch_b)
    a, b = (f"{name}, {epoch:,} epochs" for name, epoch in (place[:2], place[2:]))
    title = f"Test accuracy, %, mean ± sample SD: {a if same else f'{a} − {b}'}"
    interval = f"[{100 * confidence:g} %]"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("model")
    for heading in (first, second, f"difference {interval}", f"paired difference {interval}"):
        table.add_column(heading, justify="right")
    for row in rows.to_dict("records"):
        pairs = f"{_difference(row, 'paired_')}, {row['n_pairs']} pairs" if row["n_pairs"] else NOT_THERE
        table.add_row(row["model"], _spread(row, "a"), _spread(row, "b"), _difference(row, ""), pairs)
    return table


def _spread(row: Mapping[Hashable, float], which: str) -> str:
    sd = row[f"sample_sd_{which}"]
    return f"{row[f'mean_{which}']:.2f} ± {NOT_THERE if math.isnan(sd) else f'{sd:.2f}'} (n {row[f'n_{which}']})"


def _difference(row: Mapping[Hashable, float], prefix: str) -> str:
    low, high = row[f"{prefix}low"], row[f"{prefix}high"]
    ends = NOT_THERE if math.isnan(low) else f"{low:+z.2f}, {high:+z.2f}"
    return f"{row[f'{prefix}difference']:+z.2f} [{ends}]".replace("-", "−")
