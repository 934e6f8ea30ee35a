"""The page of findings: prose around numbers that all come from the files of a study."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from distancenets.audit.findings import Check, Consistency
from distancenets.audit.serialization import read as read_audit
from distancenets.audit.serialization import read_summary
from distancenets.claims.serialization import read as read_claims
from distancenets.claims.serialization import verdict_table
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.study import Study
from distancenets.derived import read_derived
from distancenets.errors import UserError
from distancenets.files import read_text
from distancenets.report.coverage import coverage
from distancenets.report.trajectories import trajectories
from distancenets.runs.archive import entries
from distancenets.runs.inventory import sources
from distancenets.statistics.looks import FIRST
from distancenets.statistics.moments import mean
from distancenets.tables.protocols import Protocol
from distancenets.tables.robustness import ACROSS, DEPENDS, OPEN, UNTOLD

TEST_IMAGES = 10_000
# Readings of a claim across experiments that are not a verdict → the list that they belong to.
READINGS = {OPEN: "open", DEPENDS: "protocol", UNTOLD: "threshold"}

# The columns of protocols.csv that the distances are read from.
NEARNESS = (
    *("experiment", "epochs", "bias", "column", "models", "printed_models"),
    *("runs", "distance", "farthest_model", "farthest"),
)


def findings_page(
    study_file: Path, wanted: Study, held: Study, root: Path, datasets: Path, further: Sequence[Study] = ()
) -> str:
    """Return the page about the results in `root`. `wanted` is the whole study, `held` the part with available runs.

    The numbers of available runs of the `further` studies, whose results are beside `root`, are listed as well.
    """
    environment = Environment(
        loader=PackageLoader("distancenets", "report"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    archived = sources(held, root, datasets).archived
    provenances = [entry.provenance for entry in archived.values()]
    return environment.get_template("findings.md.j2").render(
        root=root.as_posix(),
        wanted={"runs": len(list(wanted.runs())), "file": study_file.as_posix()},
        held=list(archived),
        reported=held.reported_experiment,
        devices=_counted(provenance["device"]["name"] for provenance in provenances),
        engines=_counted(provenance["engine"]["name"] for provenance in provenances),
        parts=[
            part
            for study in (wanted, *further)
            for part in coverage(study, entries(study, root.parent / study.study, datasets))
        ],
        hours=f"{sum(provenance['seconds'] / len(provenance['pack']) for provenance in provenances) / 3600:.1f}",
        tables=[_table(root, name) for name in ("table2", "discussion")],
        offset_l2=_table(root, "table5"),
        protocols=_table(root, "protocols"),
        nearness=_nearness(root),
        trajectories=trajectories(list(archived), root),
        across=[found for study in further if (found := _across(study, root.parent / study.study))],
        **_accuracies(root),
        **_claims(root, held),
        **_audit(root),
    )


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({count} runs)" for name, count in sorted(Counter(names).items()))


def _table(root: Path, name: str) -> str:
    return read_text(root / "tables" / f"{name}.md").strip()


def _nearness(root: Path) -> list[dict[str, str]]:
    """Return the distance of each protocol from each published column that it has all models of, nearest first."""
    table = read_derived(root / "tables" / "protocols.csv", NEARNESS)
    complete = table[table["models"] == table["printed_models"]].sort_values("distance")
    return [
        {
            "protocol": Protocol(row["experiment"], row["epochs"], row["bias"]).label,
            "column": row["column"],
            "runs": row["runs"],
            "distance": f"{row['distance']:.1f}",
            "farthest": f"{row['farthest_model']}, {row['farthest']:+.1f}".replace(" -", " −"),
        }
        for _, row in complete.iterrows()
    ]


def _accuracies(root: Path) -> Mapping[str, Any]:
    runs = read_derived(root / "runs.csv", ("experiment", "model", "epoch", "test_accuracy"))
    groups = runs.groupby(["experiment", "model", "epoch"], sort=False)["test_accuracy"]
    models = [
        {
            "experiment": experiment,
            "model": model,
            "seeds": len(values),
            "epoch": f"{epoch:,}",
            "mean": f"{mean(values.to_numpy()):.2f}",
            "range": f"{values.min():.2f}–{values.max():.2f}",
        }
        for (experiment, model, epoch), values in groups
    ]
    level = runs.loc[runs["epoch"] == runs["epoch"].max(), "test_accuracy"].max() / 100
    binomial = 100 * math.sqrt(level * (1 - level) / TEST_IMAGES)
    return {"models": models, "binomial": f"{binomial:.2f}", "level": f"{100 * level:.1f}"}


def _claims(root: Path, study: Study) -> Mapping[str, Any]:
    rulings = [entry for entry in read_claims(root / "claims.json") if entry["experiment"] == study.reported_experiment]
    verdicts = {str(verdict): [entry for entry in rulings if entry["verdict"] == str(verdict)] for verdict in Verdict}
    table = verdict_table(rulings).strip()
    return {"judged": len(rulings), "verdicts": verdicts, "verdict_table": table, "least_seeds": FIRST}


def _across(study: Study, root: Path) -> Mapping[str, Any] | None:
    """Return the reading of each claim across the experiments of `study`; None if `root` has no results."""
    path = root / "tables" / "robustness.csv"
    if not path.exists():
        return None
    rows = read_derived(path, ("claim", "name", ACROSS)).to_dict("records")
    readings: dict[str, list[str]] = {kind: [] for kind in ("same", "protocol", "threshold", "open")}
    for row in rows:
        kind = READINGS.get(row[ACROSS], "same")
        said = f" ({row[ACROSS]})" if kind == "same" else ""
        readings[kind].append(f"{row['claim']}. {row['name']}{said}")
    protocols = {
        name: f"{experiment.dataset}, {experiment.pixels} pixels, {experiment.training_in_words}, "
        f"{experiment.hidden} hidden nodes, {experiment.split} split, OffsetL2 as in the {experiment.offset_l2}"
        for name, experiment in study.experiments.items()
    }
    return {
        "study": study.study,
        "root": root.as_posix(),
        "protocols": protocols,
        "readings": readings,
        "table": _table(root, "robustness"),
    }


def _audit(root: Path) -> Mapping[str, Any]:
    path = root / "audit.json"
    audit = read_audit(path)
    inconsistent = [entry for entry in audit["findings"] if entry["verdict"] == str(Consistency.INCONSISTENT)]

    def of(*checks: Check) -> list[dict[str, Any]]:
        found = [entry for entry in inconsistent if entry["check"] in {str(check) for check in checks}]
        if not found:
            raise UserError(f"{path}: the audit finds no inconsistency of the kind '{checks[0]}'")
        return found

    checks, origin, *_ = read_summary(path)
    return {
        "checks": checks,
        "origin": origin,
        "rows_twice": of(Check.SAME_ROWS)[0],
        "two_results": of(Check.SAME_MODELS)[0],
        "same_t": of(Check.REPEATED_T)[0],
        "fits_nothing": of(Check.STATISTIC),
        "wordings": of(Check.WORDING, Check.WORDING_RECOMPUTED),
        "untold": audit["verdicts"][str(Consistency.UNTOLD)],
        "checked": sum(audit["verdicts"].values()),
    }
