"""Specimens made ready in child processes: read, checked, rendered, a small picture kept.

A file that crashes or hangs its reader takes down one child and itself, nothing else.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from core.foundation import CoreError, RendererError, SpecimenError, WorkspaceError, processors
from core.meshes import Mesh
from core.pipeline.preparation import Failure, Prepared, Task, prepare, views_of_photographs
from core.views import Parcel, ViewSettings, pack_views, render_views, unpack_views
from core.workspace import SpecimenRecord


@dataclass(frozen=True)
class _Sent:
    """A specimen made ready, on its way from the child that made it."""

    record: SpecimenRecord
    parcel: Parcel | None
    views_fingerprint: str
    n_files: int


class Children:
    """Processes that read and render; started before there is work, so that they are ready when it comes.

    Parameters
    ----------
    workers : int
        How many, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # Spawned, not forked: a fork of a process with running threads can hang.
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPool(max_workers=workers, max_tasks=500, context=context)

    def get_ready(self) -> None:
        """Let them load what they need while this process does something else."""
        for _ in range(self.workers):
            self.pool.schedule(_get_ready)

    def close(self) -> None:
        """End them."""
        self.pool.stop()  # type: ignore[no-untyped-call]
        self.pool.join()


def prepare_all(
    tasks: Iterable[Task], workers: int, *, seconds: float = 600.0, children: Children | None = None
) -> Iterator[Prepared | Failure]:
    """Yield every task's specimen in the order of the tasks, made ready by child processes.

    Parameters
    ----------
    tasks : iterable of Task
        Taken only as fast as the results are, so that memory stays bounded.
    workers : int
        Number of child processes; 0 works in this one.
    seconds : float
        After which a specimen that is still not ready is given up.
    children : Children, optional
        Started already; ended here. Where None, `workers` of them are started.
    """
    if workers == 0:
        for task in tasks:
            yield _prepare_here(task)
        return
    children = children or Children(workers)
    # A share is left for the network that works meanwhile.
    threads = max(1, processors() // (workers + 1))
    waiting: deque[tuple[Task, ProcessFuture[_Sent | Failure]]] = deque()
    try:
        for task in tasks:
            waiting.append((task, children.pool.schedule(_prepare_there, args=[task, threads], timeout=seconds)))
            if len(waiting) > 2 * workers:
                yield _result(*waiting.popleft(), seconds)
        while waiting:
            yield _result(*waiting.popleft(), seconds)
    except BrokenProcessPool as error:
        raise RendererError(
            "The processes that read and render cannot be started ({reason}).",
            advice="`python -m core doctor` tells what is missing; --workers 0 works without them.",
            reason=error,
        ) from error
    finally:
        children.close()


def default_workers(*, alone: bool = False) -> int:
    """Return how many children to render with, 1 to 8: one fewer than processors, or all where nothing else works."""
    return max(1, min(8, processors() - (0 if alone else 1)))


def _get_ready() -> None:
    """Load compiled code by drawing the smallest of specimens once."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float64)
    faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], dtype=np.int32)
    render_views(Mesh(corners, faces), ViewSettings(views=1, size=32))


def _prepare_here(task: Task, threads: int = 0) -> Prepared | Failure:
    try:
        return prepare(task, threads)
    except WorkspaceError:
        # A full disk is no fault of this specimen, and the next one would fare no better.
        raise
    except CoreError as error:
        return Failure(task.specimen.specimen_id, "render", error.reason)
    except MemoryError:
        return Failure(task.specimen.specimen_id, "render", "There was not enough memory for it.")


def _prepare_there(task: Task, threads: int) -> _Sent | Failure:
    made = _prepare_here(task, threads)
    if isinstance(made, Failure):
        return made
    parcel = None if task.only_files else pack_views(made.views)
    return _Sent(made.record, parcel, made.views_fingerprint, made.n_files)


def _result(task: Task, future: ProcessFuture[_Sent | Failure], seconds: float) -> Prepared | Failure:
    name = task.specimen.specimen_id
    try:
        sent: _Sent | Failure = future.result()
    except FutureTimeout:
        late = SpecimenError("It was not ready after {seconds:.0f} seconds and was given up.", seconds=seconds)
        return Failure(name, "render", late.reason)
    except (ProcessExpired, CancelledError) as error:
        crashed = SpecimenError("Reading or rendering it took its process down ({reason}).", reason=error)
        return Failure(name, "render", crashed.reason)
    if isinstance(sent, Failure):
        return sent
    views = (
        unpack_views(sent.parcel) if sent.parcel is not None else views_of_photographs(np.empty((0, 1, 1, 3), np.uint8))
    )
    return Prepared(sent.record, views, sent.views_fingerprint, sent.n_files)
