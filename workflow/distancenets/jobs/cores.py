"""The cores that this process may keep busy."""

import math
from collections.abc import Iterator
from pathlib import Path

from joblib import cpu_count

# Where the system says which control group this process is in, and where it keeps their limits.
MEMBERSHIP, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return on how many cores this process may keep busy, by its affinity and by the CPU quota of its control groups.

    A quota of one and a half cores counts as two.
    """
    # joblib reads the affinity and a container's quota, not the quota of a group below the root.
    cores: int = min([cpu_count(), *map(math.ceil, _quotas())])
    return max(1, cores)


def _quotas() -> Iterator[float]:
    """Yield the quota in cores of every control group (version 2) that this process is in, from its own to the root."""
    lines = MEMBERSHIP.read_text().splitlines() if MEMBERSHIP.exists() else []
    for line in lines:
        if line.startswith("0::/"):
            group = GROUPS / line.removeprefix("0::/")
            for folder in (group, *group.parents):
                file = folder / "cpu.max"
                quota, _, period = file.read_text().partition(" ") if file.is_file() else ("max", "", "")
                if quota.isdecimal():
                    yield int(quota) / int(period)
