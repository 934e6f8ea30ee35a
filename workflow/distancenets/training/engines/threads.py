"""A compiled function's work, shared out among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch


def share(count: int, work: Callable[[int, int], None]) -> None:
    """Call `work` for ranges first..last that make up 0..`count`, one for each of PyTorch's threads."""
    threads = torch.get_num_threads()
    if threads == 1:
        work(0, count)
        return
    ends = [count * part // threads for part in range(threads + 1)]
    list(_pool(threads).map(work, ends[:-1], ends[1:]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
