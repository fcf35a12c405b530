"""The 3D viewer: one to six specimens in viewports that turn together.

PyVista makes the scene in a child process (`core.scenes`); the vtk.js page that ships with the
trame-vtk package (BSD-3) draws it in the browser, offline. That is the way of stpyvista, with
the parts between kept alive: the process, the page and the scene stay from one click to the next.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.errors import CoreError
from core.scenes import LIGHTS, MOST_SPECIMENS, Scene, SceneBuilder, SceneConfig, SceneSource, viewer_page
from ui import viewer_stpyvista

Style = Literal["clay", "colour", "wireframe", "points"]

_PARTS = Path(__file__).parent / "viewer_component"
_WORDS = {
    "clay": "Clay",
    "colour": "Colour",
    "wireframe": "Wireframe",
    "points": "Points",
    "front": "Front",
    "back": "Back",
    "left": "Left",
    "right": "Right",
    "top": "Top",
    "bottom": "Bottom",
    "reset": "Reset",
    "snapshot": "Picture",
}
_FAILURES = {
    "no-webgl": "This browser offers no WebGL; switch on hardware acceleration in its settings, or use another one.",
    "timeout": "The scene did not appear in time.",
    "context-lost": "The browser took the graphics memory away from it.",
}


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
        A rendered view that takes its place where 3D cannot be shown.
    preview_path
        Where a decimated copy is kept; it is made where there is none yet. See
        `core.workspace.Workspace.preview_of`.
    """

    title: str
    mesh_path: Path
    fallback_image: Path | None = None
    preview_path: Path | None = None


def show_specimens(
    specimens: Sequence[ViewerSpecimen], *, key: str, height: int = 520, style: Style = "clay", unit: str = "units"
) -> None:
    """Show up to six specimens side by side, the query first; their cameras turn together.

    Where the viewer fails, the rendered views take its place and a sentence says why. Nothing
    that happens in it stops the app.

    Parameters
    ----------
    specimens
        The query and its neighbours.
    key
        Unique on the screen, and the same from run to run, so that the page stays alive.
    height
        In pixels.
    style
        How specimens are drawn at first.
    unit
        What the numbers in the files mean, for the scale bars.
    """
    if not specimens:
        st.info(
            "No specimen is chosen yet. Pick one in the gallery, the table or on the map.", icon=":material/view_in_ar:"
        )
        return
    _show(tuple(specimens[:MOST_SPECIMENS]), key, height, style, unit)


@st.fragment
def _show(specimens: tuple[ViewerSpecimen, ...], key: str, height: int, style: Style, unit: str) -> None:
    attempt = st.session_state.get(f"viewer-attempt-{key}", 0)
    name = f"viewer-{key}-{attempt}"
    state = st.session_state.get(name) or {}
    colour = state.get("colour")
    if state.get("failure"):
        _show_pictures(specimens, _FAILURES.get(state["failure"], f"The browser says: {state['failure']}."))
        if st.button("Try 3D again", key=f"viewer-again-{key}", icon=":material/refresh:"):
            st.session_state[f"viewer-attempt-{key}"] = attempt + 1
            st.rerun(scope="fragment")
        return
    try:
        if viewer_stpyvista.is_chosen():
            sources = [(specimen.mesh_path, specimen.preview_path) for specimen in specimens]
            viewer_stpyvista.show(sources, key=f"stpyvista-{key}", height=height)
            return
        config = SceneConfig(colour=style == "colour" if colour is None else bool(colour))
        sources = [SceneSource(specimen.mesh_path, specimen.preview_path) for specimen in specimens]
        with st.spinner("Preparing the 3D view …"):
            scene = _builder().build(sources, config)
        page = _page()
    except CoreError as error:
        _show_pictures(specimens, str(error))
        return
    with st.container(gap=None):
        _shell_component()(key=f"{name}-page", data={"page": page})
        _viewer_component()(
            key=name,
            data=_packed(specimens, scene, height, style, unit),
            on_failure_change=_nothing,
            on_colour_change=_nothing,
        )


def _packed(specimens: Sequence[ViewerSpecimen], scene: Scene, height: int, style: Style, unit: str) -> bytes:
    """Return what the browser needs: length of the header, header, archive."""
    titles = [specimen.title for specimen in specimens]
    badges = ["Query" if len(specimens) > 1 else "Specimen", *(str(rank) for rank in range(1, len(specimens)))]
    header = json.dumps(
        {
            "fingerprint": scene.fingerprint,
            "subject": str(specimens[0].mesh_path),
            "label": f"3D view of {', '.join(titles)}. Drag to turn, wheel to zoom, arrow keys to turn, R to reset.",
            "titles": titles,
            "badges": badges,
            "rows": scene.rows,
            "columns": scene.columns,
            "radii": scene.radii,
            "clouds": scene.clouds,
            "hasColours": scene.has_colours,
            "colour": scene.colour,
            "spacings": scene.spacings,
            "lights": [light.position for light in LIGHTS],
            "height": height,
            "style": style,
            "unit": unit,
            "words": _WORDS,
        },
        ensure_ascii=False,
    ).encode()
    return struct.pack("<I", len(header)) + header + scene.archive


def _show_pictures(specimens: Sequence[ViewerSpecimen], why: str) -> None:
    st.warning(f"These are rendered views, because the 3D viewer cannot be shown. {why}", icon=":material/view_in_ar:")
    for column, specimen in zip(st.columns(len(specimens)), specimens, strict=True):
        if specimen.fallback_image is not None and specimen.fallback_image.is_file():
            column.image(str(specimen.fallback_image), caption=specimen.title)
        else:
            column.caption(f"{specimen.title}: no picture yet.")


@st.cache_resource(show_spinner=False)
def _builder() -> SceneBuilder:
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
        "specimen_viewer", html=_part("viewer.html"), css=_part("viewer.css"), js=_part("viewer.js")
    )


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _nothing() -> None:
    """Stand for a callback: naming the state is enough, the fragment runs again and reads it."""
