"""Sides: the studies that a report shows side by side, each with its claims under one protocol."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from distancenets.claims.serialization import read as read_claims
from distancenets.configuration.study import Study, load_study
from distancenets.errors import UserError
from distancenets.runs.manifest import archive_folder, read_manifest

# Below a study's folder: the results of checking the study beside it.
RECHECK, VERIFIED = "recheck.csv", "verified.txt"


@dataclass(frozen=True)
class Side:
    """A study and its folder; `label` names the protocol of its reported experiment for people."""

    study: Study
    root: Path
    label: str

    @property
    def name(self) -> str:
        """The label as a heading."""
        return self.label[0].upper() + self.label[1:]

    @cached_property
    def rulings(self) -> list[dict[str, Any]]:
        """The verdicts on the reported experiment, as `claims.json` holds them."""
        reported = self.study.reported_experiment
        return [entry for entry in read_claims(self.root / "claims.json") if entry["experiment"] == reported]


def study_beside(study: Study, results: Path) -> Study | None:
    """Return the study that `study` is shown beside, if it names one. `results` is the folder of all studies.

    Raises
    ------
    UserError
        It is `study` itself, cannot be read or has no archive.
    """
    file = study.report.beside
    if file is None:
        return None
    beside = load_study(file)
    if beside.study == study.study:
        raise UserError(f"report.beside: {file} is study '{study.study}' itself; name another study's file, or none")
    if not read_manifest(results / beside.study):
        raise UserError(f"report.beside: {archive_folder(results / beside.study)} contains no run of {file}")
    return beside


def sides(study: Study, root: Path) -> list[Side]:
    """Return the study that `study` is shown beside, if it names one, and `study` itself, whose folder is `root`."""
    own = Side(study, root, f"{study.reported_experiment} protocol")
    if study.report.beside is None:
        return [own]
    name = load_study(study.report.beside).study
    folder = root.parent / name
    return [Side(load_study(folder / "study.yaml"), folder, f"{name}'s protocol"), own]
