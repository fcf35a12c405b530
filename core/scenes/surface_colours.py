"""What the specimens of a scene are coloured by: their own colours, curvature, distance to a neighbour."""

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
    """A specimen of a scene, in file units.

    Parameters
    ----------
    mesh : Mesh
        Its surface; laid onto the query where the distance to it is shown.
    colours : (n, 3) uint8, optional
        Of its vertices; None where it is of clay.
    is_value : bool
        Whether the colours stand for numbers, and are not to be darkened much.
    skin : (h, h, 3) uint8, optional
        Picture that is laid over it instead (`core.scenes.textures`).
    is_by_corner : bool
        Whether the colours of its corners go before those of its vertices.
    """

    mesh: Mesh
    colours: UInt8[np.ndarray, "n 3"] | None
    is_value: bool = False
    skin: UInt8[np.ndarray, "h h 3"] | None = None
    is_by_corner: bool = False


@dataclass(frozen=True)
class Legend:
    """What the colours of a scene mean; lengths in units of the query's file.

    Parameters
    ----------
    limit : float
        Value that is full in colour; its negative is full in the other colour.
    stops : tuple of str
        Colours from the least value to the greatest, evenly spaced, as `#rrggbb`.
    rms, hausdorff : float, optional
        Root mean square and greatest distance of either surface to the other.
    overlap : float, optional
        Share of the surfaces that lies on the other; below a half they do not belong together.
    scale : float, optional
        By how much the neighbour was enlarged.
    is_mirrored : bool
        Whether its mirror image was laid on.
    has_failed : bool
        Whether the two do not lie on one another, so that distances mean nothing.
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
    """Return the modes that show something of these specimens, of which some may have a skin."""
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
    """Return the specimens with their colours, and what these mean.

    Parameters
    ----------
    meshes : sequence of Mesh
        The query and its neighbours.
    mode : str
        One of `MODES`.
    skins : sequence of (h, h, 3) uint8 or None
        Picture of each specimen, where there is one.
    against : int
        Place of the neighbour that distances are measured to.
    settings : RegistrationSettings, optional
        How that neighbour is laid on.

    Raises
    ------
    SpecimenError
        Where a specimen has no extent.
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
    """Colour all specimens by one scale, curvature times size: form is compared whatever the units and sizes."""
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
    found = register(meshes[0], meshes[against], settings)
    limit = robust_limit(found.distances)
    painted = [Painted(mesh, None) for mesh in meshes]
    painted[0] = Painted(meshes[0], colours_of_distances(found.distances, limit), is_value=True)
    if not found.has_failed:
        painted[against] = Painted(_turned(meshes[against], found), None)
    legend = Legend(
        limit,
        _stops(),
        rms=found.rms,
        hausdorff=found.hausdorff,
        overlap=found.overlap,
        scale=found.scale,
        is_mirrored=found.is_mirrored,
        has_failed=found.has_failed,
    )
    return painted, legend


def _turned(mesh: Mesh, found: Registration) -> Mesh:
    """Return the neighbour turned as it lies on the query, in its own units."""
    turn = found.other_to_query[:3, :3] / found.scale
    normals = None if mesh.normals is None else (mesh.normals @ turn.T).astype(np.float32)
    faces = mesh.faces[:, ::-1].copy() if found.is_mirrored else mesh.faces
    return replace(mesh, vertices=mesh.vertices @ turn.T, faces=faces, normals=normals, corner_colours=None)


def _stops() -> tuple[str, ...]:
    colours = colours_of_distances(np.linspace(-1, 1, _STOPS, dtype=np.float32), 1.0)
    return tuple("#" + bytes(colour).hex() for colour in colours)


def colours_of_distances(distances: Float32[np.ndarray, " n"], limit: float) -> UInt8[np.ndarray, "n 3"]:
    """Return a colour for every distance: blue inside, white at 0, red outside, full at the limit.

    Raises
    ------
    SettingError
        Where the limit is not above 0.
    """
    if not limit > 0:
        raise SettingError("'limit' must be above 0 (got {limit}).", limit=limit)
    share = np.clip(distances.astype(np.float64) / limit, -1, 1)[:, None]
    ends = np.where(share > 0, [[178, 24, 43]], [[33, 102, 172]])
    return np.asarray(np.rint(247 + (ends - 247) * np.abs(share)), dtype=np.uint8)


def with_distances(query: Mesh, registration: Registration, limit: float | None = None) -> tuple[Mesh, float]:
    """Return the query coloured by its distances, and the limit of the colours in file units.

    Parameters
    ----------
    query : Mesh
        The one that was registered to.
    registration : Registration
        What came out.
    limit : float, optional
        Distance that is full in colour; the 95th percentile where None.
    """
    if limit is None:
        limit = max(float(np.quantile(np.abs(registration.distances), 0.95)), 1e-12)
    colours = colours_of_distances(registration.distances, limit)
    return replace(query, vertex_colours=colours, corner_colours=None), limit


def draw_differences(query: Mesh, registration: Registration, *, views: int = 4, size: int = 384) -> np.ndarray:
    """Return a picture: the query from all around, coloured by distances, and a scale bar.

    Parameters
    ----------
    query : Mesh
        The one that was registered to.
    registration : Registration
        What came out.
    views, size : int
        How many views, and their height and width in pixels.

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
    # Numbers alone: files seldom say their unit.
    for value, place in ((-limit, 20), (0.0, 20 + width // 2 - 4), (limit, width - 30)):
        text = f"{value:+.3g}" if value else "0"
        cv2.putText(bar, text, (place, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.asarray(np.vstack([np.hstack(list(images)), bar]))
