"""The planned runs: what to train next within some hours, and the file that the jobs of a workflow read."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from distancenets.claims.evidence import archived_measurements
from distancenets.claims.judgement import judge_claims
from distancenets.claims.planning import Batch, Target, batches, targets
from distancenets.configuration.datasets import DATASETS_FILE
from distancenets.configuration.published import load_published
from distancenets.configuration.study import Run, Study
from distancenets.derived import read_derived
from distancenets.errors import UserError
from distancenets.files import write_text
from distancenets.jobs.processor import processor
from distancenets.runs.archive import entries
from distancenets.runs.collect import learning_curves, runs_at_milestones
from distancenets.runs.costs import Costs, costs
from distancenets.runs.inventory import Planned, available_subset

PUBLISHED_FILE = Path("config/published.yaml")
COLUMNS = [*Run._fields, "epochs"]


class Plan(NamedTuple):
    """The next looks at open claims, the batches of runs to train, and the costs of runs."""

    targets: list[Target]
    batches: list[Batch]
    costs: Costs

    @property
    def runs(self) -> dict[Run, int]:
        """Run → the epochs that the plan trains it for, the largest if several batches train it."""
        return {run: epochs for batch in self.batches for run, epochs in batch.runs.items()}


def plan(study: Study, root: Path, hours: float, cores: int, datasets: Path, published: Path) -> Plan:
    """Return the plan for `hours` on `cores`, given the archive and the finished runs below `root`."""
    held = entries(study, root, datasets)
    part = available_subset(study.replaced(missing="skip"), root, datasets)
    runs = runs_at_milestones(learning_curves(part, root, datasets), part)
    judged = judge_claims(study, runs, archived_measurements(list(held), root), load_published(published))
    found, prices = targets(judged, study, runs), costs(held, processor("model name"))
    return Plan(found, batches(found, prices.of, hours * 3600 * cores), prices)


def planned_runs(study: Study, root: Path, cores: int, write: bool) -> Planned:
    """Return the runs to train next within the study's hours, each with its epochs.

    With `write`, the plan is made and written to `planned.csv` below `root`. Without it, the plan is read from there,
    so the jobs of a workflow train what was planned at its start even if runs finish meanwhile.

    Raises
    ------
    UserError
        The plan needs more seeds than `study` has.
    """
    path = root / "planned.csv"
    if write:
        planned = plan(study, root, study.hours, cores, DATASETS_FILE, PUBLISHED_FILE).runs
        rows = [(*run, epochs) for run, epochs in planned.items()]
        write_text(path, pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False))
    else:
        rows = list(read_derived(path, COLUMNS)[COLUMNS].itertuples(index=False, name=None))
        planned = {Run(*row[:-1]): row[-1] for row in rows}
    seeds = max((run.seed + 1 for run in planned), default=0)
    if seeds > study.seeds:
        raise UserError(f"missing: plan: needs {seeds} seeds, the study has {study.seeds}: set `seeds: {seeds}` first")
    return planned
