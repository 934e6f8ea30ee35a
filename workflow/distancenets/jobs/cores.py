"""The cores that this process may keep busy."""

import math
from collections.abc import Iterator
from pathlib import Path

from joblib import cpu_count

# Linux lists this process's control groups in the file and keeps their limits in the folder.
MEMBERSHIP, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return how many cores this process may use, limited by its affinity and its control groups' CPU quotas.

    A quota of 1.5 cores counts as two.
    """
    # joblib reads the affinity and a container's quota, not the quota of a group below the root.
    cores: int = min([cpu_count(), *map(math.ceil, _quotas())])
    return max(1, cores)


def _quotas() -> Iterator[float]:
    """Yield the CPU quota in cores of each control group (version 2) of this process, from its own up to the root."""
    lines = MEMBERSHIP.read_text().splitlines() if MEMBERSHIP.exists() else []
    for line in lines:
        if line.startswith("0::/"):
            group = GROUPS / line.removeprefix("0::/")
            for folder in (group, *group.parents):
                file = folder / "cpu.max"
                quota, _, period = file.read_text().partition(" ") if file.is_file() else ("max", "", "")
                if quota.isdecimal():
                    yield int(quota) / int(period)
