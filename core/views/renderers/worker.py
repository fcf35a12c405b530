"""Child process of `isolation`.

It starts as `python -m core.views.renderers.worker vtk|filament`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import numpy as np

from core.views.renderers.isolation import read_message, write_message
from core.views.renderers.surface import Cameras, Look, Surface

_Draw = Callable[[Surface, Cameras, Look], tuple[np.ndarray, np.ndarray]]


def main(backend: str) -> None:
    """Answer requests on stdin with images on stdout until stdin ends."""
    # Libraries print to stdout: redirect it to stderr and keep the pipe for the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    draw = _renderer(backend)
    while True:
        try:
            request = read_message(sys.stdin.buffer)
        except EOFError:
            return
        surface = Surface(
            request["vertices"],
            request["faces"],
            request["normals"],
            request.get("vertex_colours"),
            request.get("corner_colours"),
        )
        cameras = Cameras(request["camera_to_world"], request["windows"], int(request["size"]))
        red, green, blue = (int(channel) for channel in request["look_background"])
        look = Look(
            appearance=str(request["look_appearance"]),
            shading=str(request["look_shading"]),
            normals=str(request["look_normals"]),
            background=(red, green, blue),
            antialias=int(request["look_antialias"]),
        )
        images, masks = draw(surface, cameras, look)
        write_message(answers, {"images": images, "masks": masks})


def _renderer(backend: str) -> _Draw:
    if backend == "vtk":
        from core.views.renderers.vtk import Renderer as VtkRenderer

        return VtkRenderer().render
    from core.views.renderers.filament import Renderer as FilamentRenderer

    return FilamentRenderer().render


if __name__ == "__main__":
    main(sys.argv[1])
