"""The report: one page that holds a study's verdicts, tables, figures and their data, and needs no network."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from distancenets.audit.findings import Check, Consistency
from distancenets.audit.serialization import read as read_audit
from distancenets.claims.serialization import read as read_claims
from distancenets.configuration.datasets import load_dataset_settings
from distancenets.configuration.published import Published
from distancenets.configuration.study import Study
from distancenets.report import learning_curves, provenance
from distancenets.report.commands import commands
from distancenets.report.embedded_files import Downloads
from distancenets.report.figures_and_tables import Exhibits
from distancenets.report.headline import sentence
from distancenets.report.summary import protocols

PACKAGE = files(__package__)


def page(study: Study, root: Path, record: Published, datasets: Path, captions: Path) -> str:
    """Return the report of `study` from the files below `root`, with the captions of figures from `captions`.

    Raises
    ------
    UserError
        A file is missing or not what its rule writes; it is named.
    """
    environment = Environment(
        loader=PackageLoader("distancenets.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    downloads = Downloads(root)
    exhibits = Exhibits(study, downloads, captions)
    return environment.get_template("page.html").render(
        study=study,
        paper=record.paper,
        commands=commands(root, study.reported_experiment),
        # From here on in the order of the page, which is that in which files are held.
        claims=_claims(study, downloads),
        protocols=protocols(study, root),
        printed=exhibits.paper(),
        accuracies=exhibits.accuracies(),
        curves=[_curves(study, downloads, exhibits, experiment) for experiment in study.experiments],
        audit=_audit(downloads),
        geometry=exhibits.geometry(),
        robustness=exhibits.robustness(),
        provenance=_provenance(study, downloads, datasets),
        style=(PACKAGE / "page.css").read_text(encoding="utf-8"),
        script=(PACKAGE / "page.js").read_text(encoding="utf-8"),
    )


def _claims(study: Study, downloads: Downloads) -> Mapping[str, Any]:
    rulings = read_claims(downloads.root / "claims.json")
    here = [entry for entry in rulings if entry["experiment"] == study.reported_experiment]
    return {
        "sentence": sentence(here),
        "rulings": here,
        "downloads": [downloads.file("claims.json"), downloads.file("claims.md")],
    }


def _curves(study: Study, downloads: Downloads, exhibits: Exhibits, experiment: str) -> Mapping[str, Any]:
    means = learning_curves.mean_curves(study, downloads.root, experiment)
    content = means.to_csv(index=False, lineterminator="\n").encode()
    return {
        "series": learning_curves.plotted(study, means, experiment),
        "data": downloads.content(f"curves/{experiment}.csv", content),
        "exhibit": exhibits.learning_curves(experiment),
    }


def _audit(downloads: Downloads) -> Mapping[str, Any]:
    content = read_audit(downloads.root / "audit.json")
    concluded = [entry for entry in content["findings"] if entry["check"] != Check.RECOMPUTED]
    return {
        "summary": content["summary"],
        "verdicts": content["verdicts"],
        "checks": sum(content["verdicts"].values()),
        "inconsistent": content["verdicts"][Consistency.INCONSISTENT],
        "telling": [
            entry
            for entry in concluded
            if entry["verdict"] != Consistency.CONSISTENT and entry["check"] != Check.ORIGIN
        ],
        "findings": concluded,
        "downloads": [downloads.file("audit.csv"), downloads.file("audit.json")],
    }


def _provenance(study: Study, downloads: Downloads, datasets: Path) -> Mapping[str, Any]:
    runs = provenance.read_provenance(downloads.root / "provenance.csv")
    names = dict.fromkeys(experiment.dataset for experiment in study.experiments.values())
    return {
        "runs": len(runs),
        "facts": provenance.facts(runs),
        "cells": provenance.cells(runs),
        "datasets": [(load_dataset_settings(name, datasets).title, _digests(name, datasets)) for name in names],
        "downloads": [downloads.file("provenance.csv"), downloads.file("study.yaml")],
    }


def _digests(name: str, datasets: Path) -> Sequence[tuple[str, str]]:
    digests = load_dataset_settings(name, datasets).sha256.model_dump()
    return [(split.replace("_", " "), digest) for split, digest in digests.items()]
