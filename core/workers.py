"""Specimens made ready in child processes: read, checked, rendered, a small picture kept.

A file that crashes or hangs its reader takes down one child and itself, nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from core.catalogue import SpecimenRecord
from core.errors import CoreError, RendererError, SpecimenError
from core.inventory import SpecimenFile
from core.meshes import Mesh, read_mesh
from core.photographs import read_photographs
from core.storage import fingerprint, sha256_of_file, write_bytes
from core.views import VIEWS_VERSION, Views, ViewSettings, render_views, write_views

THUMBNAIL_PIXELS = 256


@dataclass(frozen=True)
class Task:
    """One specimen to be made ready.

    Parameters
    ----------
    specimen : SpecimenFile
        What to read.
    settings : ViewSettings
        How to render it.
    renders : Path, optional
        Where to write its views as PNG; nowhere where None.
    thumbnails : Path, optional
        Where to keep a small picture of it; nowhere where None.
    with_depth : bool
        Whether the backbone looks at depth, too.
    """

    specimen: SpecimenFile
    settings: ViewSettings
    renders: Path | None = None
    thumbnails: Path | None = None
    with_depth: bool = False


@dataclass(frozen=True)
class Prepared:
    """A specimen made ready: facts about its file, and its views."""

    record: SpecimenRecord
    views: Views
    views_fingerprint: str
    n_files: int


@dataclass(frozen=True)
class Failure:
    """A specimen that was passed over, at which stage, and why."""

    specimen_id: str
    stage: str
    reason: str


def fingerprint_of_views(settings: ViewSettings, sha256: str) -> str:
    """Return the fingerprint of the views that these settings give of this content."""
    return fingerprint("views", VIEWS_VERSION, vars(settings), sha256)


def prepare(task: Task) -> Prepared:
    """Read, check and render one specimen.

    Raises
    ------
    SpecimenError
        Where its file cannot be used.
    """
    record = record_of(task.specimen)
    if task.specimen.is_image_folder:
        images = read_photographs(task.specimen.images, task.settings.size)
        views, broad_side = views_of_photographs(images), 0
        record = replace(record, kind="photographs")
    else:
        mesh = read_mesh(task.specimen.path)
        views = render_views(mesh, task.settings, with_depth=task.with_depth)
        x, y, z = (float(value) for value in mesh.extent)
        record = replace(
            record,
            kind="point cloud" if mesh.is_point_cloud else "mesh",
            n_vertices=len(mesh.vertices),
            n_faces=len(mesh.faces),
            extent_x=x,
            extent_y=y,
            extent_z=z,
            notes=" ".join(mesh.notes),
        )
        broad_side = _broad_side(mesh.vertices, views)
    written = write_views(task.renders, task.specimen.specimen_id, views) if task.renders is not None else []
    if task.thumbnails is not None:
        _keep_thumbnail(task.thumbnails, record.sha256, views.images[broad_side])
    return Prepared(record, views, fingerprint_of_views(task.settings, record.sha256), len(written))


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
    waiting: deque[tuple[Task, ProcessFuture[Prepared | Failure]]] = deque()
    try:
        for task in tasks:
            waiting.append((task, children.pool.schedule(_prepare_here, args=[task], timeout=seconds)))
            if len(waiting) > 2 * workers:
                yield _result(*waiting.popleft(), seconds)
        while waiting:
            yield _result(*waiting.popleft(), seconds)
    except BrokenProcessPool as error:
        raise RendererError(
            f"The processes that read and render cannot be started ({error}).",
            advice="`python -m core doctor` tells what is missing; --workers 0 works without them.",
        ) from error
    finally:
        children.close()


def default_workers() -> int:
    """Return how many children to render with: one fewer than there are processors, 1 to 8."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, available - 1))


def record_of(specimen: SpecimenFile) -> SpecimenRecord:
    """Return size, time and SHA-256 of a specimen's file or files.

    Raises
    ------
    SpecimenError
        Where it cannot be read.
    """
    paths = specimen.images or (specimen.path,)
    try:
        stats = [path.stat() for path in paths]
        hashes = [sha256_of_file(path) for path in paths]
    except OSError as error:
        raise SpecimenError(f"The file cannot be read ({error.strerror or error}).") from error
    return SpecimenRecord(
        source="",
        specimen_id=specimen.specimen_id,
        path=str(specimen.path),
        size=sum(stat.st_size for stat in stats),
        mtime_ns=max(stat.st_mtime_ns for stat in stats),
        sha256=hashes[0] if len(hashes) == 1 else fingerprint("photographs", hashes) * 2,
    )


def views_of_photographs(images: np.ndarray) -> Views:
    """Return photographs as views; where the cameras stood is not known."""
    nowhere = np.tile(np.eye(4), (len(images), 1, 1))
    return Views(images=images, masks=np.ones(images.shape[:3], dtype=bool), camera_to_world=nowhere)


def _get_ready() -> None:
    """Load compiled code by drawing the smallest of specimens once."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float64)
    faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], dtype=np.int32)
    render_views(Mesh(corners, faces), ViewSettings(views=1, size=32))


def _prepare_here(task: Task) -> Prepared | Failure:
    try:
        return prepare(task)
    except CoreError as error:
        return Failure(task.specimen.specimen_id, "render", str(error))
    except MemoryError:
        return Failure(task.specimen.specimen_id, "render", "There was not enough memory for it.")


def _result(task: Task, future: ProcessFuture[Prepared | Failure], seconds: float) -> Prepared | Failure:
    name = task.specimen.specimen_id
    try:
        result: Prepared | Failure = future.result()
    except FutureTimeout:
        return Failure(name, "render", f"It was not ready after {seconds:.0f} seconds and was given up.")
    except (ProcessExpired, CancelledError) as error:
        return Failure(name, "render", f"Reading or rendering it took its process down ({error}).")
    return result


def _broad_side(vertices: np.ndarray, views: Views) -> int:
    """Return the view that looks along the specimen's thinnest direction, as a plate in a book would."""
    spread = np.cov(vertices.T)
    towards = views.camera_to_world[:, :3, 2]
    return int(np.einsum("vi,ij,vj->v", towards, spread, towards).argmin())


def _keep_thumbnail(folder: Path, sha256: str, picture: np.ndarray) -> None:
    path = folder / sha256[:2] / f"{sha256}.webp"
    if path.is_file():
        return
    size = min(THUMBNAIL_PIXELS, picture.shape[0])
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    quality = (int(cv2.IMWRITE_WEBP_QUALITY), 88)
    encoded = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)[1]
    write_bytes(path, encoded.tobytes())
