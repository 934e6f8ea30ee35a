"""Counts in words, for tables, figures and verdicts."""

from collections.abc import Iterable, Sequence


def span(counts: Iterable[int]) -> str:
    """Return the lowest and the highest of `counts`, such as "1–2"; one number if they are equal, 0 without any."""
    seen = sorted(counts) or [0]
    return "–".join(str(count) for count in dict.fromkeys((seen[0], seen[-1])))


def seeds_text(counts: Iterable[int]) -> str:
    """Return the number of seeds in words, such as "10 seeds" or "1–2 seeds"."""
    found = span(counts)
    return f"{found} seed{'s' * (found != '1')}"


def epochs_text(epochs: Iterable[int]) -> str:
    """Return the epochs of a measurement in words, such as "5,000 and 50,000 epochs"."""
    return f"{listed([f'{epoch:,}' for epoch in sorted(set(epochs))])} epochs"


def listed(parts: Sequence[str]) -> str:
    """Return `parts` as an enumeration: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def plus_minus(mean: float, sd: float) -> str:
    """Return a mean and its SD as the paper prints them, such as 90.00 ± 0.10."""
    return f"{mean:.2f} ± {sd:.2f}"
