"""The 3D viewer: one to six specimens in viewports that turn together.

PyVista makes the scene in a child process (`core.scenes.builder`); the vtk.js page that ships with the
trame-vtk package (BSD-3) draws it in the browser, offline. That is the way of stpyvista, with
the parts between kept alive: the process, the page and the scene stay from one click to the next.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.foundation import CoreError
from core.meshes import RegistrationSettings
from core.scenes import (
    MODES,
    MOST_SPECIMENS,
    Scene,
    SceneBuilder,
    SceneConfig,
    SceneSource,
    TurntableSettings,
    viewer_page,
)
from ui.components import viewer_stpyvista
from ui.components.viewer_header import header_of, subjects_of
from ui.words import as_line, say

Mode = Literal["clay", "colour", "texture", "mean-curvature", "gaussian-curvature", "distance"]

_PARTS = Path(__file__).parent / "viewer_component"
_SCRIPTS = ("page.js", "section.js", "cameras.js", "panel.js", "viewer.js")
_TURNTABLE = TurntableSettings(frames=36, size=360)
_FAILURES = ("no-webgl", "timeout", "context-lost")
_BUILDING = threading.Lock()


@dataclass(frozen=True)
class ViewerSpecimen:
    """A specimen to show.

    Parameters
    ----------
    title
        Its line above the picture.
    mesh_path
        Its file, or a preview of it.
    fallback_image
        A rendered view that takes its place where neither 3D nor a turntable can be shown.
    preview_path
        Where a decimated copy is kept; it is made where there is none yet. See
        `core.workspace.paths.Workspace.preview_of`.
    faces
        How many faces its file has, where that is known; said before they are all loaded.
    """

    title: str
    mesh_path: Path
    fallback_image: Path | None = None
    preview_path: Path | None = None
    faces: int | None = None

    @property
    def source(self) -> SceneSource:
        """Return where a scene reads it from."""
        return SceneSource(self.mesh_path, self.preview_path)


@dataclass(frozen=True)
class _Wish:
    """How the page that calls wants its viewer."""

    key: str
    height: int
    mode: Mode
    unit: str
    registration: RegistrationSettings = field(default_factory=RegistrationSettings)


def show_specimens(
    specimens: Sequence[ViewerSpecimen],
    *,
    key: str,
    height: int = 520,
    mode: Mode = "clay",
    unit: str = "",
    registration: RegistrationSettings | None = None,
) -> None:
    """Show up to six specimens side by side, the query first; their cameras turn together.

    Where the viewer fails, rendered views that can be turned take its place and a sentence says
    why. Nothing that happens in it stops the app.

    Parameters
    ----------
    specimens
        The query and its neighbours.
    key
        Unique on the screen, and the same from run to run, so that the page stays alive.
    height
        Least height of the canvas in pixels; it grows with the window.
    mode
        What specimens are coloured by at first.
    unit
        What the numbers in the files mean, for scale bars and legends; empty where they do not say.
    registration
        How a neighbour is laid onto the query, where the distance to it is shown.
    """
    if not specimens:
        st.info(say("viewer-nothing"), icon=":material/view_in_ar:")
        return
    wish = _Wish(key, height, mode, unit or say("viewer-units"), registration or RegistrationSettings())
    _show(tuple(specimens[:MOST_SPECIMENS]), wish)


def choose_beside(ranked: Sequence[str], first: str | None, *, key: str) -> list[str]:
    """Let the user say how many neighbours stand beside the query; return them, the chosen one first.

    Parameters
    ----------
    ranked
        Neighbours, nearest first.
    first
        The one that is shown in any case; None where there is none.
    key
        Unique on the screen.
    """
    if first is None:
        return []
    counts = range(1, min(MOST_SPECIMENS, len(ranked) + 1))
    # What was chosen for a query with more neighbours would be no option here.
    if st.session_state.get(f"viewer-beside-{key}", 1) not in counts:
        st.session_state[f"viewer-beside-{key}"] = counts[-1]
    st.session_state.setdefault(f"viewer-beside-{key}", 1)
    count = st.segmented_control(
        say("viewer-beside"), counts, key=f"viewer-beside-{key}", help=say("viewer-beside-help")
    )
    return [first, *(name for name in ranked if name != first)][: count or 1]


@st.fragment
def _show(specimens: tuple[ViewerSpecimen, ...], wish: _Wish) -> None:
    attempt = st.session_state.get(f"viewer-attempt-{wish.key}", 0)
    name = f"viewer-{wish.key}-{attempt}"
    state = st.session_state.get(name) or {}
    config = _config_of(specimens, wish, state)
    if state.get("failure"):
        _show_pictures(specimens, _reason(state["failure"]), wish, attempt)
        return
    sources = [specimen.source for specimen in specimens]
    try:
        if viewer_stpyvista.is_chosen():
            paths = [(source.path, source.preview) for source in sources]
            viewer_stpyvista.show(paths, key=f"stpyvista-{wish.key}", height=wish.height)
            return
        with st.spinner(say("viewer-preparing")):
            scene = _builder().build(sources, config)
        page = _page()
    except CoreError as error:
        _show_pictures(specimens, as_line(error.reason), wish, attempt)
        return
    with st.container(gap=None):
        _shell_component()(key=f"{name}-page", data={"page": page})
        _viewer_component()(
            key=name,
            data=_packed_scene(specimens, scene, config, wish),
            on_failure_change=_nothing,
            on_mode_change=_nothing,
            on_full_change=_nothing,
        )
    _offer_turntables(specimens[0], sources, config, wish)


def _config_of(specimens: Sequence[ViewerSpecimen], wish: _Wish, state: Mapping[str, Any]) -> SceneConfig:
    """Return how the scene is drawn: as chosen in the viewer, as far as these specimens allow it."""
    mode, _, rank = str(state.get("mode") or wish.mode).partition(":")
    against = int(rank) if rank.isdigit() else 1
    if mode not in MODES or (mode == "distance" and against >= len(specimens)):
        mode, against = "clay", 1
    paths = [specimen.mesh_path for specimen in specimens]
    detail = "full" if state.get("full") == subjects_of(paths) else "preview"
    return SceneConfig(mode=mode, detail=detail, against=against, registration=wish.registration)


def _packed_scene(specimens: Sequence[ViewerSpecimen], scene: Scene, config: SceneConfig, wish: _Wish) -> bytes:
    header = header_of(
        scene,
        titles=[specimen.title for specimen in specimens],
        paths=[specimen.mesh_path for specimen in specimens],
        faces=[specimen.faces for specimen in specimens],
        detail=config.detail,
        against=config.against,
        height=wish.height,
        unit=wish.unit,
    )
    return _packed(header, scene.archive)


def _packed(header: Mapping[str, Any], data: bytes) -> bytes:
    """Return what the browser needs: length of the header, header, data."""
    text = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<I", len(text)) + text + data


def _offer_turntables(
    specimen: ViewerSpecimen, sources: Sequence[SceneSource], config: SceneConfig, wish: _Wish
) -> None:
    """Offer the query as a film; it is drawn when it is asked for, and in the child process."""
    builder = _builder()

    def film(suffix: str) -> Callable[[], bytes]:
        return lambda: builder.turntable(sources, TurntableSettings(), suffix, config)

    stem = f"{specimen.mesh_path.stem}_{config.mode}"
    with st.container(horizontal=True, gap="small"):
        for suffix, label in ((".gif", say("viewer-turntable-gif")), (".mp4", say("viewer-turntable-mp4"))):
            st.download_button(
                label,
                film(suffix),
                file_name=stem + suffix,
                key=f"viewer-film-{wish.key}{suffix}",
                on_click="ignore",
                icon=":material/360:",
                help=say("viewer-turntable-help"),
            )


def _reason(failure: str) -> str:
    return say(f"viewer-{failure}") if failure in _FAILURES else say("viewer-browser-says", what=failure)


def _show_pictures(specimens: Sequence[ViewerSpecimen], why: str, wish: _Wish, attempt: int) -> None:
    """Show turntables in place of the viewer; where there is none, a picture."""
    st.warning(say("viewer-pictures", why=why), icon=":material/view_in_ar:")
    if st.button(say("viewer-again"), key=f"viewer-again-{wish.key}", icon=":material/refresh:"):
        st.session_state[f"viewer-attempt-{wish.key}"] = attempt + 1
        st.rerun(scope="fragment")
    for place, (column, specimen) in enumerate(zip(st.columns(len(specimens)), specimens, strict=True)):
        with column:
            st.caption(specimen.title)
            strip = _strip_of(specimen)
            if strip is not None:
                header = {"frames": _TURNTABLE.frames, "label": say("viewer-turn", name=specimen.title)}
                _turntable_component()(key=f"viewer-turntable-{wish.key}-{place}", data=_packed(header, strip))
            elif specimen.fallback_image is not None and specimen.fallback_image.is_file():
                st.image(str(specimen.fallback_image), alt=specimen.title)
            else:
                st.caption(say("viewer-no-picture", name=specimen.title))


def _strip_of(specimen: ViewerSpecimen) -> bytes | None:
    """Return the frames of a turntable side by side, or None where its file cannot be used."""
    try:
        changed = specimen.mesh_path.stat().st_mtime_ns
        return _drawn_strip(specimen.source, changed)
    except (CoreError, OSError):
        return None  # why the specimen cannot be shown is said above


@st.cache_data(show_spinner=False, max_entries=24)
def _drawn_strip(source: SceneSource, changed: int) -> bytes:
    del changed  # part of the key only
    return _builder().turntable([source], _TURNTABLE, ".jpg")


def _builder() -> SceneBuilder:
    """Return the one of this server; clearing Streamlit's caches would leave its child process behind."""
    with _BUILDING:
        return _kept_builder()


@cache
def _kept_builder() -> SceneBuilder:
    return SceneBuilder()


@st.cache_resource(show_spinner=False)
def warm_up_viewer() -> None:
    """Start the process that makes scenes, once and without waiting, so that the first scene opens fast."""
    builder = _builder()

    def load() -> None:
        with suppress(CoreError):  # the first scene will say it where a person can see it
            builder.warm_up()

    threading.Thread(target=load, daemon=True, name="viewer-warm-up").start()


@st.cache_resource(show_spinner=False)
def _page() -> str:
    return viewer_page()


@st.cache_resource(show_spinner=False)
def _shell_component() -> Any:
    return st.components.v2.component("specimen_viewer_shell", js=_part("shell.js"))


@st.cache_resource(show_spinner=False)
def _viewer_component() -> Any:
    return st.components.v2.component(
        "specimen_viewer",
        html=_part("viewer.html"),
        css=_part("viewer.css"),
        js="\n".join(_part(name) for name in _SCRIPTS),
    )


@st.cache_resource(show_spinner=False)
def _turntable_component() -> Any:
    return st.components.v2.component(
        "specimen_turntable", html=_part("turntable.html"), css=_part("turntable.css"), js=_part("turntable.js")
    )


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _nothing() -> None:
    """Stand for a callback: naming the state is enough, the fragment runs again and reads it."""
