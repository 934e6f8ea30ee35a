"""Devices: which one a job may use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from distancenets.errors import UserError
from distancenets.jobs.gpu_locks import lease
from distancenets.jobs.gpus import visible_gpus
from distancenets.jobs.schedulers import allocation


@contextmanager
def claimed_device(request: str, gpus: int | None = None, say: Callable[[str], None] = print) -> Iterator[torch.device]:
    """Yield the device that `request` names, held for as long as the block runs.

    `auto` is a free GPU where there is one and `gpus`, the number the job may use, is not 0; else the CPU.
    Under a cluster's scheduler it is one of those that the scheduler gave. `say` takes a line if all are held.

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
        names, given = _names(), allocation()
        # A scheduler may give one device to two allocations on purpose, so each has leases of its own.
        with lease(names, f"{given['scheduler']}-{given['job']}" if given else "", say) as name:
            yield torch.device("cuda", names.index(name))


def _names() -> list[str]:
    """Return a name of each device that all processes share: numbers depend on CUDA_VISIBLE_DEVICES."""
    visible = visible_gpus()
    return [
        # The parts of a divided GPU have its UUID.
        visible[index]
        if index < len(visible) and visible[index].startswith("MIG-")
        else str(torch.cuda.get_device_properties(index).uuid)
        for index in range(torch.cuda.device_count())
    ]


def check_device(request: str) -> None:
    """Raise a `UserError` where `request` names a device that is not there."""
    if request != "auto":
        _named(request)


def _named(request: str) -> torch.device:
    try:
        device = torch.device(request)
        # Read back: the device "meta" takes values and has none.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise UserError(f"--device {request}: not there (this machine has: {', '.join(there)})") from error
    return device
