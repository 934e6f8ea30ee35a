"""Progress: a bar on a terminal, a plain line now and then in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from distancenets.training.batches import Score

LINE_SECONDS = 10.0

# Told the epoch and the train score at it.
Display = Callable[[int, Score], None]


@contextmanager
def display(label: str, start: int, epochs: int, console: Console) -> Iterator[Display]:
    """Yield a display that shows epochs/s, time left, and the mean train loss and accuracy over the seeds."""
    begun = time.perf_counter()

    def rate(epoch: int) -> float:
        return (epoch - start) / max(time.perf_counter() - begun, 1e-9)

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
            left = f"{(epochs - epoch) / rate(epoch):.0f} s left" if epoch > start else "started"
            text = f"{label}: epoch {epoch}/{epochs}, {_numbers(rate(epoch), score)}, {left}"
            console.print(text, soft_wrap=True, highlight=False)

    yield line


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        console=console,
    )


def _numbers(rate: float, score: Score) -> str:
    return f"{rate:.2f} epochs/s, loss {score.loss.mean():.4g}, accuracy {score.accuracy.mean():.2f} %"
