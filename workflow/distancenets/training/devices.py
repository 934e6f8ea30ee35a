"""Devices: which one a job may use."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from distancenets.errors import UserError
from distancenets.training.gpus import visible_gpus
from distancenets.training.leases import lease, lease_folder
from distancenets.training.schedulers import allocation


@contextmanager
def claimed_device(request: str, gpus: int | None = None) -> Iterator[torch.device]:
    """Yield the device that `request` names, held for as long as the block runs.

    `auto` is a free GPU where there is one and `gpus`, the number the job may use, is not 0; else the CPU.
    Under a cluster's scheduler it is one of those that the scheduler gave.

    Raises
    ------
    UserError
        The device is not there.
    """
    if request != "auto":
        yield _named(request)
    elif gpus == 0 or not torch.cuda.is_available():
        yield torch.device("cpu")
    else:
        # Without names of their own, devices go by their number.
        names = visible_gpus() or [str(index) for index in range(torch.cuda.device_count())]
        given = allocation()
        # Two allocations of a machine may use one number for two devices, so each has leases of its own.
        with lease(names, lease_folder(f"{given['scheduler']}-{given['job']}" if given else "")) as name:
            yield torch.device("cuda", names.index(name))


def check_device(request: str) -> None:
    """Raise a `UserError` where `request` names a device that is not there."""
    if request != "auto":
        _named(request)


def _named(request: str) -> torch.device:
    try:
        device = torch.device(request)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise UserError(f"--device {request}: not there (this machine has: {', '.join(there)})") from error
    return device
