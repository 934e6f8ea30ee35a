"""The archive of a study: finished runs without their weights, small enough for git, one folder a model.

Each folder holds Parquet tables, which the manifest lists. `runs`: a row per run with seed, trajectory
(`Recipe.trajectory`), milestones, train_images (their number) and provenance (its `run.json`). `metrics`: a row per run
and recorded epoch. `correct`: a row per run and milestone (`measurements.answers`). All others are tables of the
registry, and `figure1`: a row per run, milestone and whatever they count. What the folder says, the tables leave out.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from distancenets.configuration.recipes import study_recipe
from distancenets.configuration.study import Run, Study
from distancenets.errors import Damaged, UserError
from distancenets.files import replacing, sha256
from distancenets.models.registry import find_model
from distancenets.runs.manifest import (
    MANIFEST,
    REPAIR,
    Axes,
    Holding,
    Listed,
    Manifest,
    archive_folder,
    clear_unlisted,
    listed_content,
    model_folder,
    read_manifest,
    table_of,
    write_manifest,
    writing,
)

RUNS, METRICS, FIGURE1, CORRECT = "runs", "metrics", "figure1", "correct"
INDEX = ["milestones", "provenance"]
ACCURACIES = ["train_accuracy", "test_accuracy"]
# To the bit: what a run that is trained again is compared with.
EXACT = [*ACCURACIES, "train_loss"]
# What is kept of the largest tables, so that 400 runs at two milestones stay near 20 MB: errors of at most 0.012 % in
# numbers about a hidden node, 0.05 % in numbers about a hidden node and class.
MANTISSA_BITS = {"projections": 12, "projections_by_class": 10}
MODEL_AXES = ["experiment", "architecture", "representation", "model"]

Found = TypeVar("Found")


class ArchivedRun(NamedTuple):
    """What the archive says of one run: the milestones that it was measured at, and its `run.json`."""

    milestones: tuple[int, ...]
    provenance: dict[str, Any]


def archive_files(root: Path) -> list[Path]:
    """The files that count of the archive below the study's folder `root`: its manifest, and what that lists."""
    manifest = read_manifest(root)
    listed = [model_folder(root, axes) / name for axes, holding in manifest.items() for name in holding.files]
    return [archive_folder(root) / MANIFEST, *sorted(listed)] if manifest else []


def entries(study: Study, root: Path, datasets: Path) -> dict[Run, ArchivedRun]:
    """What the archive below `root` holds of the runs of `study`, in the study's order.

    A run belongs to the study if its trajectory is the same, however far it was followed.
    """

    def found(manifest: Manifest) -> dict[Run, ArchivedRun]:
        held: dict[Run, ArchivedRun] = {}
        for experiment in study.experiments:
            for model in study.models(experiment):
                axes = (experiment, model.architecture, model.representation.name)
                if axes in manifest:
                    trajectory = study_recipe(study, *axes, datasets).trajectory
                    index = _index(read_table(RUNS, root, axes, manifest[axes]), trajectory)
                    held |= {Run(*axes, seed): index[seed] for seed in range(study.seeds) if seed in index}
        return held

    return _settled(root, found)


def archived_table(name: str, runs: Sequence[Run], root: Path) -> pd.DataFrame:
    """The rows of the table `name` of `runs`, as far as the archive has them, with `MODEL_AXES` in front.

    Raises
    ------
    UserError
        It has the table of none of them, such as one of a measurement that is newer than the archive.
    """
    seeds: dict[Axes, set[int]] = {}
    for run in runs:
        seeds.setdefault(run[:3], set()).add(run.seed)

    def found(manifest: Manifest) -> list[pd.DataFrame]:
        held = []
        for axes, wanted in seeds.items():
            if axes in manifest and manifest[axes].file(name):
                table = read_table(name, root, axes, manifest[axes])
                columns = dict(zip(MODEL_AXES, (*axes, find_model(*axes[1:]).paper_name), strict=True))
                held.append(table[table["seed"].isin(wanted)].assign(**columns)[[*MODEL_AXES, *table.columns]])
        return held

    parts = _settled(root, found)
    if not parts:
        raise UserError(f"{archive_folder(root)}: holds no table {name}.parquet of any run")
    return pd.concat(parts, ignore_index=True)


def read_table(name: str, root: Path, axes: Axes, holding: Holding) -> pd.DataFrame:
    """The table `name` of a model, as its `holding` lists it.

    Raises
    ------
    Damaged
        The file is missing or is not the one that is listed; or the runs are not those that are listed.
    """
    file = holding.file(name)
    folder = model_folder(root, axes)
    if file is None:
        raise Damaged(f"{folder}: {MANIFEST} lists no table {name}; {REPAIR}")
    table = parse_table(listed_content(folder, file, holding.files[file]), folder / file)
    if len(table) != holding.files[file].rows:
        raise Damaged(f"{folder / file}: has {len(table)} rows, {MANIFEST} lists {holding.files[file].rows}; {REPAIR}")
    if name == RUNS and sorted(table["seed"]) != sorted(holding.runs):
        raise Damaged(f"{folder / file}: has other seeds than {MANIFEST} lists, or one of them twice; {REPAIR}")
    return table


def add_to_archive(root: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Add the runs of one model to the archive below `root`; what it held of the same seeds is replaced.

    The new files are written beside the old ones; the rename of the manifest then makes them count.

    Parameters
    ----------
    tables
        Name → rows with the columns experiment, architecture, representation and seed; `runs` among them.
    """
    experiment, architecture, representation = tables[RUNS][MODEL_AXES[:3]].iloc[0]
    axes = (experiment, architecture, representation)
    seeds = set(tables[RUNS]["seed"])
    with writing(root):
        manifest = read_manifest(root)
        if not manifest:
            # From here on, tables without a manifest are no archive that a killed writer left.
            write_manifest(root, manifest)
        held = manifest.get(axes, Holding())
        try:
            merged: dict[str, list[pd.DataFrame]] = {}
            for name in map(table_of, held.files):
                kept = read_table(name, root, axes, held)
                merged.setdefault(name, []).append(kept[~kept["seed"].isin(seeds)])
            for name, added in tables.items():
                merged.setdefault(name, []).append(added.drop(columns=MODEL_AXES, errors="ignore"))
            files: dict[str, Listed] = {}
            for name, parts in merged.items():
                files |= _write(_joined(parts), name, root, axes)
            write_manifest(root, {**manifest, axes: Holding(fingerprints(_joined(merged[RUNS])), files)})
        finally:
            clear_unlisted(root)


def fingerprints(runs: pd.DataFrame) -> dict[int, str | None]:
    """Seed → the fingerprint of the code that made the run."""
    made = (json.loads(text)["code"].get("fingerprint") for text in runs["provenance"])
    return dict(zip(map(int, runs["seed"]), made, strict=True))


def parse_table(content: bytes, path: Path) -> pd.DataFrame:
    """The table in `content`, which `path` was read for; `Damaged` names one that is none."""
    try:
        table: pd.DataFrame = pq.read_table(pa.BufferReader(content)).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise Damaged(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    return table


def _settled(root: Path, read: Callable[[Manifest], Found]) -> Found:
    """What `read` finds by the manifest; once more if a writer replaced the manifest in the meantime."""
    while True:
        manifest = read_manifest(root)
        try:
            return read(manifest)
        except Damaged:
            if read_manifest(root) == manifest:
                raise


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all `parts` in the order of their seeds."""
    rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    # Runs that were archived before it was kept have none.
    whole = {"train_images": "Int64"} if "train_images" in rows else {}
    return rows.astype(whole).sort_values("seed", kind="stable", ignore_index=True)


def _index(runs: pd.DataFrame, trajectory: str) -> dict[int, ArchivedRun]:
    rows = runs[runs["trajectory"] == trajectory]
    kept = [ArchivedRun(tuple(map(int, epochs)), json.loads(text)) for epochs, text in rows[INDEX].to_numpy()]
    return dict(zip(rows["seed"].tolist(), kept, strict=True))


def _write(rows: pd.DataFrame, name: str, root: Path, axes: Axes) -> dict[str, Listed]:
    """Write `rows` to a file named after their content: real numbers that are not exact in single precision."""
    real = list(rows.select_dtypes("float").columns.difference(ACCURACIES))
    single = [column for column in real if column not in EXACT]
    rows = rows.astype(dict.fromkeys(single, "float32"))
    if name in MANTISSA_BITS:
        rows[single] = rows[single].apply(lambda column: _rounded(column.to_numpy(), MANTISSA_BITS[name]))
    table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    buffer = pa.BufferOutputStream()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=19,
        # Accuracies repeat, so that they are best listed once each; other numbers are best split by their bytes.
        use_dictionary=[column for column in table.column_names if column not in real],
        use_byte_stream_split=real,
        write_statistics=False,
    )
    content = buffer.getvalue().to_pybytes()
    listed = Listed(sha256(content), len(rows))
    file = f"{name}-{listed.sha256[:12]}.parquet"
    with replacing(model_folder(root, axes) / file) as temporary:
        temporary.write_bytes(content)
    return {file: listed}


def _rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """`values` to the nearest number with `bits` bits behind the first; NaN stays NaN."""
    dropped = 23 - bits
    raised = values.view(np.uint32) + np.uint32(1 << dropped - 1)
    rounded = (raised >> dropped << dropped).view(np.float32)
    return np.where(np.isfinite(values), rounded, values)
