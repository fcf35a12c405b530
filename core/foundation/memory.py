"""The memory that one of several processes may take."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

# The rest is for what else the process and the machine do.
_SHARE = 0.8
_CONTAINER = Path("/sys/fs/cgroup")
_processes = 1


def share_memory(processes: int) -> None:
    """Divide the memory among a number of processes, from now on and for this one."""
    global _processes
    _processes = max(1, processes)


def memory_share() -> int:
    """Return the bytes of memory that this process may take now.

    It is 80 % of what is free on the machine, in its container and below the limit of the process,
    divided by the number of processes that work at the same time.

    Examples
    --------
    >>> from core.foundation import memory_share
    >>> memory_share() > 0
    True
    """
    free = [psutil.virtual_memory().available // _processes, *_below_limit()]
    container = _free_in_container()
    if container is not None:
        free.append(container // _processes)
    return max(0, int(_SHARE * min(free)))


def _below_limit() -> list[int]:
    """Return what the limit of the address space leaves to this process, if it has one."""
    if sys.platform != "linux":  # psutil knows limits of no other system that is in use here
        return []
    process = psutil.Process()
    limit = process.rlimit(psutil.RLIMIT_AS)[0]
    return [] if limit == psutil.RLIM_INFINITY else [limit - process.memory_info().vms]


def _free_in_container() -> int | None:
    """Return what a container with a limit has left, None without one."""
    try:
        limit, used = ((_CONTAINER / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return None if limit == "max" else int(limit) - int(used)
    except (OSError, ValueError):
        return None
