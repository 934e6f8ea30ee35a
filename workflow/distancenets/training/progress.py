"""Progress: a bar on a terminal, a plain line every `LINE_SECONDS` in a log."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from distancenets.training.batches import Score

LINE_SECONDS = 10.0
RATE_SECONDS = 60.0

# Receives an epoch and the train score at it.
Display = Callable[[int, Score], None]


@contextmanager
def display(label: str, start: int, epochs: int, console: Console) -> Iterator[Display]:
    """Yield a display that shows epochs/s, time left, and the mean train loss and accuracy over the seeds."""
    rate = _Rate(start)
    if console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task(label, total=epochs, completed=start, numbers="")
            yield lambda epoch, score: bar.update(task, completed=epoch, numbers=_numbers(rate(epoch), score))
        return

    last = -LINE_SECONDS

    def line(epoch: int, score: Score) -> None:
        nonlocal last
        now = time.perf_counter()
        if epoch == epochs or now - last >= LINE_SECONDS:
            last = now
            pace = rate(epoch)
            left = f"{(epochs - epoch) / pace:.0f} s left" if pace > 0 else "started"
            text = f"{label}: epoch {epoch}/{epochs}, {_numbers(pace, score)}, {left}"
            console.print(text, soft_wrap=True, highlight=False)

    yield line


class _Rate:
    """Epochs per second over the last minute: after a pause, a mean since the start would long be wrong."""

    def __init__(self, start: int) -> None:
        self._marks = deque([(time.perf_counter(), start)])

    def __call__(self, epoch: int) -> float:
        now = time.perf_counter()
        while len(self._marks) > 1 and now - self._marks[1][0] >= RATE_SECONDS:
            self._marks.popleft()
        then, before = self._marks[0]
        if now - self._marks[-1][0] >= 1:
            self._marks.append((now, epoch))
        return (epoch - before) / max(now - then, 1e-9)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[numbers]}", markup=False),
        TimeRemainingColumn(),
        console=console,
    )


def _numbers(rate: float, score: Score) -> str:
    return f"{rate:.2f} epochs/s, loss {score.loss.mean():.4g}, accuracy {score.accuracy.mean():.2f} %"
