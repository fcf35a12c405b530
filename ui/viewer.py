"""The 3D viewer: one to six specimens in viewports that turn together."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import CoreError
from core.scenes import Scene, SceneBuilder, SceneConfig, Style, viewer_shell


@dataclass(frozen=True)
class ViewerSpecimen:
    """A specimen to show: its title, its mesh (better a preview), and a picture to fall back on."""

    title: str
    mesh_path: Path
    fallback_image: Path | None = None


def show_specimens(specimens: Sequence[ViewerSpecimen], *, key: str, height: int = 520, style: Style = "clay") -> None:
    """Show the specimens side by side, the query first; cameras turn together.

    Where the viewer fails, the rendered pictures take its place and a sentence says why.
    """
    if not specimens:
        st.info("No specimen is chosen. Pick one in the gallery, the table or the map.")
        return
    st.caption(" · ".join(specimen.title for specimen in specimens))
    try:
        scene = _builder().build([specimen.mesh_path for specimen in specimens], SceneConfig(style=style))
        page = _page(scene)
    except CoreError as error:
        _show_pictures(specimens, str(error))
        return
    with st.container(key=f"viewer-{key}"):
        st.iframe(page, height=height, alt="3D viewer")


@st.cache_resource(show_spinner=False)
def _builder() -> SceneBuilder:
    return SceneBuilder()


def _page(scene: Scene) -> str:
    load = f"""<script>function loadDataSet() {{
      OfflineLocalView.load(document.body, {{ base64Str: "{base64.b64encode(scene.archive).decode()}" }});
    }}</script>"""
    return viewer_shell().replace("</body>", load + "</body>", 1)


def _show_pictures(specimens: Sequence[ViewerSpecimen], why: str) -> None:
    st.warning(f"The 3D viewer cannot be shown here, so these are rendered views. {why}", icon=":material/view_in_ar:")
    for column, specimen in zip(st.columns(len(specimens)), specimens, strict=True):
        if specimen.fallback_image is not None and specimen.fallback_image.is_file():
            column.image(str(specimen.fallback_image), caption=specimen.title)
        else:
            column.caption(f"{specimen.title}: no picture yet.")
