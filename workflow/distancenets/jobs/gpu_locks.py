"""Leases: what keeps two jobs of one machine off the same device. Nothing here imports torch."""

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
    """Yield one of the device `names` that no other process holds, waiting until there is one.

    The lease is a Unix socket's address in Linux's abstract namespace. It needs no file, which could be elsewhere,
    another user's or removed, and it ends with its process, however that dies.

    Parameters
    ----------
    names
        Names that a device has in every process of the machine, such as UUIDs.
    allocation
        The scheduler's job that gave the devices: leases of one do not hold for another.
    say
        Takes a line if the job has to wait.
    """
    waited = False
    while True:
        for name in names:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as holder:
                if _is_bound(holder, f"{allocation} {name}"):
                    yield name
                    return
        if not waited:
            say(f"Waiting for a GPU: other jobs hold {', '.join(names)}")
            waited = True
        time.sleep(poll_seconds)


def _is_bound(holder: socket.socket, text: str) -> bool:
    """Bind `holder` to the address that stands for `text`, unless another socket has it."""
    try:
        # A digest: an address has 107 bytes at most, and a name may hold anything.
        holder.bind(f"\0distancenets-{sha256(text.encode())}")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
