"""The GPUs that this process may use, without importing torch."""

import os
import re
from itertools import takewhile
from pathlib import Path

DEVICES = Path("/dev")
UUID = re.compile("(GPU|MIG)-[0-9A-Za-z/-]+")


def visible_gpus() -> list[str]:
    """Return CUDA's names of the visible NVIDIA GPUs: the valid ones in CUDA_VISIBLE_DEVICES, or all if it is unset."""
    count = len(list(DEVICES.glob("nvidia[0-9]*")))
    there = [str(index) for index in range(count)]
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None or count == 0:
        return there
    names = [name.strip() for name in chosen.split(",")]
    # Like CUDA, ignore all names from the first invalid one on: "-1", "NoDevFiles", a number too high.
    return list(takewhile(lambda name: name in there or UUID.fullmatch(name) is not None, names))
