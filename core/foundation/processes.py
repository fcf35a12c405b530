"""Processors, child processes, and the end of process trees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

# The folder that holds `core`; `python -m core` works from here.
PROJECT = Path(__file__).resolve().parents[2]
# References to running children, so that `reap_children` can collect the exit status of each.
CHILDREN: list[subprocess.Popen[bytes]] = []


def processors() -> int:
    """Return the number of processors this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a process may be limited to some of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_child(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start `python -m core` in a child process that outlives this one.

    Parameters
    ----------
    command : sequence of str
        A command and its flags.
    log : Path
        Output and errors are appended to this file; its folder is made if missing.
    """
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


def reap_children() -> None:
    """Collect the exit status of ended children, so that none stays a zombie."""
    CHILDREN[:] = [child for child in CHILDREN if child.poll() is None]


def end_process_tree(pid: int, *, seconds: float = 5.0) -> None:
    """Terminate a process and kill those of its descendants that remain.

    Parameters
    ----------
    pid : int
        The root of the tree. Only this process is asked to terminate, so that it can end its
        children in order and does not report their end as the fault of a specimen.
    seconds : float
        Time until the remaining processes are killed.
    """
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
        root.terminate()
        alive = psutil.wait_procs(tree, timeout=seconds)[1]
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=seconds)


def kill_process_group(pid: int) -> None:
    """Kill a process that leads its own session, together with all that it started.

    On a system without process groups (Windows), the process and its present descendants are
    killed.
    """
    with suppress(ProcessLookupError, PermissionError, psutil.Error):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
            return
        root = psutil.Process(pid)
        for process in (*root.children(recursive=True), root):
            with suppress(psutil.Error):
                process.kill()
