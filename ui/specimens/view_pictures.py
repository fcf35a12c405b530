"""The views of a specimen as the backbone received them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from core.foundation import file_of_specimen
from core.meshes import read_mesh
from core.storage import is_image
from core.views import ViewSettings, read_photographs, read_view_files, render_views
from ui.session import state


def views_of(collection: state.Collection, specimen_id: str) -> np.ndarray | None:
    """Return the views of a specimen, None if its file is missing.

    These are the views that the run kept, its photographs, or new ones rendered from its mesh,
    (V, h, w, 3) uint8.

    Raises
    ------
    CoreError
        If its file cannot be read any more.
    """
    settings, record = collection.view_settings, collection.records.get(specimen_id)
    files = (
        file_of_specimen(collection.run.renders, specimen_id, f"_view{at:02d}.png") for at in range(settings.views)
    )
    kept = [path for path in files if path.is_file()]
    if kept:
        return read_view_files(kept)
    if record is not None and record.kind == "photographs" and Path(record.path).is_dir():
        pictures = sorted(path for path in Path(record.path).iterdir() if is_image(path) and path.name[0] != ".")
        return read_photographs(pictures, settings.size)
    path = collection.mesh_path(specimen_id)
    return None if path is None else rendered_views(path, settings)


@st.cache_data(show_spinner=False, max_entries=64)
def rendered_views(path: Path, settings: ViewSettings) -> np.ndarray:
    """Return the views of a mesh, rendered once."""
    return render_views(read_mesh(path), settings).images
