"""Leases: what keeps two jobs of one machine off the same device. Nothing here imports torch."""

import fcntl
import getpass
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def lease_folder(allocation: str = "") -> Path:
    """Return the folder of this user's leases on this machine, or in an `allocation` that a scheduler gave."""
    return Path(tempfile.gettempdir()) / f"distancenets-leases-{getpass.getuser()}" / allocation


@contextmanager
def lease(names: Sequence[str], folder: Path, poll_seconds: float = 1.0) -> Iterator[str]:
    """Yield one of the device `names` that no other process holds, waiting until there is one.

    The lease is a lock on an open file, so it ends with its process, however that dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for name in names:
            with (folder / f"{name}.lock").open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield name
                return
        time.sleep(poll_seconds)
