"""An alternative 3D viewer by stpyvista.

`FOSSILVIT_VIEWER=stpyvista` chooses it. It exports the whole scene for every change and reloads its
page. It forks the app's process to do so and therefore works on Linux only; the viewer in
`ui.components.viewer` needs neither. It is kept for browsers that prefer it, and to compare.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from core.foundation import RendererError, keep_offline
from core.meshes import Mesh, normalise, vertex_colours_of
from core.scenes import read_preview
from ui.words import say

VIEWER_VARIABLE = "FOSSILVIT_VIEWER"
CLAY = "#d8c7a8"
# If one of these is missing, stpyvista waits for ever instead of raising.
_NEEDED = ("stpyvista", "trame", "trame_vtk", "trame_vuetify", "nest_asyncio2")


def is_chosen() -> bool:
    """Return whether the user asked for this viewer."""
    return os.environ.get(VIEWER_VARIABLE, "").strip().casefold() == "stpyvista"


def show(sources: Sequence[tuple[Path, Path | None]], *, key: str, height: int) -> None:
    """Show specimens side by side whose cameras turn together.

    Parameters
    ----------
    sources
        File of each specimen, and path of its decimated copy.
    key
        Unique on the screen.
    height
        In pixels.

    Raises
    ------
    RendererError
        If it cannot work on this system.
    SpecimenError
        If a specimen cannot be read.
    """
    keep_offline()
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        raise RendererError(
            say("viewer-stpyvista-lacks", variable=VIEWER_VARIABLE, names=names),
            advice=say("viewer-stpyvista-install", variable=VIEWER_VARIABLE, names=names),
        )
    if sys.platform != "linux":
        advice = say("viewer-stpyvista-unset", variable=VIEWER_VARIABLE)
        raise RendererError(say("viewer-stpyvista-linux"), advice=advice)
    import pyvista
    from stpyvista import stpyvista

    ground = st.get_option("theme.light.secondaryBackgroundColor") or "#f1ede4"
    plotter = pyvista.Plotter(shape=(1, len(sources)), off_screen=True, window_size=[800, height])
    for column, (path, preview) in enumerate(sources):
        plotter.subplot(0, column)
        plotter.set_background(ground)
        _add(plotter, normalise(read_preview(path, preview)))
    plotter.link_views()
    stpyvista(plotter, key=key)


def _add(plotter: object, mesh: Mesh) -> None:
    import pyvista

    points = mesh.vertices.astype(np.float32)
    data = pyvista.PolyData(points) if mesh.is_point_cloud else pyvista.PolyData.from_regular_faces(points, mesh.faces)
    colours = vertex_colours_of(mesh)
    look = {"color": CLAY} if colours is None else {"scalars": colours, "rgb": True}
    smooth = not mesh.is_point_cloud
    plotter.add_mesh(data, smooth_shading=smooth, show_scalar_bar=False, **look)  # type: ignore[attr-defined]
    plotter.view_isometric()  # type: ignore[attr-defined]
