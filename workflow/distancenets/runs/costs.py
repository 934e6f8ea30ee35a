"""Costs: what an epoch of a model takes, from the times in the archive."""

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

    `processor` names the kind that they were trained on; empty if none was trained on the kind asked for, so that all
    count.
    """

    by_model: Mapping[Axes, float]
    runs: int
    processor: str

    def of(self, run: Run, epochs: int) -> float:
        """The seconds of one core for `epochs` of `run`; a model that nobody timed takes the median of all."""
        axes = (run.architecture, run.representation)
        return epochs * self.by_model.get(axes, median(self.by_model.values()))


def costs(archived: Mapping[Run, ArchivedRun], processor: str) -> Costs:
    """What an epoch takes: the median over the archived runs on this kind of `processor`, or on any CPU.

    A run counts for its part of its pack, and with all of its threads.

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
        raise UserError("the archive has no run trained on a CPU, so the time of a run is unknown: archive one first")
    found = {axes: median(seconds) for axes, seconds in times.items()}
    return Costs(found, len(here or on_cpu), processor if here else "")
