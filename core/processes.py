"""Ending child processes together with the children that they started."""

from __future__ import annotations

from contextlib import suppress

import psutil


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
