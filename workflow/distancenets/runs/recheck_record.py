"""The record of rechecks: what was compared, with what result. It needs no training, so it imports no torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from distancenets.configuration.study import Run
from distancenets.derived import read_derived
from distancenets.errors import UserError
from distancenets.models.registry import find_model
from distancenets.words import listed

OTHER_START = "made by former code, another start"
BIT, CLOSE, NONE = "bit", "tolerance", "none"

TABLE = (
    *("experiment", "architecture", "representation", "model", "seed", "epochs", "standard", "equal"),
    *("epoch", "column", "archived", "found", "archived_on", "rechecked_on", "reason", "draw"),
)


@dataclass(frozen=True)
class Difference:
    """The first number of a run that was not reproduced."""

    epoch: int
    column: str
    archived: float
    found: float

    def __str__(self) -> str:
        """Return its place, and the retrained number minus the archived one."""
        size = f"{self.found - self.archived:+.3g}".replace("-", "−")
        return f"{self.column.replace('_', ' ')} at epoch {self.epoch} differs by {size}"


@dataclass(frozen=True)
class Recheck:
    """One archived run beside the same run trained again.

    `epochs` is the number of compared epochs. `reason` says why they are compared within a tolerance, or not at all; it
    is empty if bits are compared.
    """

    run: Run
    epochs: int
    reason: str
    difference: Difference | None
    archived_on: str
    rechecked_on: str

    @property
    def standard(self) -> str:
        """The standard of the comparison: `BIT`, `CLOSE` or `NONE`."""
        return {"": BIT, OTHER_START: NONE}.get(self.reason, CLOSE)

    @property
    def result(self) -> str:
        """The outcome in words."""
        return str(self.difference) if self.difference else agreement(self.standard, self.reason)


def agreement(standard: str, reason: str) -> str:
    """Return the result of a run without a difference under `standard`, in words."""
    words = {BIT: "equal to the bit", CLOSE: f"within the tolerance ({reason})", NONE: f"not comparable ({reason})"}
    return words[standard]


def table(rechecks: Sequence[Recheck], seed: int) -> pd.DataFrame:
    """Return one row per recheck of the draw `seed`, with the columns `TABLE`.

    The four columns of a difference are empty without one. `equal` is empty for a run that cannot be compared.
    """
    return pd.DataFrame(_rows(rechecks, seed), columns=list(TABLE))


def read_rechecks(path: Path) -> pd.DataFrame:
    """Return the table that `distancenets recheck --csv` wrote to `path`; a `UserError` names any other file."""
    return read_derived(path, TABLE, dtype={"equal": "boolean", "reason": str}).fillna({"reason": ""})


def verdict(rechecks: pd.DataFrame) -> str:
    """Return in one sentence how many runs of a table of rechecks were reproduced.

    Raises
    ------
    UserError
        A run differs.
    """
    differ = rechecks[rechecks["equal"].eq(False)]
    if len(differ):
        first = differ.iloc[0]
        run = Run(*(first[name] for name in Run._fields))
        what = Difference(*(first[name] for name in ("epoch", "column", "archived", "found")))
        count = f"{len(differ)} of {len(rechecks)} runs differ from the archive (draw {first['draw']})"
        raise UserError(f"{count}; {'/'.join(map(str, run))}: {what}")
    found = rechecks["standard"].value_counts()
    parts = [f"{found.get(BIT, 0)} of {len(rechecks)} runs came out again to the bit"]
    parts += [f"{found[CLOSE]} within the tolerance of another engine or code"] if CLOSE in found else []
    parts += [f"{found[NONE]} cannot be compared ({OTHER_START})"] if NONE in found else []
    return f"{listed(parts)} on {rechecks['rechecked_on'].iloc[0]} (draw {rechecks['draw'].iloc[0]})"


def _rows(rechecks: Sequence[Recheck], seed: int) -> Iterator[dict[str, object]]:
    for each in rechecks:
        model = find_model(each.run.architecture, each.run.representation).paper_name
        yield {
            **each.run._asdict(),
            "model": model,
            "epochs": each.epochs,
            "standard": each.standard,
            "equal": None if each.standard == NONE else each.difference is None,
            **(vars(each.difference) if each.difference else {}),
            "archived_on": each.archived_on,
            "rechecked_on": each.rechecked_on,
            "reason": each.reason,
            "draw": seed,
        }
