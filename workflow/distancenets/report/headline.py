"""The verdict in one sentence, from the rulings on all claims."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from distancenets.claims.verdicts import Verdict
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
