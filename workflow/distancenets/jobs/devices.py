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
    """Yield the device that `request` names. `auto` picks a free GPU and leases it while the block runs.

    `auto` picks the CPU if CUDA is unavailable or `gpus`, the number that the job may use, is 0. Under a cluster's
    scheduler it picks an allocated GPU. `say` receives one line if all GPUs are leased.

    Raises
    ------
    UserError
        The device is not available.
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
    """Return a name per device that is equal in all processes, unlike its index under CUDA_VISIBLE_DEVICES."""
    visible = visible_gpus()
    return [
        # All MIG parts of a GPU report the GPU's own UUID.
        visible[index]
        if index < len(visible) and visible[index].startswith("MIG-")
        else str(torch.cuda.get_device_properties(index).uuid)
        for index in range(torch.cuda.device_count())
    ]


def check_device(request: str) -> None:
    """Raise a `UserError` if `request` names a device that is not available."""
    if request != "auto":
        _named(request)


def _named(request: str) -> torch.device:
    try:
        device = torch.device(request)
        # Read the value back: the device "meta" accepts values but stores none.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise UserError(f"--device {request}: no such device; use auto or one of: {', '.join(there)}") from error
    return device
