"""The measurements as tables: mean and spread over the seeds of each model."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from distancenets.configuration.published import Published, PublishedActivity
from distancenets.configuration.study import Study
from distancenets.derived import read_experiment
from distancenets.measurements.registry import AXES, MEASUREMENTS
from distancenets.models.registry import Model, find_model, models
from distancenets.statistics.moments import mean, standard_deviation
from distancenets.statistics.t_tests import mean_interval
from distancenets.words import epochs_text

NONE = "–"


class Column(NamedTuple):
    """A column of a measurement's CSV as a reader sees it: its heading, its factor, and its decimals."""

    heading: str
    factor: float = 1
    decimals: int = 2
    with_interval: bool = False


class Layout(NamedTuple):
    """A table: its file below measurements/, the keys that distinguish rows of a model, its columns, its caption.

    Readers see the values of the key `beside`, if there is one, side by side.
    """

    file: str
    keys: tuple[str, ...]
    columns: Mapping[str, Column]
    caption: str
    beside: str | None = None


SPREAD = "mean ± population SD over the seeds"
LAYOUTS = {
    "activity": Layout(
        "activity.csv",
        ("layer", "split"),
        {
            "never_active": Column("never active (%)", 100),
            "below_1_percent": Column("active on < 1 % (%)", 100),
            "below_5_percent": Column("active on < 5 % (%)", 100),
        },
        f"Activity of nodes: share of a layer's nodes, {SPREAD}; active is |a| > 1e−6",
        beside="split",
    ),
    "projections": Layout(
        "projections_by_run.csv",
        (),
        {
            "overlap_mean": Column("overlap of two classes"),
            "separable_nodes": Column("nodes with a separable class (%)", 100),
            "best_auc": Column("best class, AUC"),
            "eta_squared": Column("η² of class means"),
            "sd_ratio": Column("largest / smallest SD"),
            "skewness_range": Column("range of skewness"),
        },
        f"Classes along hidden nodes (Bhattacharyya coefficient, AUC: mean node; the rest: median node), {SPREAD}",
    ),
    "orientation": Layout(
        "orientation_by_run.csv",
        (),
        {
            "score": Column("score", with_interval=True),
            "score_of_outputs": Column("score of outputs"),
            "own_centre": Column("own centre from 0 (SD)"),
            "others_centre": Column("others' centres from 0 (SD)"),
            "own_percentile": Column("own class's percentile", 100, 0),
        },
        f"Intensity (−1) or distance (+1), {SPREAD}; [95 % t interval of the mean]",
    ),
    "prototypes": Layout(
        "prototypes_by_run.csv",
        (),
        {
            "preference": Column("anti-centre (−1) … centre (+1)", with_interval=True),
            "rank_own": Column("rank of the own centre", 1, 1),
            "nearest_own": Column("own centre the nearest (%)", 100, 0),
            "neighbours_own": Column("own class among 10 nearest images (%)", 100, 0),
            "nearest_prototype_accuracy": Column("nearest-prototype accuracy (%)", 1, 1),
        },
        f"Where prototypes lie, {SPREAD}; [95 % t interval of the mean]",
    ),
    "mahalanobis": Layout(
        "mahalanobis_by_run.csv",
        ("control", "images"),
        {
            "correlation": Column("rank correlation", with_interval=True),
            "axis_correlation": Column("|correlation| of two nodes"),
            "scales_correlation": Column("scales with 1/variance"),
            "negative_scales": Column("negative scales (%)", 100, 1),
        },
        f"Learned and Mahalanobis distance, {SPREAD}; [95 % t interval of the mean]",
    ),
    "perturbation": Layout(
        "perturbation_by_run.csv",
        ("side",),
        {"drop_off": Column("drop-off (% of the range clamped away)", 1, 1)},
        f"Where clamping hidden features brings accuracy below 50 %, {SPREAD}; {NONE}: it is below from the start",
    ),
}


def measurement_tables(
    study: Study, root: Path, record: Published
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame, str]]:
    """Yield name, rows, cells and caption of the table of each measurement of the reported experiment."""
    for name in MEASUREMENTS:
        path, epoch = root / "measurements" / measured_file(name), study.report.epochs.get(name)
        needed = (*LAYOUTS[name].keys, *LAYOUTS[name].columns) if name in LAYOUTS else ()
        runs = read_experiment(path, study.reported_experiment, epoch, ("model", *needed))
        layout = layout_of(name, runs)
        table = geometry_table(runs, layout)
        cells = geometry_cells(table, layout)
        if name == "activity":
            table, cells = with_published_activity(table, cells, record.activity)
        yield name, table, cells, f"{layout.caption}; {study.reported_experiment}, {epochs_text(runs['epoch'])}"


def measured_file(name: str) -> str:
    """The file below measurements/ that the table of `name` is made from."""
    if name in LAYOUTS:
        return LAYOUTS[name].file
    files = MEASUREMENTS[name].files
    return next((file for file in files if file.endswith("_by_run.csv")), files[0])


def layout_of(name: str, runs: pd.DataFrame) -> Layout:
    """The layout of the measurement `name`, whose file holds `runs`.

    Without an entry in `LAYOUTS`, columns of text are keys and every column of numbers is a column.
    """
    if name in LAYOUTS:
        return LAYOUTS[name]
    own = runs.drop(columns=list(AXES), errors="ignore")
    numbers = [str(column) for column in own.select_dtypes("number")]
    keys = tuple(str(column) for column in own if column not in numbers)
    columns = {column: Column(column.replace("_", " ")) for column in numbers}
    return Layout(measured_file(name), keys, columns, f"{MEASUREMENTS[name].text.rstrip('.')}, {SPREAD}")


def geometry_table(runs: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """One row per model, milestone and key over its seeds, from the rows of one experiment of the layout's file.

    Returns
    -------
    pandas.DataFrame
        model, architecture, representation, epochs, the layout's keys, seeds, then for each column its `_mean`,
        `_sd_population`, `_low` and `_high` (the ends of the mean's 95 % t interval) and `_n` (runs with a value).
    """
    rows = []
    for (architecture, representation, epoch, *keys), group in _in_order(runs, layout.keys):
        row: dict[str, object] = {
            "model": find_model(architecture, representation).paper_name,
            "architecture": architecture,
            "representation": representation,
            "epochs": int(epoch),
            **dict(zip(layout.keys, keys, strict=True)),
            "seeds": len(group),
        }
        for name in layout.columns:
            row |= {f"{name}_{key}": value for key, value in _over_seeds(group[name]).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def geometry_cells(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """The cells of a geometry table as a reader sees them.

    Columns without any value are left out. Epochs are left out if they are the same in all rows.
    """
    several = ["epochs"] * (table["epochs"].nunique() > 1)
    named = ["model", "representation", *several, *(key for key in layout.keys if key != layout.beside)]
    parts = {"": table} if layout.beside is None else {f", {key}": rows for key, rows in table.groupby(layout.beside)}
    first = next(iter(parts.values()))
    cells = first.assign(epochs=first["epochs"].map("{:,}".format))[named].reset_index(drop=True)
    for name, column in layout.columns.items():
        if table[f"{name}_n"].any():
            for suffix, rows in parts.items():
                cells[column.heading + suffix] = [_cell(row, name, column) for row in rows.to_dict("records")]
    return cells.assign(n=first["seeds"].astype(str).to_numpy())


def with_published_activity(
    table: pd.DataFrame, cells: pd.DataFrame, published: Sequence[PublishedActivity]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The activity table and its cells, with the printed values of each model and layer as a column."""
    words = {
        (model.paper_name, layer): "; ".join(_printed(entry) for entry in published if _is_about(entry, model, layer))
        for model in _models(table)
        for layer in table["layer"].unique()
    }

    def beside(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(published=[words[key] or NONE for key in zip(rows["model"], rows["layer"], strict=True)])

    return beside(table), beside(cells)


def _in_order(runs: pd.DataFrame, keys: tuple[str, ...]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    order = {(model.architecture, model.representation.name): place for place, model in enumerate(models())}
    groups = runs.groupby(["architecture", "representation", "epoch", *keys], sort=False)
    found = [(tuple(str(part) for part in axes), group) for axes, group in groups]
    return sorted(found, key=lambda entry: (order[entry[0][0], entry[0][1]], int(entry[0][2])))


def _over_seeds(values: pd.Series) -> dict[str, float]:
    known = values.dropna().to_numpy(dtype=np.float64)
    if known.size == 0:
        return dict.fromkeys(("mean", "sd_population", "low", "high"), np.nan) | {"n": 0}
    low, high = mean_interval(known)
    return {
        "mean": mean(known),
        "sd_population": standard_deviation(known, ddof=0),
        "low": low,
        "high": high,
        "n": known.size,
    }


def _cell(row: Mapping[Hashable, object], name: str, column: Column) -> str:
    middle, sd, low, high = (float(str(row[f"{name}_{key}"])) for key in ("mean", "sd_population", "low", "high"))
    if not row[f"{name}_n"]:
        return NONE

    def shown(value: float) -> str:
        return f"{column.factor * value:.{column.decimals}f}".replace("-", "−")

    text = shown(middle) if row[f"{name}_n"] == 1 else f"{shown(middle)} ± {shown(sd)}"
    if row[f"{name}_n"] != row["seeds"]:
        text += f" (n = {row[f'{name}_n']})"
    return f"{text} [{shown(low)}, {shown(high)}]" if column.with_interval and np.isfinite(low) else text


def _models(table: pd.DataFrame) -> list[Model]:
    return [find_model(*axes) for axes in zip(table["architecture"], table["representation"], strict=True)]


def _is_about(entry: PublishedActivity, model: Model, layer: str) -> bool:
    named = {(each.architecture, each.representation) for each in entry.models}
    # An entry that names no model is about the first layer of every ReLU model.
    about = (model.architecture, model.representation.name) in named if named else model.activation.name == "relu"
    return about and entry.layer in (layer, "every")


def _printed(entry: PublishedActivity) -> str:
    if not entry.percent:
        return f"{entry.statement} ({entry.place})"
    kind = "never active" if entry.quantity == "never_active" else "rarely active"
    if entry.active_below is not None:
        kind = f"active on < {entry.active_below} %"
    return f"{kind}: {'–'.join(str(value) for value in entry.percent)} % ({entry.place})"
