"""The tables of the registered measurements: made from saved weights and from the archive, and written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from distancenets.configuration.datasets import load_dataset_settings
from distancenets.configuration.recipes import Recipe
from distancenets.configuration.study import Run, Study
from distancenets.datasets.splits import images_of
from distancenets.datasets.store import Dataset, load_dataset
from distancenets.derived import deriving
from distancenets.errors import UserError
from distancenets.files import replacing_all
from distancenets.measurements.networks import Networks, finished_networks
from distancenets.measurements.registry import kept_files
from distancenets.models.registry import models
from distancenets.runs.archive import archived_table
from distancenets.runs.inventory import sources

Tables = Mapping[str, pd.DataFrame]
Measurement = Callable[[Networks, Dataset], Tables]


def measurement(name: str) -> Measurement:
    """Return `measure_<name>` of the module `name`: from the seeds of a model at a milestone, and images, to tables."""
    found: Measurement = getattr(import_module(f"distancenets.measurements.{name}"), f"measure_{name}")
    return found


def measure_study(name: str, study: Study, root: Path, datasets: Path, data: Path) -> Tables:
    """Return the tables of the measurement `name` over every model, seed and milestone of `study`.

    Parameters
    ----------
    root, datasets, data
        The study's folder, the file of data sets, and the folder that they are kept in.

    Raises
    ------
    UserError
        Weights or images are missing, damaged or another study's, or a network holds a number that is not finite.
    """
    torch.set_num_threads(study.training.threads)
    torch.set_flush_denormal(True)
    fresh, archived = sources(study, root, datasets)
    parts: dict[str, list[pd.DataFrame]] = {Path(file).stem: [] for file in kept_files(study.measurements)[name]}
    for networks, images in _networks_and_images(study, root, fresh, datasets, data):
        measured = measure(name, networks, images)
        for table, held in parts.items():
            held.append(measured[table])
    for table, held in parts.items() if archived else ():
        held.append(archived_rows(table, study, list(archived), root))
    return {table: in_order(pd.concat(held, ignore_index=True), study) for table, held in parts.items()}


def measure(name: str, networks: Networks, images: Dataset) -> Tables:
    """Return the tables of the measurement `name` of `networks`; a `UserError` refuses numbers that are not finite."""
    _refuse_non_finite(networks)
    # Imported first: what is not loaded yet is not limited.
    measured = measurement(name)
    # On small matrices, threads of NumPy's BLAS cost up to ten times the time that they save.
    with torch.no_grad(), threadpool_limits(torch.get_num_threads()):
        return measured(networks, images)


def write_measurement(name: str, study: Study, root: Path, datasets: Path, data: Path) -> None:
    """Write the tables of the measurement `name`: CSV to six digits, or Parquet where rows run to 10⁶."""
    tables = measure_study(name, study, root, datasets, data)
    files = [root / "measurements" / file for file in kept_files(study.measurements)[name]]
    with deriving(name, *files), replacing_all(*files) as parts:
        for file, part in zip(files, parts, strict=True):
            if file.suffix == ".parquet":
                tables[file.stem].to_parquet(part, index=False)
            else:
                tables[file.stem].to_csv(part, index=False, float_format="%.6g", na_rep="NaN")


def archived_rows(table: str, study: Study, runs: Sequence[Run], root: Path) -> pd.DataFrame:
    """Return the archive's rows of `table` of `runs` at the milestones of `study`."""
    rows = archived_table(table, runs, root)
    kept = {name: experiment.kept_epochs for name, experiment in study.experiments.items()}
    return rows[[epoch in kept[name] for name, epoch in zip(rows["experiment"], rows["epoch"], strict=True)]]


def in_order(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return `table` experiment by experiment, model by model, epoch by epoch, seed by seed."""
    names = [model.paper_name for model in models()]
    places = {"experiment": list(study.experiments), "model": names}
    keys = {name: table[name].map(known.index) for name, known in places.items()}
    order = pd.DataFrame(keys | {name: table[name] for name in ("epoch", "seed")})
    return table.loc[order.sort_values(list(order.columns), kind="stable").index].reset_index(drop=True)


def _networks_and_images(
    study: Study, root: Path, runs: Mapping[Run, Recipe], datasets: Path, data: Path
) -> Iterator[tuple[Networks, Dataset]]:
    """Yield every network with its images; those of one seed follow one another, and have the same images."""
    read_before: dict[str, Dataset] = {}
    for experiment, settings in study.experiments.items():
        of_seed: dict[int, Dataset] = {}
        for networks in finished_networks(study, root, experiment, runs, datasets):
            if settings.dataset not in read_before:
                read_before[settings.dataset] = load_dataset(
                    data / settings.dataset, load_dataset_settings(settings.dataset, datasets)
                )
            [seed] = networks.seeds
            if seed not in of_seed:
                of_seed = {seed: images_of(read_before[settings.dataset], settings.split, seed)}
            yield networks, of_seed[seed]


def _refuse_non_finite(networks: Networks) -> None:
    for name, value in networks.parameters.items():
        if not value.isfinite().all():
            model = f"{networks.experiment} {networks.model.architecture}/{networks.model.representation.name}"
            raise UserError(f"{model}, epoch {networks.epoch}: {name} holds numbers that are not finite")
