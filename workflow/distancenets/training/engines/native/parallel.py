"""A compiled function's work, shared out among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from distancenets.training.engines.native.bindings import call


def parallel_for(count: int, threads: int, work: Callable[[int, int, int], None]) -> None:
    """Call `work` with a thread's number and a range first..last for ranges that make up 0..`count`, one a thread."""
    if threads == 1:
        work(0, 0, count)
        return
    ends = [count * part // threads for part in range(threads + 1)]
    list(_pool(threads).map(work, range(threads), ends[:-1], ends[1:]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, initializer=lambda: call("plain_arithmetic"))
