"""Seeds and test images as two samples: how much of the spread of accuracies and differences comes from each."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from distancenets.configuration.published import Published
from distancenets.measurements.correct import NO_ANSWERS, by_model
from distancenets.models.registry import find_model
from distancenets.statistics.components import POINTS, Correct, components, interval
from distancenets.statistics.moments import standard_deviation
from distancenets.statistics.summaries import binomial_standard_error
from distancenets.statistics.t_tests import interval as t_interval
from distancenets.statistics.t_tests import paired

NONE = "–"
CAPTION = (
    "Seeds and test images as two samples, percentage points: mean over seeds, population SD over seeds and as "
    "printed, binomial error of one accuracy, SDs of seed, image and seed × image in one run's accuracy, and "
    "intervals of the mean for new seeds and for new seeds and images ({percent:g} %)"
)
COLUMNS = (
    *("experiment", "epochs", "quantity", "seeds", "images", "mean", "sd_population", "published_sd"),
    *("binomial", "seed", "image", "seed_by_image", "noise_share"),
    *("low_seeds", "high_seeds", "low_images", "high_images"),
)


def images_table(
    answers: pd.DataFrame, differences: Mapping[str, Sequence[str]], record: Published, confidence: float
) -> pd.DataFrame:
    """A row per experiment, milestone, and model or difference with known answers.

    Parameters
    ----------
    answers
        As in `measurements/correct.parquet`.
    differences
        Name → two models, first minus second, or four, (first − second) − (third − fourth); over common seeds.
    confidence
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. `seed`, `image` and `seed_by_image` are SDs of one run's accuracy; `noise_share` is the share of
        seed × image in the variance over seeds. `low_seeds` and `high_seeds` are the ends of the interval for new
        seeds, `low_images` and `high_images` those for new seeds and new images.
    """
    rows = []
    for (experiment, epoch), group in answers.groupby(["experiment", "epoch"], sort=False):
        found, epochs = by_model(group), int(str(epoch))
        place = {"experiment": experiment, "epochs": epochs}
        for model, (_, correct) in found.items():
            row = place | {"quantity": model} | _parts(correct, confidence)
            row["binomial"] = binomial_standard_error(row["mean"], correct.shape[1])
            rows.append(row | {"published_sd": "; ".join(_printed(model, epochs, record))})
        for name, models in differences.items():
            values = _contrast(found, models)
            if len(values):
                rows.append(place | {"quantity": name} | _parts(values, confidence))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def extent(answers: pd.DataFrame) -> str:
    """The number of runs in words, after the experiment and its epochs if all rows share them."""
    runs = answers[["experiment", "architecture", "representation", "seed"]].drop_duplicates()
    places = answers[["experiment", "epoch"]].drop_duplicates().to_numpy(dtype=object)
    where = [f"{experiment}, {epoch:,} epochs" for experiment, epoch in places] if len(places) == 1 else []
    return ", ".join([*where, f"{len(runs)} run{'s' * (len(runs) != 1)} with answers"])


def images_cells(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of the table as a reader sees them; a single cell that says so if there are no answers."""
    if table.empty:
        return pd.DataFrame({"quantity": [NO_ANSWERS]})
    several = [name for name in ("experiment", "epochs") if table[name].nunique() > 1]
    rows = table.assign(epochs=table["epochs"].map("{:,}".format)).to_dict("records")
    return pd.DataFrame([{name: str(row[name]) for name in several} | _cells(row) for row in rows])


def _parts(values: NDArray[Any], confidence: float) -> dict[str, Any]:
    """Mean, spread, components and intervals of `values`, S × I; without the values that one seed cannot give."""
    seeds, images = values.shape
    over_seeds = POINTS * values.mean(axis=1)
    low, high = t_interval(paired(over_seeds), confidence)
    row = {"seeds": seeds, "images": images, "mean": over_seeds.mean(), "low_seeds": low, "high_seeds": high}
    if seeds < 2:
        return row
    part = components(values)
    variance = float(part.over_seeds) ** 2
    _, low, high = interval(values, confidence)
    return row | {
        "sd_population": standard_deviation(over_seeds, ddof=0),
        "seed": float(part.seed),
        "image": float(part.image),
        "seed_by_image": float(part.both),
        "noise_share": float(part.both) ** 2 / variance if variance else np.nan,
        "low_images": low,
        "high_images": high,
    }


def _contrast(found: Mapping[str, tuple[list[int], Correct]], models: Sequence[str]) -> NDArray[Any]:
    """The difference of `models` over their common seeds, S × I; S is 0 if they have none."""
    if not set(models) <= set(found):
        return np.zeros((0, 0))
    common = sorted(set.intersection(*(set(found[model][0]) for model in models)))
    signs = (1, -1, -1, 1)[: len(models)]
    parts = [sign * _of_seeds(*found[model], common) for sign, model in zip(signs, models, strict=True)]
    return np.asarray(np.sum(parts, axis=0))


def _of_seeds(seeds: list[int], correct: Correct, wanted: Sequence[int]) -> NDArray[Any]:
    return correct[[seeds.index(seed) for seed in wanted]].astype(np.int8)


def _printed(model: str, epochs: int, record: Published) -> Iterator[str]:
    """Yield the printed SDs of `model` after `epochs`; tables that print the same SD are named together."""
    printed = [
        (str(row.sd), table.title)
        for table in record.tables.values()
        for row in table.rows
        if table.epochs == epochs and find_model(*row.model).paper_name == model
    ]
    for sd, tables in groupby(printed, key=lambda entry: entry[0]):
        yield f"{sd} ({', '.join(title for _, title in tables)})"


def _cells(row: Mapping[Hashable, Any]) -> dict[str, str]:
    difference = np.isnan(row["binomial"])
    form = "+.2f" if difference else ".2f"

    def shown(name: str, form: str = ".2f") -> str:
        return NONE if np.isnan(row[name]) else f"{row[name]:{form}}".replace("-", "−")

    def ends(kind: str) -> str:
        low, high = (shown(f"{end}_{kind}", form) for end in ("low", "high"))
        return NONE if low == NONE else f"{low} to {high}"

    return {
        "model or difference": row["quantity"],
        "n seeds": str(row["seeds"]),
        "images": f"{row['images']:,}",
        "mean": shown("mean", form),
        "SD": shown("sd_population"),
        "printed SD": NONE if difference else row["published_sd"] or NONE,
        "binomial": shown("binomial"),
        "seed": shown("seed"),
        "image": shown("image"),
        "seed × image": shown("seed_by_image"),
        "seed × image in the variance over seeds": shown("noise_share", ".0%").replace("%", " %"),
        "new seeds": ends("seeds"),
        "new seeds and images": ends("images"),
    }
