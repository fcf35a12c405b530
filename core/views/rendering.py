"""Specimen → views: images of one specimen from many camera poses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from core.foundation import SettingError, SpecimenError
from core.meshes import Mesh, normalise_with_body
from core.views.cameras import camera_poses, check_views
from core.views.framing import FRAMINGS, frame_cameras
from core.views.renderers.surface import APPEARANCES, BACKENDS, NORMALS, SHADINGS, Cameras, Look, Surface
from core.views.renderers.surface_building import surface_of

VIEWS_VERSION = "5"
"""Changes whenever the same mesh and settings give other pixels; part of every fingerprint."""

ANTIALIAS = (1, 4, 16)
BACKGROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "gray": (128, 128, 128)}
_SMALLEST_SIZE, _LARGEST_SIZE = 16, 4096


@dataclass(frozen=True)
class ViewSettings:
    """Settings of the views of a specimen.

    Parameters
    ----------
    views : int
        Number of views, from 1.
    size : int
        Width and height of an image in pixels, 16 to 4096.
    backend : str
        `raster` (scan conversion; fastest), `raycast` (Embree), `vtk`, `filament`, or `auto`,
        which is `raster`. The first two give the same images and need no graphics driver.
    appearance : str
        `gray` (form alone), `colour` (the specimen's own, if it has one), `depth` or `normals`.
    layout : str
        Layout of the cameras: see `core.views.camera_poses`.
    background : str
        `white`, `black`, `gray`, or a colour like `#20304a`.
    shading : str
        `clay` (matte, a light at the camera, one from the upper left, cavities darkened),
        `occlusion` (the same lights, with screen-space ambient occlusion),
        `headlight` or `key`.
    normals : str
        `smooth` or `flat`.
    antialias : int
        Samples of a pixel at an edge: 1, 4 or 16.
    framing : str
        `view` fits the window to every view, `specimen` gives all views of a specimen the same scale.
    align : bool
        Rotate the specimen to its principal axes first.
    mixed : bool
        Rotate it for every second view only. Specimens with the same orientation in their files are
        compared in that orientation, and those with another are still found (see docs/retrieval.md).

    Raises
    ------
    SettingError
        If a value is not allowed.

    Examples
    --------
    >>> from core.views import ViewSettings
    >>> ViewSettings(views=6, size=224).framing
    'view'
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
        The images; read-only.
    masks : (v, h, w) bool
        Which pixels show the specimen; read-only.
    camera_to_world : (v, 4, 4) float64
        Poses as `core.views.camera_poses` returns them; read-only.
    depth : (v, h, w) float32, optional
        Distance along the camera's axis in radii of the specimen; infinite off the specimen;
        read-only. None if it was not requested or the backend does not compute it.
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
    """Draw a specimen from many camera poses.

    Parameters
    ----------
    mesh : Mesh
        As read; it is normalised here.
    settings : ViewSettings
        Number, size and look of the views.
    threads : int
        Number of threads, 0 for all; changes the time, not the images.
    with_depth : bool
        Whether to keep the depth of every pixel, which `raster` and `raycast` compute.

    Raises
    ------
    SpecimenError
        If the mesh has no extent, or is not visible in any view.
    RendererError
        If the requested backend does not work on this machine.

    Examples
    --------
    >>> import numpy as np
    >>> from core.meshes import Mesh
    >>> from core.views import ViewSettings, render_views
    >>> corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
    >>> mesh = Mesh(corners, np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32))
    >>> views = render_views(mesh, ViewSettings(views=3, size=32))
    >>> views.images.shape, views.masks.shape
    ((3, 32, 32, 3), (3, 32, 32))
    """
    if settings.mixed:
        return _render_mixed(mesh, settings, threads=threads, with_depth=with_depth)
    views = _render_subset(mesh, settings, slice(None), threads=threads, with_depth=with_depth)
    if not views.masks.any():
        raise SpecimenError("Nothing of the specimen can be seen in any view.", advice="Check the mesh in a viewer.")
    return views


def _render_mixed(mesh: Mesh, settings: ViewSettings, *, threads: int, with_depth: bool) -> Views:
    """Draw every second view along the principal axes.

    Views 0, 2, … keep the orientation of the file.
    """
    variants = [replace(settings, mixed=False, align=align) for align in (False, True)][: settings.views]
    halves = [
        _render_subset(mesh, variant, slice(first, None, 2), threads=threads, with_depth=with_depth)
        for first, variant in enumerate(variants)
    ]
    if not any(half.masks.any() for half in halves):
        raise SpecimenError("Nothing of the specimen can be seen in any view.", advice="Check the mesh in a viewer.")
    order = np.argsort(np.concatenate([np.arange(first, settings.views, 2) for first in range(len(variants))]))
    depths = [half.depth for half in halves if half.depth is not None]
    return Views(
        np.concatenate([half.images for half in halves])[order],
        np.concatenate([half.masks for half in halves])[order],
        np.concatenate([half.camera_to_world for half in halves])[order],
        np.concatenate(depths)[order] if depths else None,
    )


def _render_subset(mesh: Mesh, settings: ViewSettings, subset: slice, *, threads: int, with_depth: bool) -> Views:
    """Draw some of the views, framed as all of them together are."""
    unit, body = normalise_with_body(mesh)
    if settings.align:
        from core.meshes import aligned

        unit = aligned(unit)
    surface = surface_of(unit)
    poses = camera_poses(settings.views, settings.layout)
    cameras = frame_cameras(surface, body, poses, size=settings.size, framing=settings.framing)
    cameras = replace(cameras, camera_to_world=cameras.camera_to_world[subset], windows=cameras.windows[subset])
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
        If it is neither a known name nor a colour like `#20304a`.

    Examples
    --------
    >>> from core.views import colour_of
    >>> colour_of("white"), colour_of("#20304a")
    ((255, 255, 255), (32, 48, 74))
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


def draw_surface(
    backend: str, surface: Surface, cameras: Cameras, look: Look, threads: int = 0, depth: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a surface with one of the renderers and return images and masks.

    Parameters
    ----------
    backend : str
        `auto`, `raster`, `raycast`, `vtk` or `filament`.
    surface : Surface
        The specimen.
    cameras : Cameras
        Poses, windows and image size.
    look : Look
        Lights and colours.
    threads : int
        Number of threads, 0 for all.
    depth : (v, h, w) float32, optional
        Filled with the distance to the surface by `raster` and `raycast`.

    Returns
    -------
    images : (v, h, w, 3) uint8
        The images.
    masks : (v, h, w) bool
        Which pixels show the specimen.

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
