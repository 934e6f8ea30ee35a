"""The archive of a study: finished runs without their weights, small enough for git, one folder per model.

Each folder contains Parquet tables, which the manifest lists. `runs`: a row per run with seed, trajectory
(`Recipe.trajectory`), milestones, train_images (their number) and provenance (its `run.json`). `metrics`: a row per run
and recorded epoch. `correct`: a row per run and milestone (`measurements.answers`). The others are `figure1` and the
registry's tables: a row per run, milestone and their own axes. No table repeats the axes in the folder's path.
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
# Stored exactly, because a run that is trained again is compared with them to the bit.
EXACT = [*ACCURACIES, "train_loss"]
# The largest tables are rounded, so that 400 runs at two milestones take about 20 MB. Errors are at most 0.012 % in
# numbers about a hidden node, 0.05 % in numbers about a hidden node and class.
MANTISSA_BITS = {"projections": 12, "projections_by_class": 10}
MODEL_AXES = ["experiment", "architecture", "representation", "model"]

Found = TypeVar("Found")


class ArchivedRun(NamedTuple):
    """One run in the archive: the milestones at which it was measured, and its `run.json`."""

    milestones: tuple[int, ...]
    provenance: dict[str, Any]


def archive_files(root: Path) -> list[Path]:
    """Return the manifest and the files that it lists, in the archive below the study's folder `root`."""
    manifest = read_manifest(root)
    listed = [model_folder(root, axes) / name for axes, holding in manifest.items() for name in holding.files]
    return [archive_folder(root) / MANIFEST, *sorted(listed)] if manifest else []


def entries(study: Study, root: Path, datasets: Path) -> dict[Run, ArchivedRun]:
    """Return the archived runs of `study` below `root`, in the study's order.

    A run belongs to the study if its trajectory is the same, whatever its length.
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
    """Return the archived rows of the table `name` of `runs`, with `MODEL_AXES` in front.

    Raises
    ------
    UserError
        No run has the table, for example because its measurement is newer than the archive.
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
        raise UserError(f"{archive_folder(root)}: no run has the table {name}.parquet")
    return pd.concat(parts, ignore_index=True)


def read_table(name: str, root: Path, axes: Axes, holding: Holding) -> pd.DataFrame:
    """Return the table `name` of a model, as its `holding` lists it.

    Raises
    ------
    Damaged
        The file is missing, or the file or its runs do not match the manifest.
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
    """Add the runs of one model to the archive below `root`, replacing earlier ones of the same seeds.

    New files are written beside the old ones. Renaming the manifest then makes them valid.

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
            # Written first: tables that a killed writer leaves are then unlisted, not without a manifest.
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
    """Return the table in `content`, read from `path`; `Damaged` if it is not a table."""
    try:
        table: pd.DataFrame = pq.read_table(pa.BufferReader(content)).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise Damaged(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    return table


def _settled(root: Path, read: Callable[[Manifest], Found]) -> Found:
    """Return the result of `read` for the manifest; retry if a writer replaced the manifest meanwhile."""
    while True:
        manifest = read_manifest(root)
        try:
            return read(manifest)
        except Damaged:
            if read_manifest(root) == manifest:
                raise


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all `parts`, sorted by seed."""
    rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    # Runs that were archived before this column existed have no value.
    whole = {"train_images": "Int64"} if "train_images" in rows else {}
    return rows.astype(whole).sort_values("seed", kind="stable", ignore_index=True)


def _index(runs: pd.DataFrame, trajectory: str) -> dict[int, ArchivedRun]:
    rows = runs[runs["trajectory"] == trajectory]
    kept = [ArchivedRun(tuple(map(int, epochs)), json.loads(text)) for epochs, text in rows[INDEX].to_numpy()]
    return dict(zip(rows["seed"].tolist(), kept, strict=True))


def _write(rows: pd.DataFrame, name: str, root: Path, axes: Axes) -> dict[str, Listed]:
    """Write `rows` to a file named after their content; real numbers, except `EXACT`, have single precision."""
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
        # Accuracies repeat, so a dictionary suits them. Other real numbers compress best if split by bytes.
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
    """Round `values` to `bits` bits after the leading one; NaN stays NaN."""
    dropped = 23 - bits
    raised = values.view(np.uint32) + np.uint32(1 << dropped - 1)
    rounded = (raised >> dropped << dropped).view(np.float32)
    return np.where(np.isfinite(values), rounded, values)
