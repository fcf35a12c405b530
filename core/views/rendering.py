"""Specimen → views: pictures of one specimen from all around, whichever renderer draws them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from core.foundation import SettingError, SpecimenError
from core.meshes import Mesh, normalise_with_body
from core.views.cameras import camera_poses, check_views
from core.views.renderers.surface import APPEARANCES, BACKENDS, NORMALS, SHADINGS, Cameras, Look, Surface
from core.views.renderers.surface_building import surface_of

VIEWS_VERSION = "5"
"""Changes whenever the same mesh and settings give other pixels; part of every fingerprint."""

FRAMINGS = ("view", "specimen")
ANTIALIAS = (1, 4, 16)
BACKGROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "gray": (128, 128, 128)}
_SMALLEST_SIZE, _LARGEST_SIZE = 16, 4096
_MARGIN = 0.04


@dataclass(frozen=True)
class ViewSettings:
    """How the views of a specimen are made.

    Parameters
    ----------
    views : int
        How many, from 1.
    size : int
        Width and height of a picture in pixels, 16 to 4096.
    backend : str
        `raster` (scan conversion; fastest), `raycast` (Embree), `vtk`, `filament`, or `auto`,
        which is `raster`. The first two give the same pictures and need no graphics driver.
    appearance : str
        `gray` (form alone), `colour` (the specimen's own, where it has one), `depth` or `normals`.
    layout : str
        Where the cameras stand: see `core.views.cameras.camera_poses`.
    background : str
        `white`, `black`, `gray`, or a colour like `#20304a`.
    shading : str
        `clay` (matte, a light at the camera, one from the upper left, cavities darkened),
        `occlusion` (the same lights; darker where the surroundings hide more of the sky),
        `headlight` or `key`.
    normals : str
        `smooth` or `flat`.
    antialias : int
        Rays through a pixel at an edge: 1, 4 or 16.
    framing : str
        `view` zooms every view by itself, `specimen` all views of a specimen alike.
    align : bool
        Turn the specimen to its principal axes first.
    mixed : bool
        Turn it so for every second view only: what lies alike in its file is compared as it lies,
        and what does not is still found (see docs/retrieval.md).

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed.
    """

    views: int = 12
    size: int = 768
    backend: str = "auto"
    appearance: str = "gray"
    layout: str = "fibonacci"
    background: str = "white"
    shading: str = "clay"
    normals: str = "smooth"
    antialias: int = 4
    framing: str = "view"
    align: bool = False
    mixed: bool = False

    def __post_init__(self) -> None:
        """Check every setting."""
        check_views(self.views, self.layout)
        if not _SMALLEST_SIZE <= self.size <= _LARGEST_SIZE:
            raise SettingError(
                "'size' must be from {smallest_size} to {largest_size} pixels (got {size}).",
                advice="Backbones look at 224 to 518 pixels.",
                smallest_size=_SMALLEST_SIZE,
                largest_size=_LARGEST_SIZE,
                size=self.size,
            )
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise SettingError(
                    "'{name}' must be one of {allowed} (got {value!r}).",
                    name=name,
                    allowed=", ".join(map(str, allowed)),
                    value=value,
                )
        if self.backend in ("vtk", "filament") and self.appearance in ("depth", "normals"):
            raise SettingError(
                "'appearance' must be gray or colour with the backend {backend} (got {appearance!r}).",
                advice="Use --backend raster, which draws depth and normals too.",
                backend=self.backend,
                appearance=self.appearance,
            )
        if self.align and self.mixed:
            raise SettingError(
                "'align' turns the specimen for all views, 'mixed' for every second one.", advice="Leave one out."
            )
        colour_of(self.background)


_CHOICES: dict[str, tuple[object, ...]] = {
    "backend": BACKENDS,
    "appearance": APPEARANCES,
    "shading": SHADINGS,
    "normals": NORMALS,
    "antialias": ANTIALIAS,
    "framing": FRAMINGS,
}


@dataclass(frozen=True)
class Views:
    """The views of one specimen.

    Parameters
    ----------
    images : (v, h, w, 3) uint8
        The pictures; read-only.
    masks : (v, h, w) bool
        Which pixels show the specimen; read-only.
    camera_to_world : (v, 4, 4) float64
        Poses as `core.views.cameras` has them; read-only.
    depth : (v, h, w) float32, optional
        Distance along the camera's axis, where the specimen's radius is 1; infinite off the
        specimen; read-only. None where it was not asked for or the backend does not tell.
    """

    images: UInt8[np.ndarray, "v h w 3"]
    masks: Bool[np.ndarray, "v h w"]
    camera_to_world: Float[np.ndarray, "v 4 4"]
    depth: Float32[np.ndarray, "v h w"] | None = None

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.images, self.masks, self.camera_to_world, self.depth):
            if array is not None:
                array.setflags(write=False)


def render_views(mesh: Mesh, settings: ViewSettings, *, threads: int = 0, with_depth: bool = False) -> Views:
    """Draw a specimen from all around.

    Parameters
    ----------
    mesh : Mesh
        As read; it is normalised here.
    settings : ViewSettings
        How many views, how large, how drawn.
    threads : int
        How many threads the ray caster uses, 0 for all; changes the time, not the pictures.
    with_depth : bool
        Whether to keep the depth of every pixel, which `raster` and `raycast` know.

    Raises
    ------
    SpecimenError
        Where the mesh has no extent, or nothing of it can be seen.
    RendererError
        Where the backend asked for does not work here.
    """
    if settings.mixed:
        return _mixed(mesh, settings, threads=threads, with_depth=with_depth)
    views = _drawn(mesh, settings, slice(None), threads=threads, with_depth=with_depth)
    if not views.masks.any():
        raise SpecimenError("Nothing of the specimen can be seen in any view.", advice="Check the mesh in a viewer.")
    return views


def _mixed(mesh: Mesh, settings: ViewSettings, *, threads: int, with_depth: bool) -> Views:
    """Draw the first, third, … view as the specimen lies in its file, the others along its principal axes."""
    ways = [replace(settings, mixed=False, align=align) for align in (False, True)][: settings.views]
    halves = [
        _drawn(mesh, way, slice(place, None, 2), threads=threads, with_depth=with_depth)
        for place, way in enumerate(ways)
    ]
    if not any(half.masks.any() for half in halves):
        raise SpecimenError("Nothing of the specimen can be seen in any view.", advice="Check the mesh in a viewer.")
    order = np.argsort(np.concatenate([np.arange(place, settings.views, 2) for place in range(len(ways))]))
    depths = [half.depth for half in halves if half.depth is not None]
    return Views(
        np.concatenate([half.images for half in halves])[order],
        np.concatenate([half.masks for half in halves])[order],
        np.concatenate([half.camera_to_world for half in halves])[order],
        np.concatenate(depths)[order] if depths else None,
    )


def _drawn(mesh: Mesh, settings: ViewSettings, which: slice, *, threads: int, with_depth: bool) -> Views:
    """Draw some of the views."""
    unit, body = normalise_with_body(mesh)
    if settings.align:
        from core.meshes import aligned

        unit = aligned(unit)
    surface = surface_of(unit)
    cameras = _cameras(surface, body, settings)
    cameras = replace(cameras, camera_to_world=cameras.camera_to_world[which], windows=cameras.windows[which])
    look = Look(
        appearance=settings.appearance,
        shading=settings.shading,
        normals=settings.normals,
        background=colour_of(settings.background),
        antialias=settings.antialias,
    )
    knows_depth = with_depth and settings.backend in ("auto", "raster", "raycast")
    depth = np.empty((len(cameras.camera_to_world), settings.size, settings.size), np.float32) if knows_depth else None
    images, masks = draw_surface(settings.backend, surface, cameras, look, threads, depth)
    return Views(images, masks, cameras.camera_to_world, depth)


def colour_of(name: str) -> tuple[int, int, int]:
    """Return red, green and blue of a background's name.

    Raises
    ------
    SettingError
        Where it is neither a known name nor like `#20304a`.
    """
    if name in BACKGROUNDS:
        return BACKGROUNDS[name]
    digits = name.removeprefix("#")
    if name.startswith("#") and len(digits) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    raise SettingError(
        "'background' must be one of {allowed} or a colour like #20304a (got {name!r}).",
        allowed=", ".join(BACKGROUNDS),
        name=name,
    )


def _cameras(surface: Surface, body: np.ndarray | None, settings: ViewSettings) -> Cameras:
    """Aim the cameras and choose square windows around what they see of the specimen's body."""
    from core.views.renderers.geometry import bounds_in_windows

    poses = camera_poses(settings.views, settings.layout)
    vertices = surface.vertices
    if body is not None:
        vertices = np.ascontiguousarray(vertices[body]) if len(body) == len(vertices) else _within_reach(vertices)
    bounds = bounds_in_windows(vertices, poses)
    middles = np.stack([bounds[:, 0] + bounds[:, 1], bounds[:, 2] + bounds[:, 3]], axis=1) / 2
    halves = np.maximum(bounds[:, 1] - bounds[:, 0], bounds[:, 3] - bounds[:, 2]) / 2
    if settings.framing == "specimen":
        halves[:] = halves.max()
    halves = np.maximum(halves, 1e-3 * halves.max()) * (1 + 2 * _MARGIN) + 1e-6
    windows = np.stack(
        [middles[:, 0] - halves, middles[:, 0] + halves, middles[:, 1] - halves, middles[:, 1] + halves], axis=1
    )
    return Cameras(poses, windows, settings.size)


def _within_reach(vertices: np.ndarray) -> np.ndarray:
    """Return the corners of those discs of a point cloud that belong to the body, which has radius 1."""
    return np.ascontiguousarray(vertices[np.einsum("ni,ni->n", vertices, vertices) <= 1.05**2])


def draw_surface(
    backend: str, surface: Surface, cameras: Cameras, look: Look, threads: int = 0, depth: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return images (v, h, w, 3) uint8 and masks (v, h, w) of a surface, drawn by one of the renderers.

    Parameters
    ----------
    backend : str
        `auto`, `raster`, `raycast`, `vtk` or `filament`.
    surface : Surface
        What is drawn.
    cameras : Cameras
        Poses, windows and image size.
    look : Look
        Lights and colours.
    threads : int
        Number of threads, 0 for all.
    depth : (v, h, w) float32, optional
        Filled with the distance to the surface, where the renderer knows it.

    Raises
    ------
    RendererError
        If the renderer does not work on this machine.
    """
    if backend in ("auto", "raster"):
        from core.views.renderers import raster

        return raster.render(surface, cameras, look, threads, depth)
    if backend == "raycast":
        from core.views.renderers import raycast

        return raycast.render(surface, cameras, look, threads, depth)
    from core.views.renderers import isolation

    return isolation.render(backend, surface, cameras, look)
