"""The division of a compiled function's work among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from distancenets.training.engines.native.bindings import call


def parallel_for(count: int, threads: int, work: Callable[[int, int, int], None]) -> None:
    """Call `work` once per thread, with the thread's number and its part first..last of the range 0..`count`."""
    if threads == 1:
        work(0, 0, count)
        return
    ends = [count * part // threads for part in range(threads + 1)]
    list(_pool(threads).map(work, range(threads), ends[:-1], ends[1:]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, initializer=lambda: call("plain_arithmetic"))
