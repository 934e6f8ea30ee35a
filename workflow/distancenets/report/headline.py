"""The verdicts in a sentence or two, from the rulings on all claims."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from distancenets.claims.sides import Side
from distancenets.claims.verdicts import Verdict
from distancenets.words import listed


def sentence(rulings: Sequence[Mapping[str, Any]]) -> str:
    """Return how many claims have each verdict, and what the next look at the undetermined claims needs.

    Parameters
    ----------
    rulings
        The rulings on one experiment, as in `claims.json`.
    """
    found = Counter(str(entry["verdict"]) for entry in rulings)
    told = [f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict]]
    lacks = _lacks([entry for entry in rulings if entry["verdict"] == Verdict.UNDETERMINED])
    if found[Verdict.UNDETERMINED] == len(rulings):
        return f"This study decides none of the paper's {len(rulings)} claims.{_needs(lacks)}"
    verb = "is" if told[0].startswith("1 ") else "are"
    return f"Of the paper's {len(rulings)} claims, {_listed(told, verb)}.{_needs(lacks)}"


def counted(rulings: Sequence[Mapping[str, Any]]) -> str:
    """Return how many claims have each verdict, such as "3 supported, 1 mixed, 10 undetermined"."""
    found = Counter(str(entry["verdict"]) for entry in rulings)
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict])


def answer(sides: Sequence[Side]) -> str:
    """Return one sentence of verdicts per side; for a single side, also what the next look needs."""
    return sentence(sides[0].rulings) if len(sides) == 1 else " ".join(map(_under, sides))


def _under(side: Side) -> str:
    """Return the verdicts under the protocol of a side; decided claims are named."""
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
    return f"Under the {side.label}, {_listed(told, verb, f' of {len(side.rulings)} claims')}."


def _listed(told: Sequence[str], verb: str, of: str = "") -> str:
    first, _, verdict = told[0].partition(" ")
    parts = [f"{first}{of} {verb} {verdict}", *told[1:]]
    return listed(parts)


def _lacks(undetermined: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{max(known):,} {unit}"
        for key, unit in (("epochs_needed", "epochs"), ("seeds_needed", "seeds"))
        if (known := [entry[key] for entry in undetermined if entry[key]])
    ]


def _needs(lacks: Sequence[str]) -> str:
    return f" The next look at the undetermined claims needs up to {' and '.join(lacks)}." if lacks else ""
