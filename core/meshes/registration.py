"""Registration of one specimen to another, and distances between their surfaces.

neighbour ──► size and position of the query ──► rough poses ──► the best, refined ──► signed distances
              (centroid size, if asked)          (axes, features)  (iterative closest points)
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from core.foundation import SpecimenError, check_at_least
from core.meshes.mesh import Mesh, face_vectors

_ROUGH_POINTS = 600
# In centroid sizes: the largest distance between corresponding points, from the rough fit to the last.
_REACHES = (0.6, 0.3)
_LEAST_REACH = 0.08
_STEPS = 40
_NEAR = 0.1
_LEAST_OVERLAP = 0.5
_VOXEL = 0.1
# Open3D has one random generator for all threads.
_LOCK = threading.Lock()


@dataclass(frozen=True)
class RegistrationSettings:
    """Settings of registration.

    Parameters
    ----------
    scale : bool
        Whether the neighbour is first scaled to the query's centroid size (the root mean square
        distance of the surface from its centre), so that form alone is compared.
    mirror : bool
        Whether the mirror image is tried, too, and used if it fits better.
    points : int
        Number of points of each surface that are compared, from 100.
    seed : int
        Seed of the sampled points and of the tuples of features that are tried.

    Raises
    ------
    SettingError
        If `points` is below 100.
    """

    scale: bool = True
    mirror: bool = False
    points: int = 4000
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting."""
        check_at_least("points", self.points, 100)


@dataclass(frozen=True)
class Registration:
    """The registration of a neighbour to a query, lengths in the query's file units.

    Parameters
    ----------
    other_to_query : (4, 4) float64
        Transforms the neighbour's file coordinates to the query's, with scale and mirror; read-only.
    scale : float
        Factor by which the neighbour was enlarged.
    is_mirrored : bool
        Whether the mirror image was registered.
    distances : (n,) float32
        Distance of every vertex of the query from the neighbour's surface, positive outside and
        negative inside; read-only. For a neighbour that is a point cloud all are positive.
    rms, hausdorff : float
        Root mean square and greatest distance of points of either surface to the other.
    overlap : float
        Share of points that lie within a tenth of the centroid size of the other surface, for the
        surface with the smaller share.
    """

    other_to_query: Float64[np.ndarray, "4 4"]
    scale: float
    is_mirrored: bool
    distances: Float32[np.ndarray, " n"]
    rms: float
    hausdorff: float
    overlap: float

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.other_to_query.setflags(write=False)
        self.distances.setflags(write=False)

    @property
    def has_failed(self) -> bool:
        """Return whether the surfaces overlap so little that distances mean nothing."""
        return self.overlap < _LEAST_OVERLAP


def register(query: Mesh, other: Mesh, settings: RegistrationSettings | None = None) -> Registration:
    """Register a neighbour to a query and measure the distances between them.

    Rough poses are the 24 rotations of principal axes onto one another and the result of fast global
    registration of local features (FPFH: Rusu et al. 2009; Zhou, Park & Koltun 2016). The poses with the
    smallest mean distance between points are refined by iterative closest points (Besl & McKay 1992),
    and the best one is used. All of it is computed by Open3D.

    Parameters
    ----------
    query, other : Mesh
        The specimen that stays in place, and the neighbour that is registered to it.
    settings : RegistrationSettings, optional
        Scaling, mirroring, number of points, seed.

    Raises
    ------
    SpecimenError
        If one of them has no extent.
    """
    settings = settings or RegistrationSettings()
    rng = np.random.default_rng(settings.seed)
    target, source = _sample(query, settings.points, rng), _sample(other, settings.points, rng)
    to_target, to_source = _unit_frame(query), _unit_frame(other)
    if not settings.scale:
        to_source = _scaled(to_source, to_target[0, 0] / to_source[0, 0])
    fits = []
    for flip in (1.0, -1.0) if settings.mirror else (1.0,):
        frame = np.diag([flip, 1, 1, 1]) @ to_source
        framed = _transformed(source[0], frame), source[1] * np.array([flip, 1, 1])
        pose, error = _fit_pose(framed, (_transformed(target[0], to_target), target[1]), settings.seed)
        fits.append((error, flip < 0, pose @ frame))
    # The mirror image must fit better by 2 %, since that of a symmetric body fits as well.
    error, is_mirrored, to_unit = min(fits, key=lambda fit: fit[0] * (1.02 if fit[1] else 1.0))
    other_to_query = np.linalg.inv(to_target) @ to_unit
    return _measure_fit(query, other, target[0], source[0], other_to_query, is_mirrored, float(1 / to_target[0, 0]))


def _sample(mesh: Mesh, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return points spread evenly over a surface, and normals there.

    Normals of a point cloud are zeros.
    """
    if mesh.is_point_cloud:
        rows = rng.choice(len(mesh.vertices), min(count, len(mesh.vertices)), replace=False)
        return mesh.vertices[rows], np.zeros((len(rows), 3))
    corners = mesh.vertices[mesh.faces]
    vectors = face_vectors(corners)
    areas = np.linalg.norm(vectors, axis=1)
    if not areas.sum() > 0:
        raise SpecimenError("A specimen without surface cannot be registered.")
    faces = rng.choice(len(areas), count, p=areas / areas.sum())
    one, two = np.sqrt(rng.random((count, 1))), rng.random((count, 1))
    shares = np.concatenate([1 - one, one * (1 - two), one * two], axis=1)
    return np.einsum("nk,nki->ni", shares, corners[faces]), vectors[faces] / np.maximum(areas[faces], 1e-300)[:, None]


def _unit_frame(mesh: Mesh) -> np.ndarray:
    """Return the (4, 4) transform to centroid 0 and centroid size 1."""
    if mesh.is_point_cloud:
        centre = mesh.vertices.mean(axis=0)
        square = ((mesh.vertices - centre) ** 2).sum(axis=1).mean()
    else:
        corners = mesh.vertices[mesh.faces]
        weights = np.linalg.norm(face_vectors(corners), axis=1)
        weights /= max(weights.sum(), 1e-300)
        centre = weights @ corners.mean(axis=1)
        corners = corners - centre
        # The mean of |x|² over a triangle, from its corners.
        square = weights @ ((corners**2).sum(axis=(1, 2)) + (corners.sum(axis=1) ** 2).sum(axis=1)) / 12
    size = float(np.sqrt(square))
    if not size > 0:
        raise SpecimenError("A specimen without extent cannot be registered.")
    frame = np.eye(4) / size
    frame[:3, 3] = -centre / size
    frame[3, 3] = 1
    return frame


def _scaled(frame: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(np.diag([factor, factor, factor, 1]) @ frame)


def _transformed(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return np.asarray(points @ transform[:3, :3].T + transform[:3, 3])


def _fit_pose(
    source: tuple[np.ndarray, np.ndarray], target: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[np.ndarray, float]:
    """Return the pose of the source, and the mean distance between the two."""
    whole = _as_cloud(*source), _as_cloud(*target)
    few = tuple(_as_cloud(points[:_ROUGH_POINTS], normals[:_ROUGH_POINTS]) for points, normals in (source, target))
    poses = [*_axis_rotations(source[0], target[0]), _by_features(*whole, seed)]
    rough = [_refined(few, pose, _REACHES) for pose in poses]
    errors = [
        _mean_distance(_transformed(source[0][:_ROUGH_POINTS], pose), target[0][:_ROUGH_POINTS]) for pose in rough
    ]
    fits = []
    for number in np.argsort(errors, kind="stable")[:3]:
        pose, error = rough[number], errors[number]
        for _ in range(3):
            # With less reach, one end of a larger specimen would be fitted and the other given up.
            pose = _refined(whole, pose, (max(_LEAST_REACH, 3 * error),))
            error = _mean_distance(_transformed(source[0], pose), target[0])
        fits.append((error, pose))
    error, pose = min(fits, key=lambda fit: fit[0])
    # Sampled points of two surfaces seldom coincide, so distances to tangent planes fit better (Chen & Medioni 1992).
    slid = _refined(whole, pose, (max(_LEAST_REACH, 3 * error),), to_planes=True)
    slid_error = _mean_distance(_transformed(source[0], slid), target[0])
    return (slid, slid_error) if slid_error < error else (pose, error)


def _axis_rotations(source: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    """Return the 24 poses that align the principal axes of source and target."""
    from_axes, to_axes = (np.linalg.eigh(np.cov(points.T))[1] for points in (source, target))
    poses = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            rotation = to_axes[:, order] * signs @ from_axes.T
            if np.linalg.det(rotation) > 0:
                pose = np.eye(4)
                pose[:3, :3] = rotation
                pose[:3, 3] = target.mean(axis=0) - rotation @ source.mean(axis=0)
                poses.append(pose)
    return poses


def _by_features(source: Any, target: Any, seed: int) -> np.ndarray:
    from open3d import utility
    from open3d.geometry import KDTreeSearchParamHybrid
    from open3d.pipelines import registration

    features = [
        registration.compute_fpfh_feature(cloud, KDTreeSearchParamHybrid(radius=4 * _VOXEL, max_nn=100))
        for cloud in (source, target)
    ]
    option = registration.FastGlobalRegistrationOption(
        maximum_correspondence_distance=_VOXEL, use_absolute_scale=True, maximum_tuple_count=500
    )
    # The warning that too few features match is not needed, since the axes give poses, too.
    with _LOCK, utility.VerbosityContextManager(utility.VerbosityLevel.Error):
        utility.random.seed(seed)
        result = registration.registration_fgr_based_on_feature_matching(source, target, *features, option)
    return np.array(result.transformation)


def _refined(
    clouds: tuple[Any, ...], pose: np.ndarray, reaches: tuple[float, ...], *, to_planes: bool = False
) -> np.ndarray:
    from open3d.pipelines import registration

    to_points = registration.TransformationEstimationPointToPoint
    estimation = registration.TransformationEstimationPointToPlane() if to_planes else to_points()
    for reach in reaches:
        result = registration.registration_icp(
            *clouds,
            reach,
            pose,
            estimation,
            registration.ICPConvergenceCriteria(max_iteration=_STEPS),
        )
        pose = np.array(result.transformation)
    return pose


def _as_cloud(points: np.ndarray, normals: np.ndarray) -> Any:
    import open3d

    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    if normals.any():
        cloud.normals = open3d.utility.Vector3dVector(normals)
    else:
        cloud.estimate_normals(open3d.geometry.KDTreeSearchParamKNN(20))
        cloud.orient_normals_towards_camera_location(points.mean(axis=0))
    return cloud


def _mean_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean distance of the points of each set to the nearest of the other."""
    from scipy.spatial import cKDTree

    return float(cKDTree(one).query(other)[0].mean() + cKDTree(other).query(one)[0].mean()) / 2


def _measure_fit(
    query: Mesh,
    other: Mesh,
    target: np.ndarray,
    source: np.ndarray,
    other_to_query: np.ndarray,
    is_mirrored: bool,
    size: float,
) -> Registration:
    registered = replace(other, vertices=_transformed(other.vertices, other_to_query))
    of_query = np.abs(_signed_distances(registered, target, is_mirrored))
    of_other = np.abs(_signed_distances(query, _transformed(source, other_to_query), False))
    both = np.concatenate([of_query, of_other]).astype(np.float64)
    return Registration(
        other_to_query=other_to_query,
        scale=float(np.cbrt(abs(np.linalg.det(other_to_query[:3, :3])))),
        is_mirrored=is_mirrored,
        distances=_signed_distances(registered, query.vertices, is_mirrored),
        rms=float(np.sqrt((both**2).mean())),
        hausdorff=float(both.max()),
        overlap=float(min((part < _NEAR * size).mean() for part in (of_query, of_other))),
    )


def _signed_distances(mesh: Mesh, points: np.ndarray, is_mirrored: bool) -> np.ndarray:
    """Return distances of points from a surface, positive on the side of the normals.

    The side is that of the nearest face. Distances to a point cloud are all positive.
    """
    if mesh.is_point_cloud:
        from scipy.spatial import cKDTree

        return np.asarray(cKDTree(mesh.vertices).query(points)[0], dtype=np.float32)
    import open3d

    # Moved to the origin and scaled to size 1, since Embree computes in single precision.
    frame = _unit_frame(mesh)
    vertices, queries = _transformed(mesh.vertices, frame), _transformed(points, frame).astype(np.float32)
    scene = open3d.t.geometry.RaycastingScene()
    tensor: Any = open3d.core.Tensor  # its stub requires dtype and device
    scene.add_triangles(tensor(vertices.astype(np.float32)), tensor(mesh.faces.astype(np.uint32)))
    closest = scene.compute_closest_points(tensor(queries))
    offsets = (queries - closest["points"].numpy()).astype(np.float64)
    side = np.einsum("ni,ni->n", offsets, closest["primitive_normals"].numpy())
    # Normals of a mirror image point inwards.
    sign = np.where(side < 0, -1.0, 1.0) * (-1 if is_mirrored else 1)
    return np.asarray(sign * np.linalg.norm(offsets, axis=1) / frame[0, 0], dtype=np.float32)
