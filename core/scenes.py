"""Scenes for the 3D viewer, made in a child process that cannot take the app down.

A scene is a PyVista plotter with one viewport a specimen and linked cameras, exported for
vtk.js. The export loads VTK and a driver, which can hang or crash: so it runs in one
long-lived child process (its imports take seconds, a scene then takes a fraction of one),
under a time limit, and every scene is kept by its fingerprint.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from core.errors import InputError, RendererError, SettingError
from core.storage import fingerprint

CODE_VERSION = 1
MOST_SPECIMENS = 6
KEPT_SCENES = 48
Style = Literal["clay", "colour", "wireframe", "points"]


@dataclass(frozen=True)
class SceneConfig:
    """How the specimens of a scene are drawn.

    Parameters
    ----------
    style
        ``clay`` (form alone), ``colour`` (the scan's vertex colours), ``wireframe`` or ``points``.
        A point cloud is drawn as points whatever the style.
    background, clay
        Colours as ``#rrggbb``.
    point_size
        Diameter of a point in pixels.

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed.
    """

    style: Style = "clay"
    background: str = "#f4f1ea"
    clay: str = "#c9a98a"
    point_size: float = 3.0

    def __post_init__(self) -> None:
        if self.style not in get_args(Style):
            raise SettingError(f"'style' must be one of {', '.join(get_args(Style))} (got {self.style!r}).")
        for name in ("background", "clay"):
            value = getattr(self, name)
            if len(value) != 7 or value[0] != "#" or not all(c in "0123456789abcdefABCDEF" for c in value[1:]):
                raise SettingError(f"{name!r} must be a colour like #c9a98a (got {value!r}).")
        if not 0.5 <= self.point_size <= 20.0:
            raise SettingError(f"'point_size' must be from 0.5 to 20 pixels (got {self.point_size}).")


@dataclass(frozen=True)
class Scene:
    """A finished scene: the archive that vtk.js reads, and what it was made from."""

    fingerprint: str
    archive: bytes
    seconds: float


class SceneBuilder:
    """Build scenes in one warm child process and keep the latest of them in memory.

    Safe to share between threads. The child starts with the first scene, or earlier with
    `warm_up`, and is started anew when it died or overran its time.
    """

    def __init__(self, *, timeout_seconds: float = 30.0) -> None:
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Scene] = OrderedDict()
        self._child: _Child | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="fossilvit-scenes-", ignore_cleanup_errors=True)
        atexit.register(self.close)

    def build(self, paths: Sequence[Path], config: SceneConfig | None = None) -> Scene:
        """Return the scene of one to six meshes, in linked viewports.

        Raises
        ------
        InputError
            Where there is no mesh, there are too many, or a file is missing.
        RendererError
            Where the scene could not be made, or not in time; the message says why.
        """
        config = config or SceneConfig()
        made_from = _fingerprint_of(paths, config)
        with self._lock:
            if made_from in self._kept:
                self._kept.move_to_end(made_from)
                return self._kept[made_from]
            scene = self._build(made_from, paths, config)
            self._kept[made_from] = scene
            while len(self._kept) > KEPT_SCENES:
                self._kept.popitem(last=False)
            return scene

    def warm_up(self) -> None:
        """Start the child process without waiting for it."""
        with self._lock:
            self._ready_child()

    def close(self) -> None:
        """End the child process and remove its folder."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._folder.cleanup()

    def _build(self, made_from: str, paths: Sequence[Path], config: SceneConfig) -> Scene:
        target = Path(self._folder.name) / f"{made_from}.vtksz"
        request = {
            "paths": [str(Path(path).resolve()) for path in paths],
            "target": str(target),
            "style": config.style,
            "background": config.background,
            "clay": config.clay,
            "point_size": config.point_size,
        }
        try:
            reply = self._ready_child().ask(request, self.timeout_seconds)
        except RendererError:
            self._child = None
            raise
        if "error" in reply:
            raise RendererError(reply["error"], advice=reply.get("advice", ""))
        archive = target.read_bytes()
        target.unlink(missing_ok=True)
        return Scene(made_from, archive, reply["seconds"])

    def _ready_child(self) -> _Child:
        if self._child is None or not self._child.is_alive:
            self._child = _Child()
        return self._child


class _Child:
    """The worker process and a thread that reads its replies, so that waiting has a limit."""

    def __init__(self) -> None:
        # Not multiprocessing: a spawned process runs the parent's main script again, and
        # under Streamlit that is the app; a forked one inherits threads and locks.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.scene_worker"],
            cwd=Path(__file__).absolute().parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._replies: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True, name="scene-replies").start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        assert_stdin = self._process.stdin
        try:
            if assert_stdin is not None:
                assert_stdin.write(json.dumps(request) + "\n")
                assert_stdin.flush()
            line = self._replies.get(timeout=timeout_seconds)
        except queue.Empty:
            self.kill()
            raise RendererError(
                f"The 3D scene was not ready after {timeout_seconds:g} s.",
                advice="Try again, or look at the rendered views.",
            ) from None
        except OSError:
            line = ""
        if not line:
            self.kill()
            raise RendererError(
                f"The process that makes 3D scenes ended (status {self._process.poll()}).",
                advice="Run `python -m core doctor` to see what the viewer lacks on this machine.",
            )
        reply: dict[str, Any] = json.loads(line)
        return reply

    def kill(self) -> None:
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is not None:
            for line in stream:
                self._replies.put(line)
        self._replies.put("")


def viewer_shell() -> str:
    """Return the offline vtk.js viewer page that ships inside the trame-vtk package.

    Raises
    ------
    RendererError
        Where that package is not installed.
    """
    spec = importlib.util.find_spec("trame_vtk")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        page = Path(folder) / "tools" / "static_viewer.html"
        if page.is_file():
            return page.read_text(encoding="utf-8")
    raise RendererError("The package trame-vtk is not installed.", advice="Run `make app` again to install it.")


def _fingerprint_of(paths: Sequence[Path], config: SceneConfig) -> str:
    if not 1 <= len(paths) <= MOST_SPECIMENS:
        raise InputError(f"The viewer shows one to {MOST_SPECIMENS} specimens (got {len(paths)}).")
    files = []
    for path in paths:
        try:
            facts = Path(path).stat()
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror or error}).",
                advice="If the folder was moved, choose it again on the Specimens screen.",
            ) from error
        files.append([str(Path(path).resolve()), facts.st_size, facts.st_mtime_ns])
    return fingerprint("scene", CODE_VERSION, files, vars(config))
