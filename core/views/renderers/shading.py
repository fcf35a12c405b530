"""A look and a surface in the forms that `core.views.renderers.kernels` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.views.renderers.compositing import cavities, openness
from core.views.renderers.kernels import colour_hits
from core.views.renderers.surface import Look, Surface

_APPEARANCE = {"gray": 0, "colour": 1, "depth": 2, "normals": 3}
_SHADING = {"clay": 0, "occlusion": 0, "headlight": 1, "key": 2}
_RELIEF: dict[str, Callable[..., np.ndarray]] = {"clay": cavities, "occlusion": openness}


@dataclass(frozen=True)
class Shading:
    """What colouring a hit needs besides the hit.

    Parameters
    ----------
    arguments : tuple
        What the kernels take last, in order.
    channels : int
        1 for gray, 3 for colours.
    relief : callable, optional
        What brings out form beyond the lights: `core.views.renderers.compositing.cavities` or `openness`.
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
        """Return the colours of some hits, (n, channels), and their normals' parts to the right and down, (2, n).

        Parameters
        ----------
        hits : tuple
            Faces (n,) int32, places on them (n, 2) float32, sides (n,) float32, depths (n,) float32.
        camera : (5, 3) float32
            As `camera_numbers` returns it.
        into : tuple, optional
            Arrays for the two results; where nothing is hit they keep what they hold.
        """
        if into is None:
            into = np.zeros((len(hits[0]), self.channels), np.float32), np.zeros((2, len(hits[0])), np.float32)
        colours, bends = into
        colour_hits(*hits, colours, bends, camera, *self.arguments)
        return colours, bends


def shading_of(surface: Surface, look: Look) -> Shading:
    """Gather what shading looks up, in the forms that the compiled code takes."""
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
    """Return a view that compiled code sees as one type, whether the array may be written or not."""
    view = array.view()
    view.setflags(write=False)
    return view


def camera_numbers(pose: np.ndarray, window: np.ndarray, size: int) -> np.ndarray:
    """Return right, down, forward, position (rows 0 to 3) and left, top, step (row 4) as float32."""
    camera = np.empty((5, 3), np.float32)
    camera[:4] = pose[:3, :4].T
    camera[4] = (window[0], window[2], (window[1] - window[0]) / size)
    return camera
