"""The tables of the registered measurements, from saved weights and from the archive."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from distancenets.configuration.study import Run, Study
from distancenets.derived import deriving
from distancenets.files import replacing_all
from distancenets.measurements.registry import kept_files
from distancenets.models.registry import models
from distancenets.runs.archive import archived_table
from distancenets.runs.inventory import sources

Tables = Mapping[str, pd.DataFrame]


def measure_study(study: Study, root: Path, datasets: Path, data: Path, tell: Callable[[str], object]) -> Tables:
    """Return the tables of all measurements over every model, seed and milestone of `study`.

    Parameters
    ----------
    root, datasets, data
        The study's folder, the file of data sets, and the folder with their images.
    tell
        Is told how many networks have been measured.

    Raises
    ------
    UserError
        Weights or images are missing, damaged or another study's, or a network contains a number that is not finite.
    """
    fresh, archived = sources(study, root, datasets)
    kept = kept_files(study.measurements)
    parts: dict[str, list[pd.DataFrame]] = {Path(file).stem: [] for files in kept.values() for file in files}
    if fresh:
        # It imports torch, which takes longer than reading an archive.
        from distancenets.measurements.weights import measure_weights  # noqa: PLC0415

        networks = sum(len(study.experiments[run.experiment].kept_epochs) for run in fresh)
        for done, measured in enumerate(measure_weights(list(kept), study, root, fresh, datasets, data), 1):
            tell(f"measured {done} of {networks} networks")
            for table, held in parts.items():
                held.append(measured[table])
    for table, held in parts.items() if archived else ():
        held.append(archived_rows(table, study, list(archived), root))
    return {table: in_order(pd.concat(held, ignore_index=True), study) for table, held in parts.items()}


def write_measurements(
    study: Study, root: Path, datasets: Path, data: Path, tell: Callable[[str], object] = print
) -> None:
    """Write the tables of all measurements: CSV with six digits, or Parquet for up to 10⁶ rows."""
    tables = measure_study(study, root, datasets, data, tell)
    for name, names in kept_files(study.measurements).items():
        files = [root / "measurements" / file for file in names]
        with deriving(name, *files), replacing_all(*files) as parts:
            for file, part in zip(files, parts, strict=True):
                if file.suffix == ".parquet":
                    tables[file.stem].to_parquet(part, index=False)
                else:
                    tables[file.stem].to_csv(part, index=False, float_format="%.6g", na_rep="NaN")


def archived_rows(table: str, study: Study, runs: Sequence[Run], root: Path) -> pd.DataFrame:
    """Return the archived rows of `table` for `runs` at the milestones of `study`."""
    rows = archived_table(table, runs, root)
    kept = {name: experiment.kept_epochs for name, experiment in study.experiments.items()}
    return rows[[epoch in kept[name] for name, epoch in zip(rows["experiment"], rows["epoch"], strict=True)]]


def in_order(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return `table` sorted by experiment, model, epoch and seed."""
    names = [model.paper_name for model in models()]
    places = {"experiment": list(study.experiments), "model": names}
    keys = {name: table[name].map(known.index) for name, known in places.items()}
    order = pd.DataFrame(keys | {name: table[name] for name in ("epoch", "seed")})
    return table.loc[order.sort_values(list(order.columns), kind="stable").index].reset_index(drop=True)
