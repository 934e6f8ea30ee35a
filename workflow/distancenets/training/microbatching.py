"""Memory: how many images are processed at a time."""

import torch

from distancenets.configuration.study import TrainingSettings
from distancenets.training.engines.registry import PIXEL_ENGINES

# Bytes per hidden node and image of a chunk: 4 each for pre-activation, feature, both gradients, OffsetL2's square,
# both half-precision parts of a gradient, and a library's temporary values.
BYTES = 4 * 8
CPU_ROWS = 2000


def rows_in_flight(settings: TrainingSettings, device: torch.device, engine: str, units: int) -> int:
    """Return the number of images per chunk for a pack with `units` hidden nodes over all its seeds.

    On the CPU it is fixed, so that no result depends on the machine's memory. On another device, it is what fits into
    the configured memory, or less if the engine is faster with less.
    """
    if device.type == "cpu":
        return CPU_ROWS
    fitting = max(1, settings.gpu_memory_mib * 2**20 // (BYTES * units))
    return min(fitting, PIXEL_ENGINES[engine].rows or fitting)
