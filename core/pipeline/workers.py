"""Preparation of specimens in child processes.

A file that crashes or blocks its reader ends one child process. Only that specimen fails.
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

from core.foundation import CoreError, RendererError, SpecimenError, WorkspaceError, processors, share_memory
from core.meshes import Mesh
from core.pipeline.preparation import Failure, Prepared, Task, prepare, views_of_photographs
from core.views import PackedViews, ViewSettings, pack_views, render_views, unpack_views
from core.workspace import SpecimenRecord


@dataclass(frozen=True)
class _PackedSpecimen:
    """A prepared specimen in the form in which a child process sends it."""

    record: SpecimenRecord
    views: PackedViews | None
    views_fingerprint: str
    n_files: int
    warnings: tuple[str, ...]


class Children:
    """Child processes that read and render.

    They are started before the first specimen, so that loading takes no time later.

    Parameters
    ----------
    workers : int
        Number of processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # Spawned, not forked: a fork of a process with running threads can hang.
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPool(
            max_workers=workers, max_tasks=500, context=context, initializer=share_memory, initargs=[workers]
        )

    def warm_up(self) -> None:
        """Let every process import and compile its code, without waiting for it."""
        for _ in range(self.workers):
            self.pool.schedule(_warm_up)

    def close(self) -> None:
        """Stop the processes."""
        self.pool.stop()  # type: ignore[no-untyped-call]
        self.pool.join()


def prepare_all(
    tasks: Iterable[Task], workers: int, *, seconds: float = 600.0, children: Children | None = None
) -> Iterator[Prepared | Failure]:
    """Yield the prepared specimen of every task, in order, from child processes.

    Parameters
    ----------
    tasks : iterable of Task
        Consumed only as fast as the results are, so that memory stays bounded.
    workers : int
        Number of child processes; 0 prepares in this process.
    seconds : float
        Time limit for one specimen, in seconds.
    children : Children, optional
        Processes that are already started; they are stopped here. If None, `workers` are started.
    """
    if workers == 0:
        for task in tasks:
            yield _prepare_or_fail(task)
        return
    children = children or Children(workers)
    # One share of the processors is left for the network, which runs at the same time.
    threads = max(1, processors() // (workers + 1))
    waiting: deque[tuple[Task, ProcessFuture[_PackedSpecimen | Failure]]] = deque()
    try:
        for task in tasks:
            waiting.append((task, children.pool.schedule(_prepare_in_child, args=[task, threads], timeout=seconds)))
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
    """Return the default number of child processes, 1 to 8.

    It is the number of processors minus one for the network, or all of them with `alone`.

    Examples
    --------
    >>> from core.pipeline import default_workers
    >>> 1 <= default_workers() <= default_workers(alone=True) <= 8
    True
    """
    return max(1, min(8, processors() - (0 if alone else 1)))


def _warm_up() -> None:
    """Load compiled code by rendering a tetrahedron once."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float64)
    faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], dtype=np.int32)
    render_views(Mesh(corners, faces), ViewSettings(views=1, size=32))


def _prepare_or_fail(task: Task, threads: int = 0) -> Prepared | Failure:
    try:
        return prepare(task, threads)
    except WorkspaceError:
        # The cause, such as a full disk, is not the specimen: the next one would fail, too.
        raise
    except CoreError as error:
        return Failure(task.specimen.specimen_id, "render", error.reason)
    except MemoryError:
        return Failure(task.specimen.specimen_id, "render", "There was not enough memory for it.")


def _prepare_in_child(task: Task, threads: int) -> _PackedSpecimen | Failure:
    outcome = _prepare_or_fail(task, threads)
    if isinstance(outcome, Failure):
        return outcome
    views = None if task.only_files else pack_views(outcome.views)
    return _PackedSpecimen(outcome.record, views, outcome.views_fingerprint, outcome.n_files, outcome.warnings)


def _result(task: Task, future: ProcessFuture[_PackedSpecimen | Failure], seconds: float) -> Prepared | Failure:
    name = task.specimen.specimen_id
    try:
        packed: _PackedSpecimen | Failure = future.result()
    except FutureTimeout:
        late = SpecimenError("It was not ready after {seconds:.0f} seconds and was given up.", seconds=seconds)
        return Failure(name, "render", late.reason)
    except (ProcessExpired, CancelledError) as error:
        crashed = SpecimenError("Reading or rendering it took its process down ({reason}).", reason=error)
        return Failure(name, "render", crashed.reason)
    if isinstance(packed, Failure):
        return packed
    no_views = views_of_photographs(np.empty((0, 1, 1, 3), np.uint8))
    views = no_views if packed.views is None else unpack_views(packed.views)
    return Prepared(packed.record, views, packed.views_fingerprint, packed.n_files, packed.warnings)
