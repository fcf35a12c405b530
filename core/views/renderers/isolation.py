"""VTK and Filament in child processes with a time limit.

Both use graphics drivers: they may hang, crash in a way that Python cannot catch, leak memory,
or return blank images. Each runs in a child process of its own (`core.views.renderers.worker`). The
child is ended if it exceeds the time limit and replaced after a number of specimens. Its images are
compared with a small raster image, which shows whether the specimen must be visible.
"""

from __future__ import annotations

import atexit
import io
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, replace
from typing import IO

import numpy as np

from core.foundation import PROJECT, RendererError, kill_process_group
from core.views.renderers import raster
from core.views.renderers.surface import Cameras, Look, Surface

SECONDS_TO_START = 90.0
SECONDS_A_SPECIMEN = 120.0
_SPECIMENS_A_CHILD = 200
_PROBE_SIZE = 48
_PROBE_PIXELS = 3  # of the probe that must show the specimen before a blank image counts as a fault


def render(backend: str, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Draw a surface from every camera with `vtk` or `filament`.

    Raises
    ------
    RendererError
        If the renderer does not work on this machine, takes too long, or draws blank images twice.
    """
    expected = _must_be_seen(surface, cameras)
    with _LOCK:
        for _ in range(2):
            try:
                images, masks = _child_of(backend, (cameras.size, look.antialias)).render(surface, cameras, look)
            except RendererError:
                _end(backend)
                raise
            if not (expected & ~masks.any(axis=(1, 2))).any():
                return images, masks
            _end(backend)
    raise RendererError(
        "The renderer {backend} draws blank pictures on this machine.",
        advice="Use --backend raster, which needs no graphics driver.",
        backend=backend,
    )


def probe(backend: str) -> str:
    """Return why `vtk` or `filament` does not work here, or an empty text."""
    corners = np.array([(0, 0, 1), (1, 0, -0.5), (-0.5, 0.8, -0.5), (-0.5, -0.8, -0.5)], np.float32)
    faces = np.array([(0, 1, 2), (0, 2, 3), (0, 3, 1), (1, 3, 2)], np.int32)
    pose = np.eye(4)
    pose[2, 3] = -4.0
    cameras = Cameras(pose[None], np.array([[-0.4, 0.4, -0.4, 0.4]]), 64)
    try:
        render(backend, Surface(corners, faces, corners), cameras, Look())
    except RendererError as error:
        return error.problem
    finally:
        _end(backend)
    return ""


def _must_be_seen(surface: Surface, cameras: Cameras) -> np.ndarray:
    """Return for every view whether it must show the specimen.

    Other renderers may miss thin edges.
    """
    small = replace(cameras, size=_PROBE_SIZE)
    _, masks = raster.render(surface, small, Look(appearance="depth", antialias=1))
    return np.asarray(masks.sum(axis=(1, 2)) >= _PROBE_PIXELS)


class _Child:
    """One child process and the pipe to it."""

    def __init__(self, backend: str, made_for: tuple[int, int]) -> None:
        self._backend = backend
        self.made_for = made_for
        self.specimens = 0
        self._pipe_thread: threading.Thread | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.views.renderers.worker", backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=PROJECT,
            start_new_session=True,  # so that processes that the child starts can be ended with it
        )

    def render(self, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
        request = {
            "vertices": surface.vertices,
            "faces": surface.faces,
            "normals": surface.normals,
            "camera_to_world": cameras.camera_to_world,
            "windows": cameras.windows,
            "size": np.array(cameras.size),
        }
        if surface.vertex_colours is not None:
            request["vertex_colours"] = surface.vertex_colours
        if surface.corner_colours is not None:
            request["corner_colours"] = surface.corner_colours
        for name, value in asdict(look).items():
            request[f"look_{name}"] = np.array(value)
        limit = SECONDS_A_SPECIMEN + (0.0 if self.specimens else SECONDS_TO_START)
        self.specimens += 1
        reply = self._exchange(request, limit)
        return reply["images"], reply["masks"]

    def _exchange(self, request: dict[str, np.ndarray], seconds: float) -> dict[str, np.ndarray]:
        answers: list[dict[str, np.ndarray]] = []

        def send_and_receive() -> None:
            stdin, stdout = self._process.stdin, self._process.stdout
            if stdin is not None and stdout is not None:
                with suppress(OSError, ValueError, EOFError):
                    write_message(stdin, request)
                    answers.append(read_message(stdout))

        thread = self._pipe_thread = threading.Thread(target=send_and_receive, daemon=True)
        thread.start()
        thread.join(seconds)
        if answers:
            return answers[0]
        timed_out = thread.is_alive()
        reason = f"did not answer within {seconds:.0f} s"
        if not timed_out:
            reason = f"ended with status {self._process.wait()}{self._last_line_of_stderr()}"
        self.end()
        raise RendererError(
            "The renderer {backend} {reason}.",
            advice="Use --backend raster, which needs no graphics driver.",
            backend=self._backend,
            reason=reason,
        )

    def _last_line_of_stderr(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().decode("utf-8", errors="replace").strip().splitlines()
        return f" ({lines[-1].strip()[:200]})" if lines else ""

    def end(self) -> None:
        """Kill the process if it still runs, and close its pipes and files."""
        kill_process_group(self._process.pid)
        self._process.wait()
        if self._pipe_thread is not None:
            self._pipe_thread.join(5)  # it ends with the pipe; a pipe in use must not be closed
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()
        self._stderr.close()


_LOCK = threading.RLock()
_CHILDREN: dict[str, _Child] = {}


def _child_of(backend: str, made_for: tuple[int, int]) -> _Child:
    """Return the child that draws images of this size and antialiasing.

    A child draws one size only: Open3D's OffscreenRenderer aborts if it is replaced by another.
    """
    child = _CHILDREN.get(backend)
    if child is not None and (child.specimens >= _SPECIMENS_A_CHILD or child.made_for != made_for):
        _end(backend)
        child = None
    if child is None:
        child = _CHILDREN[backend] = _Child(backend, made_for)
    return child


def _end(backend: str) -> None:
    child = _CHILDREN.pop(backend, None)
    if child is not None:
        child.end()


@atexit.register
def _end_all() -> None:
    for backend in tuple(_CHILDREN):
        _end(backend)


def write_message(pipe: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    """Send arrays by name: eight bytes of length, then an `.npz` without pickles."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    data = buffer.getbuffer()
    pipe.write(struct.pack("<Q", len(data)))
    pipe.write(data)
    pipe.flush()


def read_message(pipe: IO[bytes]) -> dict[str, np.ndarray]:
    """Receive the arrays of `write_message`.

    Raises `EOFError` if the other process has ended.
    """
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)
