"""Devices: which one a job may use, and the lease that keeps two jobs of one machine off the same GPU."""

import fcntl
import getpass
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from distancenets.errors import UserError
from distancenets.training.gpus import visible_gpus

# Set by schedulers that have given the job its devices already.
SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "KUBERNETES_SERVICE_HOST")


def lease_folder() -> Path:
    """Return the folder of this user's leases on this machine."""
    return Path(tempfile.gettempdir()) / f"distancenets-leases-{getpass.getuser()}"


@contextmanager
def claimed_device(request: str, gpus: int | None = None) -> Iterator[torch.device]:
    """Yield the device that `request` names, held for as long as the block runs.

    `auto` is a free GPU where there is one and `gpus`, the number the job may use, is not 0; else the CPU.
    Under a cluster's scheduler the scheduler's choice is taken as it is.

    Raises
    ------
    UserError
        The device is not there.
    """
    if request != "auto":
        yield _named(request)
    elif gpus == 0 or not torch.cuda.is_available():
        yield torch.device("cpu")
    elif any(name in os.environ for name in SCHEDULERS):
        yield torch.device("cuda:0")
    else:
        # Without names of their own, devices go by their number.
        names = visible_gpus() or [str(index) for index in range(torch.cuda.device_count())]
        with lease(names, lease_folder()) as name:
            yield torch.device("cuda", names.index(name))


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


def _named(request: str) -> torch.device:
    try:
        device = torch.device(request)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise UserError(f"--device {request}: not there (this machine has: {', '.join(there)})") from error
    return device
