"""The report: one offline page with a study's verdicts, tables, figures and their data."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from distancenets.audit.findings import Check, Consistency
from distancenets.audit.serialization import read as read_audit
from distancenets.claims.sides import RECHECK, VERIFIED, Side, sides
from distancenets.configuration.datasets import load_dataset_settings
from distancenets.configuration.published import Published
from distancenets.configuration.study import Study
from distancenets.files import read_text
from distancenets.report import learning_curves, provenance
from distancenets.report.commands import commands
from distancenets.report.embedded_files import Downloads
from distancenets.report.figures_and_tables import Exhibits
from distancenets.report.headline import answer
from distancenets.report.summary import protocols
from distancenets.runs.recheck_record import agreement, read_rechecks, verdict

PACKAGE = files(__package__)


def page(study: Study, root: Path, record: Published, datasets: Path, captions: Path) -> str:
    """Return the report of `study` from the files below `root`, with the captions of figures from `captions`.

    Raises
    ------
    UserError
        A file is missing, or is not what its rule writes; the error names it.
    """
    environment = Environment(
        loader=PackageLoader("distancenets.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = sides(study, root)
    *_, own = parts = [_part(side, captions, "" if side.study is study else f"{side.study.study}/") for side in shown]
    exhibits, downloads = own["exhibits"], own["exhibits"].downloads
    return environment.get_template("page.html").render(
        study=study,
        paper=record.paper,
        commands=commands(root, study.reported_experiment),
        parts=parts,
        answer=answer(shown),
        checks=_checks(study, root, downloads) if study.report.beside else None,
        curves=[_curves(study, downloads, exhibits, experiment) for experiment in study.experiments],
        audit=_audit(downloads),
        robustness=exhibits.robustness(),
        provenance=_provenance(study, downloads, datasets),
        style=(PACKAGE / "page.css").read_text(encoding="utf-8"),
        script=(PACKAGE / "page.js").read_text(encoding="utf-8"),
    )


def _part(side: Side, captions: Path, prefix: str) -> Mapping[str, Any]:
    """Return the parts of the page about one study; `prefix` makes their ids unique in the page."""
    downloads = Downloads(side.root, prefix)
    exhibits = Exhibits(side.study, downloads, captions)
    # In the order of the page: a file is embedded at its first use.
    return {
        "side": side,
        "exhibits": exhibits,
        "command": commands(side.root, side.study.reported_experiment)["claims"],
        "downloads": [downloads.file("claims.json"), downloads.file("claims.md")],
        "protocols": protocols(side.study, side.root),
        "printed": exhibits.paper(),
        "accuracies": exhibits.accuracies(),
        "curves": [exhibits.learning_curves(name) for name in side.study.experiments] if prefix else [],
        "geometry": exhibits.geometry(),
    }


def _checks(study: Study, root: Path, downloads: Downloads) -> Mapping[str, Any]:
    """Return the results of checking the study beside this one."""
    runs = read_rechecks(root / RECHECK)
    rows = [
        [
            row["model"],
            str(row["seed"]),
            str(row["epochs"]),
            agreement(row["standard"], row["reason"]),
            row["archived_on"],
        ]
        for row in runs.to_dict("records")
    ]
    again = f"distancenets recheck --study {study.report.beside} --experiment {runs['experiment'].iloc[0]}"
    return {
        "sentence": verdict(runs),
        "verified": read_text(root / VERIFIED).strip().splitlines(),
        "rows": rows,
        "command": f"{again} --draw {runs['draw'].iloc[0]}",
        "verify": f"distancenets verify --study {study.report.beside}",
        "downloads": [downloads.file(RECHECK)],
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
