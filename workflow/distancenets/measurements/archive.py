"""The archive of a study: finished runs without their weights, small enough for git, one folder a model.

Each folder holds Parquet tables. `runs`: a row a run with seed, trajectory (`Recipe.trajectory`), milestones and
provenance (its `run.json`). `metrics`: a row a run and recorded epoch. All others are tables of the catalogue, and
`figure1`: a row a run, milestone and whatever they count. What the folder says, the tables leave out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pandas
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from distancenets.configuration.recipes import study_recipe
from distancenets.configuration.study import Run, Study
from distancenets.errors import UserError
from distancenets.files import replacing
from distancenets.models.registry import find_model

RUNS, METRICS, FIGURE1 = "runs", "metrics", "figure1"
INDEX = ["milestones", "provenance"]
EXACT = ["train_accuracy", "test_accuracy"]
# What is kept of the largest tables, so that 400 runs at two milestones stay near 20 MB: errors of at most 0.012 % in
# numbers about a hidden node, 0.05 % in numbers about a hidden node and class.
MANTISSA_BITS = {"projections": 12, "projections_by_class": 10}
MODEL_AXES = ["experiment", "architecture", "representation", "model"]


class Entry(NamedTuple):
    """What the archive says of one run: the milestones that it was measured at, and its `run.json`."""

    milestones: tuple[int, ...]
    provenance: dict[str, Any]


def archive_folder(root: Path) -> Path:
    """Return the archive of the study whose folder is `root`."""
    return root / "archive"


def archive_files(root: Path) -> list[Path]:
    """Return the files of the archive below the study's folder `root`, in order."""
    return sorted(archive_folder(root).glob("*/*/*/*.parquet"))


def entries(study: Study, root: Path, datasets: Path) -> dict[Run, Entry]:
    """Return what the archive below `root` holds of the runs of `study`, in the study's order.

    A run belongs to the study if its trajectory is the same, however far it was followed.
    """
    found: dict[Run, Entry] = {}
    for experiment in study.experiments:
        for model in study.models(experiment):
            axes = (experiment, model.architecture, model.representation.name)
            index = _index(_folder(root, axes), study_recipe(study, *axes, datasets).trajectory)
            found |= {Run(*axes, seed): index[seed] for seed in range(study.seeds) if seed in index}
    return found


def archived_table(name: str, runs: Sequence[Run], root: Path) -> pandas.DataFrame:
    """Return the rows of the table `name` of `runs`, as far as the archive has them, with `MODEL_AXES` in front.

    Raises
    ------
    UserError
        It has the table of none of them, such as one of a measurement that is newer than the archive.
    """
    seeds: dict[Path, set[int]] = {}
    for run in runs:
        seeds.setdefault(_folder(root, run[:3]), set()).add(run.seed)
    parts = []
    for folder, wanted in seeds.items():
        path = folder / f"{name}.parquet"
        if not path.exists():
            continue
        table = _read(path)
        architecture, representation = folder.parts[-2:]
        model = find_model(architecture, representation).paper_name
        axes = dict(zip(MODEL_AXES, (*folder.parts[-3:], model), strict=True))
        chosen = table[table["seed"].isin(wanted)].assign(**axes)
        parts.append(chosen[[*MODEL_AXES, *table.columns]])
    if not parts:
        raise UserError(f"{archive_folder(root)}: holds no table {name}.parquet of any run")
    return pandas.concat(parts, ignore_index=True)


def deposit(root: Path, tables: Mapping[str, pandas.DataFrame]) -> None:
    """Add the runs of one model to the archive below `root`; what it held of the same seeds is replaced.

    Parameters
    ----------
    tables
        Name → rows with the columns experiment, architecture, representation and seed; `runs` among them.
    """
    folder = _folder(root, tuple(tables[RUNS][MODEL_AXES[:3]].iloc[0]))
    # The table of runs comes last: without it, nothing of a deposit that was cut off counts.
    for name in sorted(tables, key=lambda name: name == RUNS):
        rows = tables[name].drop(columns=MODEL_AXES, errors="ignore")
        path = folder / f"{name}.parquet"
        if path.exists():
            kept = _read(path)
            rows = pandas.concat([kept[~kept["seed"].isin(set(tables[RUNS]["seed"]))], rows], ignore_index=True)
        _write(rows.sort_values("seed", kind="stable", ignore_index=True), path)


def _folder(root: Path, axes: tuple[str, str, str]) -> Path:
    return archive_folder(root).joinpath(*axes)


def _index(folder: Path, trajectory: str) -> dict[int, Entry]:
    path = folder / f"{RUNS}.parquet"
    if not path.exists():
        return {}
    table = _read(path)
    rows = table[table["trajectory"] == trajectory]
    kept = [Entry(tuple(map(int, epochs)), json.loads(text)) for epochs, text in rows[INDEX].to_numpy()]
    return dict(zip(rows["seed"].tolist(), kept, strict=True))


def _read(path: Path) -> pandas.DataFrame:
    try:
        table: pandas.DataFrame = pyarrow.parquet.read_table(path, partitioning=None).to_pandas()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise UserError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    return table


def _write(rows: pandas.DataFrame, path: Path) -> None:
    """Write `rows`: accuracies as they are, other real numbers in single precision, of which the tables show less."""
    real = list(rows.select_dtypes("float").columns.difference(EXACT))
    rows = rows.astype(dict.fromkeys(real, "float32"))
    if path.stem in MANTISSA_BITS:
        rows[real] = rows[real].apply(lambda column: _rounded(column.to_numpy(), MANTISSA_BITS[path.stem]))
    table = pyarrow.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=19,
            # Accuracies repeat, so that they are best listed once each; other numbers are best split by their bytes.
            use_dictionary=[name for name in table.column_names if name not in real],
            use_byte_stream_split=real,
            write_statistics=False,
        )


def _rounded(values: NDArray[numpy.float32], bits: int) -> NDArray[numpy.float32]:
    """Return `values` to the nearest number with `bits` bits behind the first; NaN stays NaN."""
    dropped = 23 - bits
    raised = values.view(numpy.uint32) + numpy.uint32(1 << dropped - 1)
    rounded = (raised >> dropped << dropped).view(numpy.float32)
    return numpy.where(numpy.isfinite(values), rounded, values)
