"""Scenes for the 3D viewer, made in a child process.

A scene is a PyVista plotter with one viewport a specimen, exported for vtk.js. The export loads
VTK and a driver, which can hang or crash. It therefore runs in one long-lived child process with a
time limit; its imports take seconds, a scene then takes a fraction of a second. Scenes are cached
by fingerprint.
"""

from __future__ import annotations

import atexit
import importlib.util
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.foundation import (
    CoreError,
    InputError,
    RendererError,
    SettingError,
    error_from_sentences,
    sentences_from_json,
)
from core.meshes import RegistrationSettings
from core.scenes.child import SceneChild
from core.scenes.previews import stamp_of_scan
from core.scenes.surface_colours import MODES, Legend
from core.scenes.turntable import TurntableSettings
from core.storage import fingerprint

CODE_VERSION = 7
MOST_SPECIMENS = 6
DETAILS = ("preview", "full")
MOST_CACHED_SCENES = 32
# Limit of all cached scenes together; one scene in full resolution can take a large part of it.
MOST_CACHED_BYTES = 256_000_000
# Registration takes seconds; so do reading a large scan in full resolution and loading VTK.
_SLOW_TIMEOUT_FACTOR = 4.0


@dataclass(frozen=True)
class SceneLight:
    """A light that follows the camera.

    Its position is given to the right, up and towards the viewer.
    """

    position: tuple[float, float, float]
    intensity: float
    colour: str


# A headlight so that nothing is black, a warm key light from the upper left (the convention of
# scientific illustration), and a cool fill light from the lower right that shows form in the shade.
LIGHTS = (
    SceneLight((0.0, 0.0, 1.0), 0.48, "#ffffff"),
    SceneLight((-0.9, 1.0, 0.9), 0.62, "#fff6ea"),
    SceneLight((0.9, -0.8, 0.5), 0.28, "#e3ebff"),
)


@dataclass(frozen=True)
class SceneConfig:
    """Settings of a scene.

    Parameters
    ----------
    mode : str
        Colouring, one of `core.scenes.MODES`: `clay` shows form alone, `colour` the vertex colours of
        the scan if it has any, `texture` its texture, `mean-curvature` and `gaussian-curvature` the
        curvature of the surface, `distance` the signed distance of the query from a neighbour that
        is registered to it.
    clay : str
        Colour of the clay as `#rrggbb`.
    detail : str
        `preview` (decimated, opens at once) or `full` (the file itself, up to `MOST_FACES`).
    against : int
        Number of the neighbour that distances are measured to, from 1.
    registration : RegistrationSettings
        Settings of the registration of that neighbour.

    Raises
    ------
    SettingError
        If a value is not allowed.

    Examples
    --------
    >>> from core.scenes import SceneConfig
    >>> SceneConfig(mode="mean-curvature").detail
    'preview'
    """

    mode: str = "clay"
    clay: str = "#d3c8b6"
    detail: str = "preview"
    against: int = 1
    registration: RegistrationSettings = field(default_factory=RegistrationSettings)

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, allowed in (("mode", MODES), ("detail", DETAILS)):
            if getattr(self, name) not in allowed:
                raise SettingError(
                    "'{name}' must be one of {allowed} (got {value!r}).",
                    name=name,
                    allowed=", ".join(allowed),
                    value=getattr(self, name),
                )
        if re.fullmatch("#[0-9a-fA-F]{6}", self.clay) is None:
            raise SettingError("'clay' must be a colour like #d3c8b6 (got {clay!r}).", clay=self.clay)
        if not 1 <= self.against < MOST_SPECIMENS:
            raise SettingError(
                "'against' must be from 1 to {most} (got {against}).", most=MOST_SPECIMENS - 1, against=self.against
            )


@dataclass(frozen=True)
class SceneSource:
    """Files of a specimen of a scene.

    Parameters
    ----------
    path
        The specimen's own file.
    preview
        File of its decimated copy; the child process makes it if there is none.
    """

    path: Path
    preview: Path | None = None


@dataclass(frozen=True)
class Scene:
    """A finished scene.

    Parameters
    ----------
    fingerprint
        Fingerprint of its files and settings.
    archive
        Data for vtk.js (a zip).
    radii
        Radius of each specimen in units of its file; in the scene every radius is 1.
    clouds
        Whether each specimen is a point cloud.
    spacings
        Distance between the points of each cloud, in its radius; 0 for a surface.
    counts
        Faces of each surface as drawn, or points of each cloud.
    modes
        Modes that are available for these specimens.
    mode
        Mode of this scene.
    textured
        Whether each specimen has a texture.
    legend
        Legend of its colours; None if they do not stand for numbers.
    seconds
        Duration of the export.
    """

    fingerprint: str
    archive: bytes
    radii: tuple[float, ...]
    clouds: tuple[bool, ...]
    spacings: tuple[float, ...]
    counts: tuple[int, ...]
    modes: tuple[str, ...]
    mode: str
    textured: tuple[bool, ...]
    legend: Legend | None
    seconds: float


class SceneBuilder:
    """Build scenes in one long-lived child process and cache the latest in memory.

    Safe to share between threads. The child starts with the first scene, or earlier with
    `warm_up`, and starts again after it crashed or exceeded the time limit.
    """

    def __init__(self, *, timeout_seconds: float = 30.0) -> None:
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._cached: OrderedDict[str, Scene] = OrderedDict()
        self._child: SceneChild | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="fossilvit-scenes-", ignore_cleanup_errors=True)
        atexit.register(self.close)

    def build(self, sources: Sequence[SceneSource], config: SceneConfig | None = None) -> Scene:
        """Return the scene of one to six specimens, one viewport each.

        Raises
        ------
        InputError
            If there is no specimen, there are too many, or a file is missing.
        RendererError
            If the scene could not be made, or not in time; the message tells why.
        """
        config = config or SceneConfig()
        scene_fingerprint = _fingerprint_of(sources, config)
        with self._lock:
            if scene_fingerprint in self._cached:
                self._cached.move_to_end(scene_fingerprint)
                return self._cached[scene_fingerprint]
            scene = self._build(scene_fingerprint, sources, config)
            self._cached[scene_fingerprint] = scene
            while len(self._cached) > 1 and (
                len(self._cached) > MOST_CACHED_SCENES
                or sum(len(cached.archive) for cached in self._cached.values()) > MOST_CACHED_BYTES
            ):
                self._cached.popitem(last=False)
            return scene

    def turntable(
        self,
        sources: Sequence[SceneSource],
        settings: TurntableSettings,
        suffix: str,
        config: SceneConfig | None = None,
    ) -> bytes:
        """Return a turntable of the query with the colours of the scene.

        This needs neither VTK nor a browser.

        Parameters
        ----------
        sources : sequence of SceneSource
            As for `build`; the first one is drawn.
        settings : TurntableSettings
            Number and size of the frames; the appearance follows from the scene's mode.
        suffix : str
            `.gif`, `.mp4`, or `.jpg` for all frames side by side.
        config : SceneConfig, optional
            Colouring of the scene.

        Raises
        ------
        InputError, RendererError
            As `build`.
        """
        config = config or SceneConfig()
        name = fingerprint("turntable", _fingerprint_of(sources, config), asdict(settings))
        target = Path(self._folder.name) / f"{name}{suffix}"
        with self._lock:
            self._ask(
                _request_of(sources, config, name, target) | {"turntable": asdict(settings)}, _SLOW_TIMEOUT_FACTOR
            )
        data = target.read_bytes()
        target.unlink(missing_ok=True)
        return data

    def warm_up(self) -> float:
        """Start the child process, make a test scene and return the duration in seconds.

        Raises
        ------
        RendererError
            If a package is missing, or the child process crashed or hung.
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

    def _build(self, scene_fingerprint: str, sources: Sequence[SceneSource], config: SceneConfig) -> Scene:
        target = Path(self._folder.name) / f"{scene_fingerprint}.vtksz"
        request = _request_of(sources, config, scene_fingerprint, target) | {
            "lights": [asdict(light) for light in LIGHTS]
        }
        reply = self._ask(
            request, _SLOW_TIMEOUT_FACTOR if config.mode == "distance" or config.detail == "full" else 1.0
        )
        archive = target.read_bytes()
        target.unlink(missing_ok=True)
        legend = reply["legend"]
        return Scene(
            fingerprint=scene_fingerprint,
            archive=archive,
            radii=tuple(reply["radii"]),
            clouds=tuple(reply["clouds"]),
            spacings=tuple(reply["spacings"]),
            counts=tuple(reply["counts"]),
            modes=tuple(reply["modes"]),
            mode=config.mode,
            textured=tuple(reply["textured"]),
            legend=None if legend is None else Legend(**legend | {"stops": tuple(legend["stops"])}),
            seconds=reply["seconds"],
        )

    def _ask(self, request: dict[str, Any], timeout_factor: float = 1.0) -> dict[str, Any]:
        if self._child is None or not self._child.is_alive:
            self._child, timeout_factor = SceneChild(), _SLOW_TIMEOUT_FACTOR
        try:
            reply = self._child.ask(request, self.timeout_seconds * timeout_factor)
        except RendererError:
            self._child = None
            raise
        if "error" in reply:
            raise error_from_sentences(RendererError, sentences_from_json(reply["error"]))
        return reply


def viewer_page() -> str:
    """Return the offline vtk.js viewer page of the package trame-vtk.

    Raises
    ------
    RendererError
        If that package is not installed.
    """
    spec = importlib.util.find_spec("trame_vtk")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        page = Path(folder) / "tools" / "static_viewer.html"
        if page.is_file():
            return page.read_text(encoding="utf-8")
    raise RendererError("The package trame-vtk is not installed.", advice="Run `make app` again to install it.")


def _request_of(sources: Sequence[SceneSource], config: SceneConfig, name: str, target: Path) -> dict[str, Any]:
    return {
        "sources": [_as_sent(source) for source in sources],
        "name": name,
        "target": str(target),
        "config": asdict(config),
    }


def _as_sent(source: SceneSource) -> dict[str, str | None]:
    preview = None if source.preview is None else str(source.preview.absolute())
    return {"path": str(source.path.absolute()), "preview": preview}


def _fingerprint_of(sources: Sequence[SceneSource], config: SceneConfig) -> str:
    if not 1 <= len(sources) <= MOST_SPECIMENS:
        raise InputError(
            "The viewer shows one to {most_specimens} specimens (got {sources}).",
            most_specimens=MOST_SPECIMENS,
            sources=len(sources),
        )
    return fingerprint("scene", CODE_VERSION, [_facts_of(source) for source in sources], asdict(config))


def _facts_of(source: SceneSource) -> list[object]:
    """Return the path of a specimen's file, or of its preview, and a stamp of its files.

    The preview stands in for a missing file.
    """
    problem: CoreError | None = None
    for path in (source.path, source.preview):
        if path is None:
            continue
        try:
            stamp = stamp_of_scan(path)
        except OSError as error:
            problem = problem or InputError(
                "{path} cannot be read ({reason}).",
                advice="If the folder was moved, choose it again on the Specimens screen.",
                path=path,
                reason=error.strerror or error,
            )
        else:
            return [str(path.absolute()), stamp]
    raise problem or InputError("The specimen has no file.")
