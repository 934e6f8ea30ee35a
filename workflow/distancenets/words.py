"""Counts in words, as tables, figures and verdicts share them."""

from collections.abc import Iterable


def span(counts: Iterable[int]) -> str:
    """Return the lowest and the highest of `counts`, such as "1–2"; one number where they are the same, 0 of none."""
    seen = sorted(counts) or [0]
    return "–".join(str(count) for count in dict.fromkeys((seen[0], seen[-1])))


def seeds_text(counts: Iterable[int]) -> str:
    """Return the numbers of seeds behind what is shown, such as "10 seeds" or "1–2 seeds"."""
    found = span(counts)
    return f"{found} seed{'s' * (found != '1')}"
