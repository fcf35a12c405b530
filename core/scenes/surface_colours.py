"""Colours of specimens: their own, by curvature, or by distance to a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, UInt8

from core.foundation import SettingError
from core.meshes import (
    CurvatureSettings,
    Mesh,
    Registration,
    RegistrationSettings,
    curvature_of,
    register,
    robust_limit,
    vertex_colours_of,
)

_BAR_PIXELS = 48
CURVATURES = {"mean-curvature": "mean", "gaussian-curvature": "gaussian"}
MODES = ("clay", "colour", "texture", *CURVATURES, "distance")
_STOPS = 9


@dataclass(frozen=True)
class Painted:
    """A coloured specimen, in file units.

    Parameters
    ----------
    mesh : Mesh
        Its surface; registered to the query if the distance to it is shown.
    colours : (n, 3) uint8, optional
        Colours of its vertices; None for clay.
    is_value : bool
        Whether the colours stand for numbers, which must not be darkened much.
    skin : (h, h, 3) uint8, optional
        Texture, used instead of the colours (`core.scenes.textures`).
    is_by_corner : bool
        Whether corner colours take precedence over vertex colours.
    """

    mesh: Mesh
    colours: UInt8[np.ndarray, "n 3"] | None
    is_value: bool = False
    skin: UInt8[np.ndarray, "h h 3"] | None = None
    is_by_corner: bool = False


@dataclass(frozen=True)
class Legend:
    """Legend of the colours of a scene, with lengths in units of the query's file.

    Parameters
    ----------
    limit : float
        Value with the full colour; its negative has the full other colour.
    stops : tuple of str
        Colours from the least value to the greatest, evenly spaced, as `#rrggbb`.
    rms, hausdorff : float, optional
        Root mean square and greatest distance of either surface to the other.
    overlap : float, optional
        Share of the surfaces that lies on the other; below a half the registration is unreliable.
    scale : float, optional
        Factor by which the neighbour was scaled.
    is_mirrored : bool
        Whether its mirror image was registered.
    has_failed : bool
        Whether registration failed, so that distances mean nothing.
    """

    limit: float
    stops: tuple[str, ...]
    rms: float | None = None
    hausdorff: float | None = None
    overlap: float | None = None
    scale: float | None = None
    is_mirrored: bool = False
    has_failed: bool = False


def modes_of(meshes: Sequence[Mesh], skins: Sequence[np.ndarray | None] = ()) -> tuple[str, ...]:
    """Return the modes that are available for these specimens.

    Parameters
    ----------
    meshes : sequence of Mesh
        The query and its neighbours.
    skins : sequence of (h, h, 3) uint8 or None
        Texture of each specimen, if it has one.

    Examples
    --------
    >>> import numpy as np
    >>> from core.meshes import Mesh
    >>> from core.scenes.surface_colours import modes_of
    >>> mesh = Mesh(np.eye(3), np.array([[0, 1, 2]], np.int32))
    >>> modes_of([mesh])
    ('clay', 'mean-curvature', 'gaussian-curvature')
    """
    modes = ["clay"]
    if any(vertex_colours_of(mesh) is not None for mesh in meshes):
        modes.append("colour")
    if any(skin is not None for skin in skins) or any(mesh.corner_colours is not None for mesh in meshes):
        modes.append("texture")
    if any(not mesh.is_point_cloud for mesh in meshes):
        modes.extend(CURVATURES)
    if len(meshes) > 1:
        modes.append("distance")
    return tuple(modes)


def paint(
    meshes: Sequence[Mesh],
    mode: str,
    *,
    skins: Sequence[np.ndarray | None] = (),
    against: int = 1,
    settings: RegistrationSettings | None = None,
) -> tuple[list[Painted], Legend | None]:
    """Return the specimens with their colours, and the legend.

    Parameters
    ----------
    meshes : sequence of Mesh
        The query and its neighbours.
    mode : str
        One of `MODES`.
    skins : sequence of (h, h, 3) uint8 or None
        Texture of each specimen, if it has one.
    against : int
        Index in `meshes` of the neighbour that distances are measured to.
    settings : RegistrationSettings, optional
        Settings of the registration of that neighbour.

    Raises
    ------
    SpecimenError
        If a specimen has no extent.

    Examples
    --------
    >>> import numpy as np
    >>> from core.meshes import Mesh
    >>> from core.scenes.surface_colours import paint
    >>> mesh = Mesh(np.eye(3), np.array([[0, 1, 2]], np.int32), np.full((3, 3), 90, np.uint8))
    >>> painted, legend = paint([mesh], "colour")
    >>> painted[0].colours[0].tolist(), legend
    ([90, 90, 90], None)
    """
    if mode in CURVATURES:
        return _by_curvature(meshes, CURVATURES[mode])
    if mode == "distance" and len(meshes) > against:
        return _by_distance(meshes, against, settings)
    if mode == "texture":
        return _by_texture(meshes, skins or [None] * len(meshes)), None
    wanted = mode == "colour"
    return [Painted(mesh, vertex_colours_of(mesh) if wanted else None) for mesh in meshes], None


def _by_texture(meshes: Sequence[Mesh], skins: Sequence[np.ndarray | None]) -> list[Painted]:
    return [
        Painted(mesh, vertex_colours_of(mesh), skin=skin, is_by_corner=skin is None and mesh.corner_colours is not None)
        for mesh, skin in zip(meshes, skins, strict=True)
    ]


def _by_curvature(meshes: Sequence[Mesh], kind: str) -> tuple[list[Painted], Legend | None]:
    """Colour all specimens by curvature times size, on one scale.

    The product does not depend on unit and size, so that form alone is compared.
    """
    settings = CurvatureSettings(kind)
    sizes = [float(np.max(mesh.extent)) ** (2 if kind == "gaussian" else 1) for mesh in meshes]
    values = [
        None if mesh.is_point_cloud else curvature_of(mesh, settings) * np.float32(size)
        for mesh, size in zip(meshes, sizes, strict=True)
    ]
    known = [value for value in values if value is not None]
    if not known:
        return [Painted(mesh, None) for mesh in meshes], None
    limit = robust_limit(*known)
    painted = [
        Painted(mesh, None if value is None else colours_of_distances(value, limit), is_value=value is not None)
        for mesh, value in zip(meshes, values, strict=True)
    ]
    return painted, Legend(limit / sizes[0], _stops())


def _by_distance(
    meshes: Sequence[Mesh], against: int, settings: RegistrationSettings | None
) -> tuple[list[Painted], Legend]:
    registration = register(meshes[0], meshes[against], settings)
    limit = robust_limit(registration.distances)
    painted = [Painted(mesh, None) for mesh in meshes]
    painted[0] = Painted(meshes[0], colours_of_distances(registration.distances, limit), is_value=True)
    if not registration.has_failed:
        painted[against] = Painted(_rotated(meshes[against], registration), None)
    legend = Legend(
        limit,
        _stops(),
        rms=registration.rms,
        hausdorff=registration.hausdorff,
        overlap=registration.overlap,
        scale=registration.scale,
        is_mirrored=registration.is_mirrored,
        has_failed=registration.has_failed,
    )
    return painted, legend


def _rotated(mesh: Mesh, registration: Registration) -> Mesh:
    """Return the neighbour in its orientation on the query, in its own units."""
    rotation = registration.other_to_query[:3, :3] / registration.scale
    normals = None if mesh.normals is None else (mesh.normals @ rotation.T).astype(np.float32)
    faces = mesh.faces[:, ::-1].copy() if registration.is_mirrored else mesh.faces
    return replace(mesh, vertices=mesh.vertices @ rotation.T, faces=faces, normals=normals, corner_colours=None)


def _stops() -> tuple[str, ...]:
    colours = colours_of_distances(np.linspace(-1, 1, _STOPS, dtype=np.float32), 1.0)
    return tuple("#" + bytes(colour).hex() for colour in colours)


def colours_of_distances(distances: Float32[np.ndarray, " n"], limit: float) -> UInt8[np.ndarray, "n 3"]:
    """Return a colour for every distance: blue inside, white at 0, red outside.

    Parameters
    ----------
    distances : (n,) float32
        Signed distances.
    limit : float
        Distance with the full colour.

    Raises
    ------
    SettingError
        If the limit is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from core.scenes import colours_of_distances
    >>> colours_of_distances(np.array([-1, 0, 1], np.float32), limit=1.0).tolist()
    [[33, 102, 172], [247, 247, 247], [178, 24, 43]]
    """
    if not limit > 0:
        raise SettingError("'limit' must be above 0 (got {limit}).", limit=limit)
    share = np.clip(distances.astype(np.float64) / limit, -1, 1)[:, None]
    ends = np.where(share > 0, [[178, 24, 43]], [[33, 102, 172]])
    return np.asarray(np.rint(247 + (ends - 247) * np.abs(share)), dtype=np.uint8)


def with_distances(query: Mesh, registration: Registration, limit: float | None = None) -> tuple[Mesh, float]:
    """Return the query coloured by its distances, and the limit of the colours.

    Parameters
    ----------
    query : Mesh
        The fixed mesh of the registration.
    registration : Registration
        Result of `core.meshes.register`.
    limit : float, optional
        Distance with the full colour in file units; None for the 95th percentile.
    """
    if limit is None:
        limit = max(float(np.quantile(np.abs(registration.distances), 0.95)), 1e-12)
    colours = colours_of_distances(registration.distances, limit)
    return replace(query, vertex_colours=colours, corner_colours=None), limit


def draw_differences(query: Mesh, registration: Registration, *, views: int = 4, size: int = 384) -> np.ndarray:
    """Return an image of the query, coloured by distances, with a scale bar.

    Parameters
    ----------
    query : Mesh
        The fixed mesh of the registration.
    registration : Registration
        Result of `core.meshes.register`.
    views, size : int
        Number of views, and their height and width in pixels.

    Returns
    -------
    (size + 48, views × size, 3) uint8
    """
    import cv2

    from core.views import ViewSettings, render_views

    coloured, limit = with_distances(query, registration)
    images = render_views(coloured, ViewSettings(views=views, size=size, appearance="colour", layout="ring")).images
    bar = np.full((_BAR_PIXELS, size * len(images), 3), 255, dtype=np.uint8)
    width = min(300, size - 40)
    along = np.linspace(-limit, limit, width).astype(np.float32)
    bar[8:22, 20 : 20 + width] = colours_of_distances(along, limit)[None]
    # Numbers without a unit: files seldom tell theirs.
    for value, place in ((-limit, 20), (0.0, 20 + width // 2 - 4), (limit, width - 30)):
        text = f"{value:+.3g}" if value else "0"
        cv2.putText(bar, text, (place, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.asarray(np.vstack([np.hstack(list(images)), bar]))
