"""Input of all renderers: surface, cameras with windows, look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

BACKENDS = ("auto", "raster", "raycast", "vtk", "filament")
APPEARANCES = ("gray", "colour", "depth", "normals")
SHADINGS = ("clay", "occlusion", "headlight", "key")
NORMALS = ("smooth", "flat")


@dataclass(frozen=True)
class Surface:
    """The surface of a normalised specimen.

    Parameters
    ----------
    vertices : (n, 3) float32
        Positions; the specimen's centre is the origin and its radius 1.
    faces : (m, 3) int32
        Vertex indices.
    normals : (n, 3) float32
        Unit vertex normals on the front of their faces; zero if the faces cancel out.
    vertex_colours : (n, 3) uint8, optional
        Colour of each vertex.
    corner_colours : (m, 3, 3) uint8, optional
        Colour of each corner; takes precedence over `vertex_colours`.
    """

    vertices: Float[np.ndarray, "n 3"]
    faces: Int[np.ndarray, "m 3"]
    normals: Float[np.ndarray, "n 3"]
    vertex_colours: UInt8[np.ndarray, "n 3"] | None = None
    corner_colours: UInt8[np.ndarray, "m 3 3"] | None = None


@dataclass(frozen=True)
class Cameras:
    """Camera poses and the window that each image shows.

    Parameters
    ----------
    camera_to_world : (v, 4, 4) float64
        Poses as `core.views.camera_poses` returns them: x right, y down, z forward.
    windows : (v, 4) float64
        Left, right, top and bottom of each image on the plane one unit before its camera.
    size : int
        Width and height of an image in pixels.
    """

    camera_to_world: Float[np.ndarray, "v 4 4"]
    windows: Float[np.ndarray, "v 4"]
    size: int


@dataclass(frozen=True)
class Look:
    """Lights and colours of an image.

    The fields are those of `core.views.ViewSettings`.
    """

    appearance: str = "gray"
    shading: str = "clay"
    normals: str = "smooth"
    background: tuple[int, int, int] = (255, 255, 255)
    antialias: int = 4
