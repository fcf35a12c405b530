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
import re
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError, RendererError, SettingError
from core.storage import fingerprint

CODE_VERSION = 5
MOST_SPECIMENS = 6
KEPT_SCENES = 48
# Columns of viewports, by the number of specimens.
COLUMNS_OF_COUNT = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3}


@dataclass(frozen=True)
class SceneLight:
    """A light that follows the camera: right, up and towards the viewer of the specimen."""

    position: tuple[float, float, float]
    intensity: float
    colour: str


# A headlight so that nothing is black, a warm key light from the upper left (the custom of
# scientific illustration), and a cool fill from the lower right that keeps form in the shade.
LIGHTS = (
    SceneLight((0.0, 0.0, 1.0), 0.48, "#ffffff"),
    SceneLight((-0.9, 1.0, 0.9), 0.62, "#fff6ea"),
    SceneLight((0.9, -0.8, 0.5), 0.28, "#e3ebff"),
)


@dataclass(frozen=True)
class SceneConfig:
    """How the specimens of a scene are drawn.

    Parameters
    ----------
    colour
        Use the scan's vertex colours where a specimen has them; otherwise clay, which shows
        form alone.
    clay
        Colour of the clay as `#rrggbb`.

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed.
    """

    colour: bool = False
    clay: str = "#d3c8b6"

    def __post_init__(self) -> None:
        """Check the colour."""
        if re.fullmatch("#[0-9a-fA-F]{6}", self.clay) is None:
            raise SettingError(f"'clay' must be a colour like #d3c8b6 (got {self.clay!r}).")


@dataclass(frozen=True)
class SceneSource:
    """Where a specimen of a scene is read from.

    Parameters
    ----------
    path
        The specimen's own file.
    preview
        Where its decimated copy is kept; the child process makes it where there is none.
    """

    path: Path
    preview: Path | None = None


@dataclass(frozen=True)
class Scene:
    """A finished scene.

    Parameters
    ----------
    fingerprint
        Of the files and settings that it was made from.
    archive
        What vtk.js reads (a zip).
    rows, columns
        Of viewports; specimens fill them row by row.
    radii
        Of each specimen in units of its file; in the scene every radius is 1.
    clouds
        Whether each specimen is a point cloud.
    spacings
        Of the points of each cloud, in its radius; 0 for a surface.
    has_colours
        Whether any of them has vertex colours.
    colour
        Whether they are drawn in them.
    seconds
        What it took to make.
    """

    fingerprint: str
    archive: bytes
    rows: int
    columns: int
    radii: tuple[float, ...]
    clouds: tuple[bool, ...]
    spacings: tuple[float, ...]
    has_colours: bool
    colour: bool
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

    def build(self, sources: Sequence[SceneSource], config: SceneConfig | None = None) -> Scene:
        """Return the scene of one to six specimens, in linked viewports.

        Raises
        ------
        InputError
            Where there is no specimen, there are too many, or a file is missing.
        RendererError
            Where the scene could not be made, or not in time; the message says why.
        """
        config = config or SceneConfig()
        made_from = _fingerprint_of(sources, config)
        with self._lock:
            if made_from in self._kept:
                self._kept.move_to_end(made_from)
                return self._kept[made_from]
            scene = self._build(made_from, sources, config)
            self._kept[made_from] = scene
            while len(self._kept) > KEPT_SCENES:
                self._kept.popitem(last=False)
            return scene

    def warm_up(self) -> float:
        """Load what a scene needs and return the seconds it took; also tells whether it works.

        Raises
        ------
        RendererError
            Where a package is missing, or the child process died or hung.
        """
        with self._lock:
            return self._build("warm-up", [], SceneConfig()).seconds

    def close(self) -> None:
        """End the child process and remove its folder."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._folder.cleanup()
        atexit.unregister(self.close)

    def _build(self, made_from: str, sources: Sequence[SceneSource], config: SceneConfig) -> Scene:
        target = Path(self._folder.name) / f"{made_from}.vtksz"
        columns = COLUMNS_OF_COUNT[max(1, len(sources))]
        rows = -(-max(1, len(sources)) // columns)
        reply = self._ask(
            {
                "sources": [_as_sent(source) for source in sources],
                "name": made_from,
                "target": str(target),
                "grid": [rows, columns],
                "lights": [asdict(light) for light in LIGHTS],
                **asdict(config),
            }
        )
        archive = target.read_bytes()
        target.unlink(missing_ok=True)
        return Scene(
            fingerprint=made_from,
            archive=archive,
            rows=rows,
            columns=columns,
            radii=tuple(reply["radii"]),
            clouds=tuple(reply["clouds"]),
            spacings=tuple(reply["spacings"]),
            has_colours=reply["has_colours"],
            colour=config.colour,
            seconds=reply["seconds"],
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            reply = self._ready_child().ask(request, self.timeout_seconds)
        except RendererError:
            self._child = None
            raise
        if "error" in reply:
            raise RendererError(reply["error"], advice=reply["advice"])
        return reply

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
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
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
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as stream:
                for line in stream:
                    self._replies.put(line)
        self._replies.put("")


def viewer_page() -> str:
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


def _as_sent(source: SceneSource) -> dict[str, str | None]:
    preview = None if source.preview is None else str(source.preview.absolute())
    return {"path": str(source.path.absolute()), "preview": preview}


def _fingerprint_of(sources: Sequence[SceneSource], config: SceneConfig) -> str:
    if not 1 <= len(sources) <= MOST_SPECIMENS:
        raise InputError(f"The viewer shows one to {MOST_SPECIMENS} specimens (got {len(sources)}).")
    return fingerprint("scene", CODE_VERSION, [_facts_of(source) for source in sources], asdict(config))


def _facts_of(source: SceneSource) -> list[object]:
    """Return what changes when the specimen's file does; its preview stands in for a file that is gone."""
    problem = ""
    for path in (source.path, source.preview):
        if path is None:
            continue
        try:
            facts = path.stat()
        except OSError as error:
            problem = problem or f"{path} cannot be read ({error.strerror or error})."
        else:
            return [str(path.absolute()), facts.st_size, facts.st_mtime_ns]
    raise InputError(problem, advice="If the folder was moved, choose it again on the Specimens screen.")
