"""Renderers that can take a process down with them, kept in a child process with a time limit.

VTK and Filament talk to graphics drivers: they may hang, crash in a way Python cannot catch, leak,
or return blank pictures. So each runs in a child of its own (`core.views.renderers.worker`), which is
ended when it takes too long, replaced after a number of specimens, and whose pictures are compared
with what must be seen.
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
from pathlib import Path
from typing import IO

import numpy as np

from core.foundation import RendererError, kill_group
from core.views.renderers import raster
from core.views.renderers.surface import Cameras, Look, Surface

SECONDS_TO_START = 90.0
SECONDS_A_SPECIMEN = 120.0
_SPECIMENS_A_CHILD = 200
_PROBE_SIZE = 48
_PROBE_PIXELS = 3  # of the probe that must show the specimen before a blank picture counts as a fault


def render(backend: str, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Draw a surface from every camera with `vtk` or `filament`.

    Raises
    ------
    RendererError
        Where the renderer does not work here, takes too long, or draws blank pictures twice.
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
    """Return an empty text where `vtk` or `filament` works here, else the reason why not."""
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
    """Return for every view whether it must show something; thin edges may be missed by others."""
    small = replace(cameras, size=_PROBE_SIZE)
    _, masks = raster.render(surface, small, Look(appearance="depth", antialias=1))
    return np.asarray(masks.sum(axis=(1, 2)) >= _PROBE_PIXELS)


class _Child:
    """One child process and the pipe to it."""

    def __init__(self, backend: str, made_for: tuple[int, int]) -> None:
        self._backend = backend
        self.made_for = made_for
        self.specimens = 0
        self._talker: threading.Thread | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.views.renderers.worker", backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            cwd=Path(__file__).resolve().parents[3],
            start_new_session=True,  # so that what the child starts can be ended with it
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

        def talk() -> None:
            there, back = self._process.stdin, self._process.stdout
            if there is not None and back is not None:
                with suppress(OSError, ValueError, EOFError):
                    write_message(there, request)
                    answers.append(read_message(back))

        talker = self._talker = threading.Thread(target=talk, daemon=True)
        talker.start()
        talker.join(seconds)
        if answers:
            return answers[0]
        timed_out = talker.is_alive()
        reason = f"did not answer within {seconds:.0f} s"
        if not timed_out:
            reason = f"ended with status {self._process.wait()}{self._last_words()}"
        self.end()
        raise RendererError(
            "The renderer {backend} {reason}.",
            advice="Use --backend raster, which needs no graphics driver.",
            backend=self._backend,
            reason=reason,
        )

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", errors="replace").strip().splitlines()
        return f" ({lines[-1].strip()[:200]})" if lines else ""

    def end(self) -> None:
        """Kill the process, if it still runs, and close everything that belongs to it."""
        kill_group(self._process.pid)
        self._process.wait()
        if self._talker is not None:
            self._talker.join(5)  # it ends when the pipe does; a pipe in use must not be closed
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()
        self._complaints.close()


_LOCK = threading.RLock()
_CHILDREN: dict[str, _Child] = {}


def _child_of(backend: str, made_for: tuple[int, int]) -> _Child:
    """Return the child that draws pictures of this size and antialiasing.

    A child keeps to one size: Open3D's OffscreenRenderer aborts when it is replaced by another.
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
    """Receive what `write_message` sent; `EOFError` where the other side is gone."""
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)
