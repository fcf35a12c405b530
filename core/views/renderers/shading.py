"""Shading of hits: arguments and calls of the compiled kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.views.renderers.compositing import cavities, screen_space_occlusion
from core.views.renderers.kernels import colour_hits
from core.views.renderers.surface import Look, Surface

_APPEARANCE = {"gray": 0, "colour": 1, "depth": 2, "normals": 3}
_SHADING = {"clay": 0, "occlusion": 0, "headlight": 1, "key": 2}
_RELIEF: dict[str, Callable[..., np.ndarray]] = {"clay": cavities, "occlusion": screen_space_occlusion}


@dataclass(frozen=True)
class Shading:
    """Arguments for the colour of a hit besides the hit itself.

    Parameters
    ----------
    arguments : tuple
        Last arguments of `core.views.renderers.kernels.colour_hits`, in order.
    channels : int
        1 for gray, 3 for colours.
    relief : callable, optional
        What brings out form beyond the lights: `core.views.renderers.compositing.cavities` or `screen_space_occlusion`.
    background : (3,) float32
        From 0 to 255.
    """

    arguments: tuple[Any, ...]
    channels: int
    relief: Callable[..., np.ndarray] | None
    background: np.ndarray

    def colour(
        self,
        hits: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
        camera: np.ndarray,
        into: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the colours and normals of some hits.

        Parameters
        ----------
        hits : tuple
            Faces (n,) int32, barycentric coordinates (n, 2) float32, sides (n,) float32, depths (n,) float32.
        camera : (5, 3) float32
            As `camera_numbers` returns it.
        into : tuple, optional
            Arrays for the two results; entries without a hit are left alone.

        Returns
        -------
        colours : (n, channels) float32
            From 0 to 255.
        normals_xy : (2, n) float32
            Components of unit normals in the camera's frame.
        """
        if into is None:
            into = np.zeros((len(hits[0]), self.channels), np.float32), np.zeros((2, len(hits[0])), np.float32)
        colours, normals_xy = into
        colour_hits(*hits, colours, normals_xy, camera, *self.arguments)
        return colours, normals_xy


def shading_of(surface: Surface, look: Look) -> Shading:
    """Return the shading of a surface for the compiled code."""
    corner_colours = surface.corner_colours if surface.corner_colours is not None else np.empty((0, 3, 3), np.uint8)
    vertex_colours = surface.vertex_colours if surface.vertex_colours is not None else np.empty((0, 3), np.uint8)
    appearance = look.appearance
    if appearance == "colour" and not len(corner_colours) and not len(vertex_colours):
        appearance = "gray"
    arguments = (
        _readable(surface.vertices),
        _readable(surface.faces),
        _readable(surface.normals),
        _readable(vertex_colours),
        _readable(corner_colours),
        _APPEARANCE[appearance],
        _SHADING[look.shading],
        look.normals == "smooth",
    )
    lit = appearance in ("gray", "colour")
    return Shading(
        arguments,
        1 if appearance in ("gray", "depth") else 3,
        _RELIEF.get(look.shading) if lit else None,
        np.array(look.background, np.float32),
    )


def _readable(array: np.ndarray) -> np.ndarray:
    """Return a read-only view of an array.

    Compiled code is specialised by type, and read-only arrays are a type of their own.
    """
    view = array.view()
    view.setflags(write=False)
    return view


def camera_numbers(pose: np.ndarray, window: np.ndarray, size: int) -> np.ndarray:
    """Return a camera as a (5, 3) float32 array.

    Rows 0 to 3 are right, down, forward and position; row 4 is left, top and step of the window.
    """
    camera = np.empty((5, 3), np.float32)
    camera[:4] = pose[:3, :4].T
    camera[4] = (window[0], window[2], (window[1] - window[0]) / size)
    return camera
