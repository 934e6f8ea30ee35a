"""Costs: the time of an epoch of each model, from the times in the archive."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from distancenets.configuration.study import Run
from distancenets.errors import UserError
from distancenets.runs.archive import ArchivedRun

Axes = tuple[str, str]


@dataclass(frozen=True)
class Costs:
    """Seconds that an epoch takes on one core, by architecture and representation, from `runs` archived runs.

    `processor` is the CPU model that they were trained on. It is empty if no run was trained on the requested one, so
    that all runs are used.
    """

    by_model: Mapping[Axes, float]
    runs: int
    processor: str

    def of(self, run: Run, epochs: int) -> float:
        """Return the seconds of one core for `epochs` of `run`; a model without times gets the median of all."""
        axes = (run.architecture, run.representation)
        return epochs * self.by_model.get(axes, median(self.by_model.values()))


def costs(archived: Mapping[Run, ArchivedRun], processor: str) -> Costs:
    """Return the median time of an epoch over the archived runs on this `processor`, or else on any CPU.

    The time of a run is its share of its pack's time, times the number of threads.

    Raises
    ------
    UserError
        No archived run was trained on a CPU.
    """
    on_cpu = {run: entry.provenance for run, entry in archived.items() if entry.provenance["device"]["kind"] == "cpu"}
    here = {run: values for run, values in on_cpu.items() if values["device"]["name"] == processor}
    times: dict[Axes, list[float]] = {}
    for run, values in (here or on_cpu).items():
        epochs = values["recipe"]["experiment"]["epochs"] * len(values["pack"])
        seconds = values["seconds"] * values["threads"] / epochs
        times.setdefault((run.architecture, run.representation), []).append(seconds)
    if not times:
        raise UserError("the archive has no run trained on a CPU, so the time of a run is unknown; archive one first")
    found = {axes: median(seconds) for axes, seconds in times.items()}
    return Costs(found, len(here or on_cpu), processor if here else "")
