"""Planning: which runs to train next, so that the next looks at open claims decide as much as possible per hour."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from distancenets.claims.judgement import ClaimResult
from distancenets.claims.prospects import Prospect
from distancenets.configuration.study import Run, Study

# Only for ordering: the chance of a look whose prospect is unknown.
UNKNOWN = 0.5

Cost = Callable[[Run, int], float]


class Target(NamedTuple):
    """A look at an open claim: the runs that it lacks with their epochs, and the chance that it decides.

    `seeds` is the look's number of seeds. `chance` is None if it is unknown. `reachable` is False if the experiment
    does not train the models or epochs that the claim needs.
    """

    ruling: ClaimResult
    seeds: int
    lacking: Mapping[Run, int]
    chance: float | None
    reachable: bool

    @property
    def gain(self) -> float:
        """The chance that this look decides, or `UNKNOWN`."""
        return UNKNOWN if self.chance is None else self.chance


class Batch(NamedTuple):
    """Runs to train with their epochs, their time in seconds of one core, and the looks that they serve.

    `completes` is False if only a part of the missing runs of these looks fits the budget.
    """

    runs: Mapping[Run, int]
    seconds: float
    serves: Sequence[Target]
    completes: bool


def targets(rulings: Iterable[ClaimResult], study: Study, runs: pd.DataFrame) -> list[Target]:
    """Return the next looks at every undetermined claim, in order; only the first if its prospects are unknown.

    Parameters
    ----------
    runs
        Trained runs: experiment, epoch, model (the paper's name) and seed.
    """
    trained = set(runs[["experiment", "epoch", "model", "seed"]].itertuples(index=False, name=None))
    found = []
    for ruling in rulings:
        ahead: Sequence[Prospect | None] = ruling.prospects or [None]
        looks = zip(ruling.wanted, ahead, strict=False)
        found += [_target(ruling, wanted, prospect, study, trained) for wanted, prospect in looks if wanted]
    return found


def batches(found: Sequence[Target], cost: Cost, budget: float) -> list[Batch]:
    """Return the batches to train within `budget` seconds of one core, the cheapest decision first.

    Each step takes the look with the highest chance of decisions per second, given the runs chosen before. A run that
    serves several claims is paid once, and the chances of all looks that a step completes count. The rest of the budget
    trains a part of the best look's runs, lowest seeds first.
    """
    chosen: dict[Run, int] = {}
    left = [target for target in found if target.reachable and target.lacking and target.gain > 0]
    steps = []
    while left:
        best = max(left, key=lambda target: _worth(target, left, chosen, cost))
        fitting = [target for target in left if _price(target.lacking, chosen, cost) <= budget]
        step = max(fitting, key=lambda target: _worth(target, left, chosen, cost), default=None)
        runs = dict(step.lacking) if step else _affordable(best.lacking, chosen, cost, budget)
        added = {run: epochs for run, epochs in runs.items() if epochs > chosen.get(run, 0)}
        seconds = _price(added, chosen, cost)
        served = _completed(left, chosen | added) if step else [best]
        if added:
            steps.append(Batch(added, seconds, served, step is not None))
        if step is None:
            break
        chosen |= added
        budget -= seconds
        left = [target for target in left if all(target.ruling is not done.ruling for done in served)]
    return steps


def _target(
    ruling: ClaimResult,
    wanted: Mapping[str, int],
    ahead: Prospect | None,
    study: Study,
    trained: set[tuple[str, int, str, int]],
) -> Target:
    axes = {model.paper_name: model for model in study.models(ruling.experiment)}
    settings = study.experiments[ruling.experiment]
    reachable = set(wanted) <= set(axes) and (ruling.epochs_needed or 0) <= settings.epochs
    lacking = {
        Run(ruling.experiment, axes[name].architecture, axes[name].representation.name, seed): ruling.epochs
        for name, seeds in wanted.items()
        if name in axes
        for seed in range(seeds)
        if (ruling.experiment, ruling.epochs, name, seed) not in trained
    }
    chance = ahead.expected.decides if ahead else None
    return Target(ruling, max(wanted.values()), lacking, chance, reachable)


def _price(runs: Mapping[Run, int], chosen: Mapping[Run, int], cost: Cost) -> float:
    """Return the seconds that `runs` take beyond those `chosen`; a longer run continues the chosen one."""
    return sum(cost(run, max(epochs - chosen.get(run, 0), 0)) for run, epochs in runs.items())


def _worth(target: Target, left: Sequence[Target], chosen: Mapping[Run, int], cost: Cost) -> float:
    """Return the chances of the looks that the runs of `target` complete, one per claim, summed, per second."""
    price = _price(target.lacking, chosen, cost)
    best: dict[int, float] = {}
    for other in _completed(left, _longest(chosen, target.lacking)):
        best[id(other.ruling)] = max(other.gain, best.get(id(other.ruling), 0.0))
    gain = sum(best.values())
    return gain / price if price else float("inf")


def _completed(left: Sequence[Target], runs: Mapping[Run, int]) -> list[Target]:
    return [target for target in left if all(runs.get(run, 0) >= epochs for run, epochs in target.lacking.items())]


def _longest(chosen: Mapping[Run, int], runs: Mapping[Run, int]) -> dict[Run, int]:
    return {**chosen, **{run: max(epochs, chosen.get(run, 0)) for run, epochs in runs.items()}}


def _affordable(lacking: Mapping[Run, int], chosen: Mapping[Run, int], cost: Cost, budget: float) -> dict[Run, int]:
    """Return the first of the `lacking` runs, by seed, that fit the budget."""
    runs: dict[Run, int] = {}
    for run in sorted(lacking, key=lambda run: run.seed):
        price = _price({run: lacking[run]}, chosen, cost)
        if price > budget:
            break
        runs[run] = lacking[run]
        budget -= price
    return runs
