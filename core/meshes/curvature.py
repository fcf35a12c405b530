"""Mean and Gaussian curvature at every vertex, and a robust limit for colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from core.foundation import SpecimenError, check_at_least, check_choice
from core.meshes.mesh import Mesh

KINDS = ("mean", "gaussian")
_PERCENTILE = 95.0


@dataclass(frozen=True)
class CurvatureSettings:
    """Which curvature is measured.

    Parameters
    ----------
    kind : str
        `mean` (of the two principal curvatures, in 1 / file unit) or `gaussian` (their product, in
        1 / file unit²).
    smoothing : int
        How often the values are averaged over neighbouring vertices, from 0; scans are rough.

    Raises
    ------
    SettingError
        If a value is not allowed.
    """

    kind: str = "mean"
    smoothing: int = 3

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("kind", self.kind, KINDS)
        check_at_least("smoothing", self.smoothing, 0)


def curvature_of(mesh: Mesh, settings: CurvatureSettings | None = None) -> Float32[np.ndarray, " n"]:
    """Return the curvature at every vertex.

    Mean curvature is positive on convex parts, Gaussian curvature on domes and pits. Both are computed
    by VTK from the angles between faces (Meyer et al., 2003). Vertices on the rim of an open surface
    take the curvature of their neighbours.

    Parameters
    ----------
    mesh : Mesh
        A surface; faces are counter-clockwise seen from outside.
    settings : CurvatureSettings, optional
        Kind of curvature, and smoothing.

    Returns
    -------
    (n,) float32
        In 1 / file unit, or 1 / file unit² for the Gaussian one.

    Raises
    ------
    SpecimenError
        If there are no faces.

    Examples
    --------
    >>> import numpy as np
    >>> tetrahedron = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    >>> faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], dtype=np.int32)
    >>> curvature_of(Mesh(tetrahedron, faces)).shape
    (4,)
    """
    settings = settings or CurvatureSettings()
    if mesh.is_point_cloud:
        raise SpecimenError("A point cloud has no curvature.", advice="Make a surface of it first.")
    import pyvista

    # Moved to the origin and scaled to size 1, since VTK computes in single precision with fixed thresholds.
    size = float(np.max(mesh.extent)) or 1.0
    polydata: Any = pyvista.PolyData
    points = (mesh.vertices - mesh.vertices.mean(axis=0)) / size
    data = polydata.from_regular_faces(points, mesh.faces)
    values = np.asarray(data.curvature("gaussian" if settings.kind == "gaussian" else "mean"), dtype=np.float64)
    values = _smoothed(values, _is_inside(mesh) & np.isfinite(values), mesh.faces, settings.smoothing)
    return (values / size ** (2 if settings.kind == "gaussian" else 1)).astype(np.float32)


def robust_limit(*values: np.ndarray) -> float:
    """Return the 95th percentile of absolute values, over all arrays.

    As the limit of a colour scale it is not moved by outliers. It is 1 if no value is finite.

    Examples
    --------
    >>> import numpy as np
    >>> robust_limit(np.linspace(-1, 1, 101), np.array([1e9]))
    0.96
    """
    magnitudes = np.abs(np.concatenate([part.ravel() for part in values])) if values else np.zeros(0)
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    return max(float(np.percentile(magnitudes, _PERCENTILE)), 1e-12) if len(magnitudes) else 1.0


def _is_inside(mesh: Mesh) -> np.ndarray:
    """Return a mask of the vertices with faces that are not on a rim."""
    count = len(mesh.vertices)
    start, end = mesh.faces.ravel().astype(np.int64), np.roll(mesh.faces, -1, axis=1).ravel().astype(np.int64)
    edges, seen = np.unique(np.minimum(start, end) * count + np.maximum(start, end), return_counts=True)
    inside = np.zeros(count, np.bool_)
    inside[mesh.faces] = True
    rims = edges[seen == 1]
    inside[rims // count] = inside[rims % count] = False
    return inside


def _smoothed(values: np.ndarray, trusted: np.ndarray, faces: np.ndarray, rounds: int) -> np.ndarray:
    """Return averages over trusted neighbours.

    At least one round fills the values of vertices that are not trusted.
    """
    from scipy.sparse import coo_matrix

    size = len(values)
    start, end = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    both = np.concatenate([start, end]), np.concatenate([end, start])
    links = coo_matrix((np.ones(len(both[0])), both), shape=(size, size)).tocsr()
    # A spike at one vertex is noise and must not spread to its neighbours.
    limit = 20 * np.median(np.abs(values[trusted])) if trusted.any() else 0.0
    values = np.where(trusted, np.clip(values, -limit, limit), 0.0)
    weights = trusted.astype(np.float64)
    if rounds == 0:
        around = (links @ values) / np.maximum(links @ weights, 1.0)
        return np.where(trusted, values, around)
    for _ in range(rounds):
        total = links @ weights + weights
        values = (links @ (values * weights) + values * weights) / np.maximum(total, 1e-300)
        weights = (total > 0).astype(np.float64)
    return values
