"""Leases: they keep two jobs on one machine from using the same device. Nothing here imports torch."""

import errno
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from distancenets.files import sha256


@contextmanager
def lease(
    names: Sequence[str], allocation: str = "", say: Callable[[str], None] = print, poll_seconds: float = 1.0
) -> Iterator[str]:
    """Yield one of the device `names` that no other process has leased. Wait until one is free.

    The lease is a Unix socket's address in Linux's abstract namespace. It ends with its process, however that dies.
    A lock file could be in another place, belong to another user or be removed.

    Parameters
    ----------
    names
        Device names that are equal in every process of the machine, such as UUIDs.
    allocation
        The scheduler's job that the devices belong to. Leases of one job do not block another.
    say
        Receives one line if the job has to wait.
    """
    waited = False
    while True:
        for name in names:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as holder:
                if _is_bound(holder, f"{allocation} {name}"):
                    yield name
                    return
        if not waited:
            say(f"Waiting for a GPU: other jobs use {', '.join(names)}")
            waited = True
        time.sleep(poll_seconds)


def _is_bound(holder: socket.socket, text: str) -> bool:
    """Bind `holder` to an address derived from `text`. Return False if another socket has it."""
    try:
        # Use a digest: an address has at most 107 bytes, and a name may contain anything.
        holder.bind(f"\0distancenets-{sha256(text.encode())}")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
