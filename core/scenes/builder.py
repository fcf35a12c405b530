"""Scenes for the 3D viewer, made in a child process that cannot take the app down.

A scene is a PyVista plotter with one viewport a specimen, exported for vtk.js. The export loads
VTK and a driver, which can hang or crash: so it runs in one long-lived child process (its
imports take seconds, a scene then takes a fraction of one), under a time limit, and every scene
is kept by its fingerprint.
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

from core.foundation import CoreError, InputError, RendererError, SettingError, error_saying, sentences_from_json
from core.meshes import RegistrationSettings
from core.scenes.child import SceneChild
from core.scenes.surface_colours import MODES, Legend
from core.scenes.turntable import TurntableSettings
from core.storage import fingerprint

CODE_VERSION = 7
MOST_SPECIMENS = 6
DETAILS = ("preview", "full")
KEPT_SCENES = 32
# What is kept in memory of them together; a scene in full resolution can take a good part of it.
KEPT_BYTES = 256_000_000
# Laying one specimen onto another takes seconds; so do reading a large scan whole and loading VTK.
_PATIENCE = 4.0


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
    mode : str
        What they are coloured by, one of `core.scenes.surface_colours.MODES`: `clay` shows form alone,
        `colour` the scan's vertex colours where it has them, `texture` its picture, `mean-curvature` and
        `gaussian-curvature` how the surface bends, `distance` how far the query lies outside of
        a neighbour that is laid onto it.
    clay : str
        Colour of the clay as `#rrggbb`.
    detail : str
        `preview` (decimated, opens at once) or `full` (the file itself, up to `MOST_FACES`).
    against : int
        Place of the neighbour that distances are measured to, from 1.
    registration : RegistrationSettings
        How that neighbour is laid on.

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed.
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
    radii
        Of each specimen in units of its file; in the scene every radius is 1.
    clouds
        Whether each specimen is a point cloud.
    spacings
        Of the points of each cloud, in its radius; 0 for a surface.
    counts
        Faces of each surface as drawn, or points of each cloud.
    modes
        Those that show something of these specimens.
    mode
        The one that is drawn.
    textured
        Whether each specimen wears a picture.
    legend
        What its colours mean; None where they are no numbers.
    seconds
        What it took to make.
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
    """Build scenes in one warm child process and keep the latest of them in memory.

    Safe to share between threads. The child starts with the first scene, or earlier with
    `warm_up`, and is started anew when it died or overran its time.
    """

    def __init__(self, *, timeout_seconds: float = 30.0) -> None:
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Scene] = OrderedDict()
        self._child: SceneChild | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="fossilvit-scenes-", ignore_cleanup_errors=True)
        atexit.register(self.close)

    def build(self, sources: Sequence[SceneSource], config: SceneConfig | None = None) -> Scene:
        """Return the scene of one to six specimens, one viewport each.

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
            while len(self._kept) > 1 and (
                len(self._kept) > KEPT_SCENES or sum(len(kept.archive) for kept in self._kept.values()) > KEPT_BYTES
            ):
                self._kept.popitem(last=False)
            return scene

    def turntable(
        self,
        sources: Sequence[SceneSource],
        settings: TurntableSettings,
        suffix: str,
        config: SceneConfig | None = None,
    ) -> bytes:
        """Return the query as a turntable, coloured as the scene is; needs neither VTK nor a browser.

        Parameters
        ----------
        sources : sequence of SceneSource
            As for `build`; the first one turns.
        settings : TurntableSettings
            How many frames, how large; the appearance follows from the scene's mode.
        suffix : str
            `.gif`, `.mp4`, or `.jpg` for all frames side by side.
        config : SceneConfig, optional
            How the scene is coloured.

        Raises
        ------
        InputError, RendererError
            As `build`.
        """
        config = config or SceneConfig()
        name = fingerprint("turntable", _fingerprint_of(sources, config), asdict(settings))
        target = Path(self._folder.name) / f"{name}{suffix}"
        with self._lock:
            self._ask(_request_of(sources, config, name, target) | {"turntable": asdict(settings)}, _PATIENCE)
        data = target.read_bytes()
        target.unlink(missing_ok=True)
        return data

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
        request = _request_of(sources, config, made_from, target) | {"lights": [asdict(light) for light in LIGHTS]}
        reply = self._ask(request, _PATIENCE if config.mode == "distance" or config.detail == "full" else 1.0)
        archive = target.read_bytes()
        target.unlink(missing_ok=True)
        legend = reply["legend"]
        return Scene(
            fingerprint=made_from,
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

    def _ask(self, request: dict[str, Any], patience: float = 1.0) -> dict[str, Any]:
        if self._child is None or not self._child.is_alive:
            self._child, patience = SceneChild(), _PATIENCE
        try:
            reply = self._child.ask(request, self.timeout_seconds * patience)
        except RendererError:
            self._child = None
            raise
        if "error" in reply:
            raise error_saying(RendererError, sentences_from_json(reply["error"]))
        return reply


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
    """Return what changes when the specimen's file does; its preview stands in for a file that is gone."""
    problem: CoreError | None = None
    for path in (source.path, source.preview):
        if path is None:
            continue
        try:
            facts = path.stat()
        except OSError as error:
            problem = problem or InputError(
                "{path} cannot be read ({reason}).",
                advice="If the folder was moved, choose it again on the Specimens screen.",
                path=path,
                reason=error.strerror or error,
            )
        else:
            return [str(path.absolute()), facts.st_size, facts.st_mtime_ns]
    raise problem or InputError("The specimen has no file.")
