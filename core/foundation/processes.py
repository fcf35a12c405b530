"""Processes: how many may work at once, and ending them together with the children that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[2]
# Kept, so that they do not stay as zombies once they have ended.
CHILDREN: list[subprocess.Popen[bytes]] = []


def processors() -> int:
    """Return how many processors this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a process may be held to some of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_child(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command of this program that outlives us; what it says goes behind what is in the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "core", *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    CHILDREN.append(child)
    return child


def collect_children() -> None:
    """Let go of the children that have ended."""
    CHILDREN[:] = [child for child in CHILDREN if child.poll() is None]


def end_family(pid: int, *, seconds: float = 5.0) -> None:
    """End a process and all below it.

    Parameters
    ----------
    pid : int
        The eldest. It is asked first and alone, so that it can end its children in order and does
        not take their end for a fault of the specimen in their hands.
    seconds : float
        How long they have before whatever is left is killed.
    """
    with suppress(psutil.Error):
        eldest = psutil.Process(pid)
        family = [eldest, *eldest.children(recursive=True)]
        eldest.terminate()
        alive = psutil.wait_procs(family, timeout=seconds)[1]
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=seconds)


def kill_group(pid: int) -> None:
    """Kill a process that was started in a session of its own, and at once whatever it started.

    Where there are no process groups (Windows), those that are still its children are killed.
    """
    with suppress(ProcessLookupError, PermissionError, psutil.Error):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
            return
        eldest = psutil.Process(pid)
        for process in (*eldest.children(recursive=True), eldest):
            with suppress(psutil.Error):
                process.kill()
