"""The specimens that the 3D viewer shows, and how many stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.scenes import MOST_SPECIMENS, SceneSource
from ui.session import state
from ui.words import say


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
        A rendered view that takes its place if neither 3D nor a turntable can be shown.
    preview_path
        Path of a decimated copy; it is written if it does not exist yet. See
        `core.workspace.Workspace.preview_of`.
    faces
        Number of faces of its file if known; shown before they are all loaded.
    """

    title: str
    mesh_path: Path
    fallback_image: Path | None = None
    preview_path: Path | None = None
    faces: int | None = None

    @property
    def source(self) -> SceneSource:
        """Return the files that a scene reads."""
        return SceneSource(self.mesh_path, self.preview_path)


def viewer_specimen(collection: state.Collection, specimen_id: str) -> ViewerSpecimen | None:
    """Return what the viewer needs of a specimen, None if its file is missing."""
    path, record = collection.mesh_path(specimen_id), collection.records.get(specimen_id)
    if path is None:
        return None
    return ViewerSpecimen(
        state.short_name(specimen_id),
        path,
        collection.thumbnail(specimen_id),
        collection.preview(specimen_id),
        faces=record.n_faces if record is not None else None,
    )


def choose_beside(ranked: Sequence[str], first: str | None, *, key: str) -> list[str]:
    """Ask how many neighbours stand beside the query, and return them.

    Parameters
    ----------
    ranked
        Neighbours, nearest first.
    first
        The one that is shown in any case, None if there are no neighbours.
    key
        Unique on the screen.
    """
    if first is None:
        return []
    counts = range(1, min(MOST_SPECIMENS, len(ranked) + 1))
    # A number chosen for a query with more neighbours may be no option here.
    if st.session_state.get(f"viewer-beside-{key}", 1) not in counts:
        st.session_state[f"viewer-beside-{key}"] = counts[-1]
    st.session_state.setdefault(f"viewer-beside-{key}", 1)
    count = st.segmented_control(
        say("viewer-beside"), counts, key=f"viewer-beside-{key}", help=say("viewer-beside-help")
    )
    return [first, *(name for name in ranked if name != first)][: count or 1]
