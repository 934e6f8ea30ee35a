"""The recipe, code, libraries and device of a study's runs: one row per run, from its `run.json`."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from distancenets.configuration.study import Run, Study
from distancenets.errors import UserError
from distancenets.models.registry import find_model
from distancenets.runs.inventory import sources
from distancenets.runs.manifest import archive_folder
from distancenets.training.paths import run_path
from distancenets.training.run_files import RunFolder


class Cost(NamedTuple):
    """The cost of training: hours of one CPU core, and hours of a GPU."""

    cpu_hours: float
    gpu_hours: float


def provenance(study: Study, root: Path, datasets: Path) -> pd.DataFrame:
    """Return the provenance of every run of `study`.

    Returns
    -------
    pandas.DataFrame
        One row per run: experiment, architecture, representation, model (the paper's name), seed; digest (of the
        run's recipe and seed); code_version, code_revision, code_fingerprint; python, then the version of each library;
        device (its kind), device_name, engine, threads; pack (the seeds trained together), and seconds, the time that
        the whole pack took.

    Raises
    ------
    UserError
        A run is missing, was made with other parameters or has no provenance; the file is named.
    """
    fresh, archived = sources(study, root, datasets)
    rows = []
    for run in study.runs():
        if run in archived:
            rows.append(_row(run, archived[run].provenance, archive_folder(root)))
        elif run in fresh:
            folder = RunFolder(root / run_path(run))
            rows.append(_row(run, folder.provenance_of(fresh[run].run_digest(run.seed)), folder.provenance))
    return pd.DataFrame(rows)


def cost(runs: pd.DataFrame) -> Cost:
    """Return the cost of the runs of a provenance table; each run has its share of its pack's time."""
    share = runs["seconds"] / 3600 / runs["pack"].map(lambda seeds: len(seeds.split()))
    on_cpu = runs["device"] == "cpu"
    return Cost(float((share * runs["threads"])[on_cpu].sum()), float(share[~on_cpu].sum()))


def _row(run: Run, values: dict[str, Any], source: Path) -> dict[str, object]:
    axes: dict[str, object] = run._asdict()
    seed = axes.pop("seed")
    model = find_model(run.architecture, run.representation).paper_name
    try:
        return axes | {"model": model, "seed": seed} | _origin(values)
    except (KeyError, TypeError) as error:
        raise UserError(f"{source}: not the provenance of a run ({error})") from error


def _origin(values: dict[str, Any]) -> dict[str, object]:
    return {
        "digest": values["digest"],
        **{f"code_{key}": values["code"].get(key) for key in ("version", "revision", "fingerprint")},
        **values["libraries"],
        "device": values["device"]["kind"],
        "device_name": values["device"]["name"],
        "engine": values["engine"]["name"],
        "threads": values["threads"],
        "pack": " ".join(str(seed) for seed in values["pack"]),
        "seconds": values["seconds"],
    }
