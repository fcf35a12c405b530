"""Export: coloured specimens → a PyVista scene → an archive for vtk.js."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from core.meshes import Mesh, normalise
from core.scenes.ambient_occlusion import ambient_occlusion_of_vertices, point_normals, point_spacing
from core.scenes.surface_colours import Painted
from core.scenes.textures import skin_coordinates

# The first view shows the side nearer to this direction, a little above and beside the front.
FIRST_DIRECTION = (0.35, -1.0, 0.3)
# How much occlusion darkens: clay much, natural colours less, colours that stand for numbers little.
_DEPTH_OF_CLAY, _DEPTH_OF_COLOUR, _DEPTH_OF_VALUES = 0.62, 0.4, 0.2


@dataclass(frozen=True)
class Prepared:
    """A specimen as PyVista data, in a sphere of radius 1 around the origin.

    Parameters
    ----------
    data : pyvista.PolyData
        Its surface or points, with normals and `colours`.
    radius : float
        Length of one unit of the scene, in file units.
    is_cloud : bool
        Whether it has points only.
    spacing : float
        Distance between points of a cloud, in its radius; 0 for a surface.
    skin : (h, h, 3) uint8, optional
        Texture.
    """

    data: Any
    radius: float
    is_cloud: bool
    spacing: float
    skin: UInt8[np.ndarray, "h h 3"] | None = None

    @classmethod
    def of(cls, painted: Painted, clay: str) -> Prepared:
        """Return a specimen for `export`.

        Without colours it has the colour `clay` (`#rrggbb`).
        """
        import pyvista

        polydata: Any = pyvista.PolyData
        unit = normalise(painted.mesh)
        points = unit.vertices.astype(np.float32)
        if unit.is_point_cloud:
            data = polydata(points)
            data.point_data.active_normals = unit.normals if unit.normals is not None else point_normals(points)
        else:
            data = polydata.from_regular_faces(points, unit.faces)
            data = data.compute_normals(
                cell_normals=False, split_vertices=False, auto_orient_normals=False, consistent_normals=False
            )
        data.point_data["colours"] = _shaded(unit, data, painted, clay)
        if painted.skin is not None or painted.is_by_corner:
            data = _by_corner(data, unit, painted)
        radius = float(np.max(painted.mesh.extent) / np.max(unit.extent))
        spacing = point_spacing(points) if unit.is_point_cloud else 0.0
        return cls(data, radius, unit.is_point_cloud, spacing, painted.skin)


def export(specimens: Sequence[Prepared], request: Mapping[str, Any]) -> bytes:
    """Return the archive for vtk.js.

    Every specimen has a renderer and a camera of its own.

    Every renderer has three actors: the specimen, and two empty ones for the cap and the outline of
    a section. The page fills these when a section is cut, because it cannot create actors.
    """
    import pyvista

    # In one row: the page arranges the viewports itself.
    plotter: Any = pyvista.Plotter(shape=(1, len(specimens)), off_screen=True, border=False, lighting="none")
    direction, up = _broad_side(np.asarray(specimens[0].data.points))
    try:
        for index, specimen in enumerate(specimens):
            plotter.subplot(0, index)
            for light in request["lights"]:
                plotter.add_light(
                    pyvista.Light(
                        position=light["position"],
                        color=light["colour"],
                        intensity=light["intensity"],
                        light_type="scene light",
                    ),
                    only_active=True,
                )
            _add_specimen(plotter, specimen)
            _add_section(plotter)
            plotter.view_vector(direction, viewup=up)
            plotter.enable_parallel_projection()
        archive: bytes = plotter.trame.export_vtksz(None)
    finally:
        plotter.close()
    return _with_own_ids(archive, request["name"])


def _shaded(unit: Mesh, data: Any, painted: Painted, clay: str) -> np.ndarray:
    """Return a colour per vertex, darkened by ambient occlusion."""
    base, depth = np.array([int(clay[i : i + 2], 16) for i in (1, 3, 5)], np.float32), _DEPTH_OF_CLAY
    if painted.colours is not None:
        base = painted.colours.astype(np.float32)
        depth = _DEPTH_OF_VALUES if painted.is_value else _DEPTH_OF_COLOUR
    normals = np.asarray(data.point_data.active_normals)
    if unit.is_point_cloud:
        brightness = _light_on_points(np.asarray(data.points), normals)
    else:
        brightness = ambient_occlusion_of_vertices(data.points, unit.faces, normals)
    return np.clip(base * (1.0 - depth + depth * brightness[:, None]), 0, 255).astype(np.uint8)


def _by_corner(data: Any, unit: Mesh, painted: Painted) -> Any:
    """Return the surface with corners of its own for every face.

    Corner colours and textures need them.
    """
    import pyvista

    polydata: Any = pyvista.PolyData
    rows = unit.faces.ravel()
    apart = polydata.from_regular_faces(np.asarray(data.points)[rows], np.arange(len(rows)).reshape(-1, 3))
    apart.point_data.active_normals = np.asarray(data.point_data.active_normals)[rows]
    colours = np.asarray(data.point_data["colours"])[rows]
    if painted.skin is not None:
        apart.active_texture_coordinates = skin_coordinates(len(unit.faces)).reshape(-1, 2)
    elif unit.corner_colours is not None:
        colours = unit.corner_colours.reshape(-1, 3)
    apart.point_data["colours"] = np.ascontiguousarray(colours)
    return apart


def _light_on_points(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Return the light on points, 0 to 1, from above the front.

    vtk.js does not light points.
    """
    outwards = normals * np.where(np.sum(normals * points, axis=1, keepdims=True) < 0.0, -1.0, 1.0)
    light = np.array([-0.35, -0.6, 0.72])
    return np.asarray(np.clip(0.45 + 0.55 * (outwards @ light), 0.0, 1.0), dtype=np.float32)


def _broad_side(points: Float[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first view direction and up vector.

    The broad side is in front, and the long axis upright.
    """
    _, axes = np.linalg.eigh(np.cov(points.T))
    direction, up = axes[:, 0], axes[:, 2]
    if direction @ np.array(FIRST_DIRECTION) < 0:
        direction = -direction
    return direction, up if up[2] >= 0 else -up


def _add_specimen(plotter: Any, specimen: Prepared) -> None:
    colouring: dict[str, Any] = {"scalars": "colours", "rgb": True}
    if specimen.skin is not None:
        colouring = {"texture": _texture_of(specimen.skin), "color": "white"}
    plotter.add_mesh(
        specimen.data,
        **colouring,
        style="points" if specimen.is_cloud else "surface",
        smooth_shading=None if specimen.is_cloud else True,
        split_sharp_edges=False,
        ambient=0.16,
        diffuse=0.84,
        specular=0.08,
        specular_power=12.0,
        show_scalar_bar=False,
        copy_mesh=False,
        reset_camera=True,
    )


def _texture_of(skin: np.ndarray) -> Any:
    import pyvista

    height, width = skin.shape[:2]
    image: Any = pyvista.ImageData(dimensions=(width, height, 1))
    image.point_data["skin"] = np.ascontiguousarray(skin.reshape(-1, 3))
    image.set_active_scalars("skin")
    texture_class: Any = pyvista.Texture
    texture = texture_class(image)
    texture.SetInterpolate(True)
    return texture


def _add_section(plotter: Any) -> None:
    """Add the invisible actors of a section, which the page fills later."""
    import pyvista

    polydata: Any = pyvista.PolyData
    origin = np.zeros((3, 3), np.float32)
    cap = polydata.from_regular_faces(origin, np.array([[0, 1, 2]]))
    outline = polydata(origin, lines=np.array([2, 0, 1]))
    for data in (cap, outline):
        plotter.add_mesh(
            data, color="#808080", lighting=False, line_width=2.0, show_scalar_bar=False, reset_camera=False
        )


def _with_own_ids(archive: bytes, name: str) -> bytes:
    """Return a scene with the scene's name in the ids of its objects.

    VTK's exporter uses memory addresses as ids. The next scene may reuse the same addresses, and
    vtk.js would then keep parts of the old object: the points of a cloud would appear around
    another specimen.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as exported:
        index = json.loads(exported.read("index.json"))
    scene = re.sub(r'(?<=["{])[0-9a-f]{16}(?=["}-])', lambda match: f"{name}-{match[0]}", json.dumps(index["scene"]))
    index["scene"] = json.loads(scene)
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        target.writestr("index.json", json.dumps(index, separators=(",", ":")))
    return rewritten.getvalue()
