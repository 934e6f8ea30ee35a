"""The table of runs: one row per run and milestone, as training writes it."""

from pathlib import Path

import pandas as pd

from distancenets.derived import read_derived
from distancenets.errors import UserError

KEY = ["experiment", "epoch", "model", "seed"]
COLUMNS = [*KEY, "test_accuracy"]


def read_runs(path: Path) -> pd.DataFrame:
    """Return experiment, epoch, model, seed and test accuracy (percent) of every run in a table, sorted.

    Raises
    ------
    UserError
        The file is not such a table, is empty, contains a run twice, or has an accuracy outside 0..100.
    """
    runs = read_derived(path, COLUMNS, dtype={"experiment": str, "model": str})
    if runs.empty:
        raise UserError(f"{path}: contains no runs")
    try:
        return checked(runs)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def checked(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the required columns, sorted; a `UserError` names the first invalid row."""
    runs = runs[COLUMNS].copy()
    for column in ("epoch", "seed"):
        numbers = pd.to_numeric(runs[column], errors="coerce")
        _refuse(runs, column, ~(numbers % 1 == 0), "a whole number")
        runs[column] = numbers.astype("int64")
    for column in ("experiment", "model"):
        _refuse(runs, column, runs[column].isna(), "a name")
    accuracies = pd.to_numeric(runs["test_accuracy"], errors="coerce").astype("float64")
    _refuse(runs, "test_accuracy", ~accuracies.between(0, 100), "a percentage from 0 to 100")
    runs["test_accuracy"] = accuracies
    twice = runs[runs.duplicated(KEY)]
    if not twice.empty:
        first = ", ".join(f"{column} {twice.iloc[0][column]}" for column in KEY)
        raise UserError(f"contains a run twice: {first}")
    return runs.sort_values(KEY, ignore_index=True)


def _refuse(runs: pd.DataFrame, column: str, wrong: "pd.Series[bool]", expected: str) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise UserError(f"row {row + 1}: {column} is not {expected} (given: {runs[column].iloc[row]!s})")
