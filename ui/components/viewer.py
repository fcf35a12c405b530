"""The 3D viewer: one to six specimens in viewports that turn together.

PyVista makes the scene in a child process (`core.scenes.SceneBuilder`); the vtk.js page that ships
with the trame-vtk package (BSD-3) draws it in the browser, offline. stpyvista works the same way;
here the process, the page and the scene stay from one click to the next.
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
from ui.components.viewer_specimens import ViewerSpecimen
from ui.words import as_line, say

Mode = Literal["clay", "colour", "texture", "mean-curvature", "gaussian-curvature", "distance"]

_PARTS = Path(__file__).parent / "viewer_component"
_SCRIPTS = ("page.js", "section.js", "cameras.js", "panel.js", "viewer.js")
_TURNTABLE = TurntableSettings(frames=36, size=360)
_FAILURES = ("no-webgl", "timeout", "context-lost")
_BUILDING = threading.Lock()


@dataclass(frozen=True)
class _Wish:
    """Settings of a viewer by the page that calls."""

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
    """Show up to six specimens side by side whose cameras turn together.

    If the viewer fails, rendered views that can be turned take its place, and a sentence gives the
    reason. A failure in the viewer never stops the app.

    Parameters
    ----------
    specimens
        The query, then its neighbours.
    key
        Unique on the screen, and the same from run to run, so that the page stays alive.
    height
        Least height of the canvas in pixels; it grows with the window.
    mode
        What colours specimens at first.
    unit
        Unit of lengths in the files, for scale bars and legends; empty if unknown.
    registration
        How a neighbour is aligned to the query before the distance is measured.
    """
    if not specimens:
        st.info(say("viewer-nothing"), icon=":material/view_in_ar:")
        return
    wish = _Wish(key, height, mode, unit or say("viewer-units"), registration or RegistrationSettings())
    _show(tuple(specimens[:MOST_SPECIMENS]), wish)


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
    """Return the settings of the scene as chosen in the viewer, if they are possible."""
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
    """Return the bytes for the browser: length of the header, header, data."""
    text = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<I", len(text)) + text + data


def _offer_turntables(
    specimen: ViewerSpecimen, sources: Sequence[SceneSource], config: SceneConfig, wish: _Wish
) -> None:
    """Offer the query as a film, which the child process draws on demand."""
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
    """Show turntables in place of the viewer, or a picture if there is no turntable."""
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
    """Return the frames of a turntable side by side, None if its file is unusable."""
    try:
        changed = specimen.mesh_path.stat().st_mtime_ns
        return _drawn_strip(specimen.source, changed)
    except (CoreError, OSError):
        return None  # the reason is shown above the pictures


@st.cache_data(show_spinner=False, max_entries=24)
def _drawn_strip(source: SceneSource, changed: int) -> bytes:
    del changed  # part of the key only
    return _builder().turntable([source], _TURNTABLE, ".jpg")


def _builder() -> SceneBuilder:
    """Return the scene builder of this server.

    It is no resource of Streamlit: clearing its caches would leave the child process behind.
    """
    with _BUILDING:
        return _kept_builder()


@cache
def _kept_builder() -> SceneBuilder:
    return SceneBuilder()


@st.cache_resource(show_spinner=False)
def warm_up_viewer() -> None:
    """Start the process that makes scenes once, in the background."""
    builder = _builder()

    def load() -> None:
        with suppress(CoreError):  # the first scene raises it again, and the screen shows it
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
    """Do nothing.

    Streamlit wants a callback for a state; the fragment runs again and reads that state.
    """
