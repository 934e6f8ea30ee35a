"""Memory: how many images are in flight at a time."""

import torch

from distancenets.configuration.study import TrainingSettings
from distancenets.training.engines.registry import PIXEL_ENGINES

# Bytes a hidden node and image of a chunk: pre-activation, feature, the gradient of each, what OffsetL2 squares, and
# both half-precision parts of a gradient, 4 bytes each, and as much again for what a library needs in between.
BYTES = 4 * 8
CPU_ROWS = 2000


def rows_in_flight(settings: TrainingSettings, device: torch.device, engine: str, units: int) -> int:
    """Return the images of a chunk for a pack with `units` hidden nodes, over all its seeds.

    On the CPU it is fixed, so that no result depends on the machine's memory; on another device as many as fit
    into the memory that is set, unless the engine does better with fewer.
    """
    if device.type == "cpu":
        return CPU_ROWS
    fitting = max(1, settings.gpu_memory_mib * 2**20 // (BYTES * units))
    return min(fitting, PIXEL_ENGINES[engine].rows or fitting)
