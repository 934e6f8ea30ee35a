"""Plans in words, and as the commands that carry them out."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from distancenets.claims.planning import Batch, Target
from distancenets.claims.prospects import chances
from distancenets.configuration.study import Run, Study, seed_ranges
from distancenets.models.registry import find_model
from distancenets.runs.costs import Costs

Group = tuple[str, str, str, int]


def as_text(
    found: Sequence[Target], steps: Sequence[Batch], costs: Costs, study: Study, hours: float, cores: int
) -> str:
    """Return what each open claim lacks, then the runs to train within `hours` on `cores`."""
    where = (
        f"on {costs.processor}" if costs.processor else "on other kinds of processors; none was trained on this kind"
    )
    lines = ["Next looks at open claims:"]
    reachable = [target for target in found if target.reachable]
    for name, looks in groupby(reachable, _name):
        lines += [f"- {name}", *(f"  - {_target(target, costs)}" for target in looks)]
    lines += [] if reachable else ["- none"]
    beyond = len({id(target.ruling) for target in found if not target.reachable})
    lines += [f"- {beyond} more lack models or epochs that their experiment does not train"] if beyond else []
    lines += [
        "",
        f"Train next, in {hours:g} h on {cores} core{'s' * (cores > 1)} (times of {costs.runs} runs {where}):",
    ]
    lines += [f"{place}. {_batch(step)}" for place, step in enumerate(steps, 1)] or ["nothing"]
    most = max((run.seed + 1 for step in steps for run in step.runs), default=0)
    lines += [f"The study has {study.seeds} seeds: set `seeds: {most}` first."] if most > study.seeds else []
    return "\n".join(lines)


def as_commands(steps: Sequence[Batch], study: Study, file: Path) -> Iterator[str]:
    """Yield one command per model and batch, in order; each run of a batch is trained once, for its longest epochs."""
    for step in steps:
        for (experiment, architecture, representation, epochs), seeds in _groups(step.runs).items():
            shorter = "" if epochs == study.experiments[experiment].epochs else f" --epochs {epochs}"
            yield (
                f"distancenets train --study {file} --experiment {experiment} --architecture {architecture}"
                f" --representation {representation} --seeds {seed_ranges(seeds)}{shorter}"
            )


def _target(target: Target, costs: Costs) -> str:
    hours = sum(costs.of(run, epochs) for run, epochs in target.lacking.items()) / 3600
    lacks = f"lacks {len(target.lacking)} runs, {hours:.1f} core hours" if target.lacking else "lacks measurements only"
    return f"at {target.seeds} seeds: {_chance(target)}; {lacks}"


def _chance(target: Target) -> str:
    if target.chance is None:
        return "unknown probability of a decision"
    ahead = next(each for each in target.ruling.prospects if each.seeds == target.seeds)
    if not ahead.decidable:
        return "cannot be decided at this margin"
    return f"decides with probability {chances(ahead)}"


def _name(target: Target) -> str:
    return f"{target.ruling.claim.id}. {target.ruling.claim.name} ({target.ruling.experiment})"


def _batch(step: Batch) -> str:
    trained = "; ".join(_group(group, seeds) for group, seeds in _groups(step.runs).items())
    looks = ", ".join(f"{_name(target)} at {target.seeds} seeds" for target in step.serves)
    serves = "for" if step.completes else "a part of the runs for"
    return f"{len(step.runs)} runs, {step.seconds / 3600:.1f} core hours, {serves} {looks}: {trained}"


def _group(group: Group, seeds: Sequence[int]) -> str:
    experiment, architecture, representation, epochs = group
    name = find_model(architecture, representation).paper_name
    return f"{name} seeds {seed_ranges(seeds)} ({experiment}, {epochs:,} epochs)"


def _groups(runs: Mapping[Run, int]) -> dict[Group, list[int]]:
    groups: dict[Group, list[int]] = {}
    for run, epochs in sorted(runs.items()):
        groups.setdefault((*run[:3], epochs), []).append(run.seed)
    return groups
