"""The verdict in one sentence, from the rulings on all claims."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from distancenets.claims.verdicts import Verdict
from distancenets.report.sides import Side
from distancenets.words import listed


def sentence(rulings: Sequence[Mapping[str, Any]]) -> str:
    """Return how many claims have which verdict, and what the next looks at the undetermined ones need.

    Parameters
    ----------
    rulings
        Those on one experiment, as `claims.json` holds them.
    """
    found = Counter(str(entry["verdict"]) for entry in rulings)
    told = [f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict]]
    lacks = _lacks([entry for entry in rulings if entry["verdict"] == Verdict.UNDETERMINED])
    if found[Verdict.UNDETERMINED] == len(rulings):
        return f"This study cannot tell any of the paper's {len(rulings)} claims{_needs(lacks)}."
    verb = "is" if told[0].startswith("1 ") else "are"
    return f"Of the paper's {len(rulings)} claims, {_listed(told, verb)}{_needs(lacks)}."


def counted(rulings: Sequence[Mapping[str, Any]]) -> str:
    """Return how many claims have which verdict, such as "3 supported, 1 mixed, 10 undetermined"."""
    found = Counter(str(entry["verdict"]) for entry in rulings)
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict])


def answer(sides: Sequence[Side]) -> str:
    """Return the verdicts in a sentence for each side; of one side alone, also what the next looks need."""
    return sentence(sides[0].rulings) if len(sides) == 1 else " ".join(map(_under, sides))


def _under(side: Side) -> str:
    """Return which claims have which verdict under the protocol of a side, the decided ones by name."""
    names: dict[str, list[str]] = {}
    for entry in side.rulings:
        names.setdefault(str(entry["verdict"]), []).append(str(entry["name"]))
    told = [
        f"{len(names[verdict])} {verdict}"
        + ("" if verdict == Verdict.UNDETERMINED else f" ({', '.join(names[verdict])})")
        for verdict in Verdict
        if verdict in names
    ]
    if list(names) == [Verdict.UNDETERMINED]:
        return f"Under the {side.label}, all {len(side.rulings)} claims are undetermined."
    verb = "is" if told[0].startswith("1 ") else "are"
    return f"Under the {side.label}, of {len(side.rulings)} claims {_listed(told, verb)}."


def _listed(told: Sequence[str], verb: str) -> str:
    first, _, verdict = told[0].partition(" ")
    parts = [f"{first} {verb} {verdict}", *told[1:]]
    return listed(parts)


def _lacks(undetermined: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{max(known):,} {unit}"
        for key, unit in (("epochs_needed", "epochs"), ("seeds_needed", "seeds"))
        if (known := [entry[key] for entry in undetermined if entry[key]])
    ]


def _needs(lacks: Sequence[str]) -> str:
    return f"; the next looks need up to {' and '.join(lacks)}" if lacks else ""
