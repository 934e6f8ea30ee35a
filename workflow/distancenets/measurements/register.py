"""How what the catalogue lists is measured from saved weights and written."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pandas
import torch
from threadpoolctl import threadpool_limits

from distancenets.configuration.datasets import dataset
from distancenets.configuration.study import Study
from distancenets.datasets.store import Dataset, read
from distancenets.errors import UserError
from distancenets.files import replacing
from distancenets.measurements.catalogue import CATALOGUE
from distancenets.measurements.networks import Networks, trained_networks

Tables = Mapping[str, pandas.DataFrame]
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
    measure = measurement(name)
    read_before: dict[str, Dataset] = {}
    parts: dict[str, list[pandas.DataFrame]] = {Path(file).stem: [] for file in CATALOGUE[name].files}
    for experiment, settings in study.experiments.items():
        if settings.dataset not in read_before:
            read_before[settings.dataset] = read(data / settings.dataset, dataset(settings.dataset, datasets))
        for networks in trained_networks(study, root, experiment, datasets):
            _refuse_non_finite(networks)
            # On small matrices, threads of NumPy's BLAS cost up to ten times the time that they save.
            with torch.no_grad(), threadpool_limits(study.training.threads):
                for table, rows in measure(networks, read_before[settings.dataset]).items():
                    parts[table].append(rows)
    return {table: pandas.concat(rows, ignore_index=True) for table, rows in parts.items()}


def write_tables(name: str, tables: Tables, folder: Path) -> None:
    """Write the tables of the measurement `name` to `folder`: CSV to six digits, or Parquet where rows run to 10⁶."""
    for file in CATALOGUE[name].files:
        with replacing(folder / file) as path:
            if file.endswith(".parquet"):
                tables[Path(file).stem].to_parquet(path, index=False)
            else:
                tables[Path(file).stem].to_csv(path, index=False, float_format="%.6g", na_rep="NaN")


def _refuse_non_finite(networks: Networks) -> None:
    for name, value in networks.parameters.items():
        if not value.isfinite().all():
            model = f"{networks.experiment} {networks.model.architecture}/{networks.model.representation.name}"
            raise UserError(f"{model}, epoch {networks.epoch}: {name} holds numbers that are not finite")
