"""How much a surface bends at every vertex, and colours for values that go both ways from 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from core.foundation import SettingError, SpecimenError
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
        Where a value is outside of what is allowed.
    """

    kind: str = "mean"
    smoothing: int = 3

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.kind not in KINDS:
            raise SettingError(
                "'kind' must be one of {allowed} (got {kind!r}).", allowed=", ".join(KINDS), kind=self.kind
            )
        if self.smoothing < 0:
            raise SettingError("'smoothing' must be at least 0 (got {smoothing}).", smoothing=self.smoothing)


def curvature_of(mesh: Mesh, settings: CurvatureSettings | None = None) -> Float32[np.ndarray, " n"]:
    """Return the curvature at every vertex: positive where it bulges out (mean), or is a dome or pit (Gaussian).

    Computed by VTK from the angles between faces (Meyer et al., 2003). The rim of an open surface
    has no curvature of its own and takes that of the vertices beside it.

    Parameters
    ----------
    mesh : Mesh
        A surface; faces are counter-clockwise seen from outside.
    settings : CurvatureSettings, optional
        Mean or Gaussian, how smooth.

    Returns
    -------
    (n,) float32
        In 1 / file unit, or 1 / file unit² for the Gaussian one.

    Raises
    ------
    SpecimenError
        Where there are no faces.
    """
    settings = settings or CurvatureSettings()
    if mesh.is_point_cloud:
        raise SpecimenError("A point cloud has no curvature.", advice="Make a surface of it first.")
    import pyvista

    # About the origin and of size 1: single precision and thresholds within VTK are made for that.
    size = float(np.max(mesh.extent)) or 1.0
    polydata: Any = pyvista.PolyData
    points = (mesh.vertices - mesh.vertices.mean(axis=0)) / size
    data = polydata.from_regular_faces(points, mesh.faces)
    values = np.asarray(data.curvature("gaussian" if settings.kind == "gaussian" else "mean"), dtype=np.float64)
    values = _smoothed(values, _is_inside(mesh) & np.isfinite(values), mesh.faces, settings.smoothing)
    return (values / size ** (2 if settings.kind == "gaussian" else 1)).astype(np.float32)


def robust_limit(*values: np.ndarray) -> float:
    """Return the 95th percentile of what lies from 0, over all arrays: outliers do not wash out the colours."""
    together = np.abs(np.concatenate([part.ravel() for part in values])) if values else np.zeros(0)
    together = together[np.isfinite(together)]
    return max(float(np.percentile(together, _PERCENTILE)), 1e-12) if len(together) else 1.0


def _is_inside(mesh: Mesh) -> np.ndarray:
    """Return which vertices lie within the surface, not on a rim and not alone."""
    count = len(mesh.vertices)
    start, end = mesh.faces.ravel().astype(np.int64), np.roll(mesh.faces, -1, axis=1).ravel().astype(np.int64)
    edges, seen = np.unique(np.minimum(start, end) * count + np.maximum(start, end), return_counts=True)
    inside = np.zeros(count, np.bool_)
    inside[mesh.faces] = True
    rims = edges[seen == 1]
    inside[rims // count] = inside[rims % count] = False
    return inside


def _smoothed(values: np.ndarray, trusted: np.ndarray, faces: np.ndarray, rounds: int) -> np.ndarray:
    """Return averages over neighbours that are trusted; at least one round fills the others."""
    from scipy.sparse import coo_matrix

    size = len(values)
    start, end = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    both = np.concatenate([start, end]), np.concatenate([end, start])
    links = coo_matrix((np.ones(len(both[0])), both), shape=(size, size)).tocsr()
    # A spike of one vertex is noise; it shall not be spread.
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
