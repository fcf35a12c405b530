"""Simulated scans: coloured point clouds with gaps in hidden parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from core.collection.synthetic.shapes.surfaces import Surface, extent_of, fibonacci_sphere, vertex_normals


@dataclass(frozen=True)
class Cloud:
    """Points of a scan.

    Parameters
    ----------
    points : (n, 3) float64
        Positions in millimetres.
    normals : (n, 3) float64
        Unit normals, outward.
    colours : (n, 3) uint8
        Red, green, blue.
    """

    points: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    colours: UInt8[np.ndarray, "n 3"]


def scan(
    surface: Surface,
    colours: UInt8[np.ndarray, "n 3"],
    rng: np.random.Generator,
    *,
    stations: int = 18,
    rays_a_side: int = 60,
    noise: float = 0.0004,
) -> Cloud:
    """Scan a surface from stations around it, with a little noise.

    From each station, rays are parallel and jittered.

    `noise` is the standard deviation along the ray as a share of the specimen's extent.
    """
    # Open3D takes seconds to load, which must not delay the help of the command line.
    import open3d as o3d

    middle = 0.5 * (surface.vertices.min(axis=0) + surface.vertices.max(axis=0))
    reach = float(np.linalg.norm(surface.vertices - middle, axis=1).max())
    tensor: Any = o3d.core.Tensor
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        tensor((surface.vertices - middle).astype(np.float32) / np.float32(reach)),
        tensor(surface.faces.astype(np.uint32)),
    )
    rays = np.concatenate([_rays(view, rays_a_side, rng) for view in fibonacci_sphere(stations)])
    hits = scene.cast_rays(tensor(rays.astype(np.float32)))
    met = np.isfinite(hits["t_hit"].numpy())
    corners = surface.faces[hits["primitive_ids"].numpy()[met].astype(np.int64)]
    second_third = hits["primitive_uvs"].numpy()[met].astype(np.float64)
    weights = np.column_stack([1.0 - second_third.sum(axis=1), second_third])
    # Rays that hit a back face passed through a gap and show the inside of the surface.
    normals = np.einsum("nc,ncd->nd", weights, vertex_normals(surface)[corners])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    outside = np.einsum("nd,nd->n", normals, rays[met, 3:]) < -0.12
    points = np.einsum("nc,ncd->nd", weights, surface.vertices[corners])
    points += rng.normal(scale=noise * extent_of(surface), size=(len(points), 1)) * rays[met, 3:]
    shades = np.einsum("nc,ncd->nd", weights, colours[corners].astype(np.float64))
    return Cloud(points[outside], normals[outside], np.clip(np.round(shades[outside]), 0, 255).astype(np.uint8))


def _rays(direction: Float[np.ndarray, "3"], side: int, rng: np.random.Generator) -> Float[np.ndarray, "rays 6"]:
    right = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])
    right /= np.linalg.norm(right)
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)
    place = (cells + rng.uniform(size=cells.shape)) / side * 2.0 - 1.0
    origins = 3.0 * direction + place[:, :1] * right + place[:, 1:] * np.cross(direction, right)
    return np.hstack([origins, np.broadcast_to(-direction, origins.shape)])
