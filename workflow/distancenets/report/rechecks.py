"""Rechecked runs for a terminal: progress while they are trained, then a row per run."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from distancenets.configuration.study import Run
from distancenets.models.registry import find_model
from distancenets.runs.recheck_record import Recheck


def following(runs: Sequence[Run], console: Console) -> Iterator[Run]:
    """Yield `runs` and show which one is under way: a bar with the time left on a terminal, else a line per run."""
    if console.is_terminal:
        yield from track(runs, "training runs again", console=console, transient=True)
        return
    for place, run in enumerate(runs, 1):
        console.print(f"run {place} of {len(runs)}: {_name(run)}, seed {run.seed}", soft_wrap=True)
        yield run


def recheck_table(rechecks: Sequence[Recheck]) -> Table:
    """Return a row per run: how many epochs were compared, with what result, and on which processors."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("model", "seed", "epochs", "result", "archived on", "rechecked on"):
        numeric = heading in ("seed", "epochs")
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=heading == "model")
    for each in rechecks:
        cells = (_name(each.run), each.run.seed, each.epochs, each.result, each.archived_on, each.rechecked_on)
        table.add_row(*(Text(str(cell)) for cell in cells))
    return table


def _name(run: Run) -> str:
    return f"{run.experiment}/{find_model(run.architecture, run.representation).paper_name}"
