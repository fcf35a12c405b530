"""Checks and repairs of every mesh after reading."""

from __future__ import annotations

import numpy as np

from core.foundation import SpecimenError, joined, njit, note
from core.meshes.bodies import box_of
from core.meshes.formats.raw import RawMesh
from core.meshes.mesh import Mesh

_FEWEST_POINTS = 10
# Shares lost to repair. Real scans lose nothing, dirty ones a fifth; a scan far from the origin in
# single precision was seen to lose 62 % of its faces. From the greater shares on it is another form.
_TOLD_SHARE, _GREATEST_SHARE_OF_FACES, _GREATEST_SHARE_OF_VERTICES = 0.1, 0.75, 0.9
_TOLD_SHARE_UNUSED = 0.25  # a part that was cut out of a scan keeps the vertices of the rest
# Lengths of float32 numbers that were read as another type, or in another byte order, lie outside of these.
_SMALLEST_LENGTH, _LARGEST_LENGTH, _LARGEST_SHARE_OUTSIDE = 1e-36, 1e15, 0.1
_LARGEST_EXTENT = 1e100  # products of larger lengths may overflow


def checked_mesh(raw: RawMesh) -> Mesh:
    """Return a repaired mesh, with notes on the repairs.

    Vertices that are not finite or unused and faces without area are left out. A mesh that loses much
    by that is told of where a run is started.

    Raises
    ------
    SpecimenError
        If most or all of it is unusable, or indices refer to vertices that are not there.
    """
    notes, warnings = list(raw.notes), list(raw.warnings)
    if not len(raw.vertices):
        raise SpecimenError("The file holds no vertices.", advice="Export the mesh again.")
    _check_lengths(raw.vertices)
    faces = raw.faces
    if len(faces):
        _check_indices(faces, len(raw.vertices))
    faces = np.ascontiguousarray(faces, dtype=np.int32)
    corner_colours = raw.corner_colours
    keep_vertex, keep_face, counts = _sift(raw.vertices, faces)
    non_finite, lost_faces, degenerate, unreferenced = (int(count) for count in counts)
    if non_finite:
        lost = _many(non_finite, "vertex")
        notes.append(
            note(
                "{vertices} with NaN or infinite positions and the {faces} that used them left out.",
                vertices=lost,
                faces=_many(lost_faces, "face"),
            )
            if lost_faces
            else note("{vertices} with NaN or infinite positions left out.", vertices=lost)
        )
    if degenerate:
        notes.append(note("{faces} without area left out.", faces=_many(degenerate, "face")))
    if unreferenced:
        notes.append(note("{vertices} that no face uses left out.", vertices=_many(unreferenced, "vertex")))
    lost_share = (lost_faces + degenerate) / max(1, len(faces))
    if max(lost_share, non_finite / len(raw.vertices)) >= _TOLD_SHARE or (
        unreferenced / len(raw.vertices) >= _TOLD_SHARE_UNUSED
    ):
        warnings.extend(notes[len(raw.notes) :])
    if len(faces) and not keep_face.any():
        raise SpecimenError(
            "None of the {faces:,} faces can be used: {notes}",
            advice="Export the mesh again.",
            faces=len(faces),
            notes=joined(notes),
        )
    _check_losses(lost_share, 1 - keep_vertex.mean(), notes[len(raw.notes) :], len(faces), len(raw.vertices))
    vertices, colours, normals = raw.vertices, raw.vertex_colours, raw.normals
    if not keep_face.all():
        faces = faces[keep_face]
        corner_colours = corner_colours[keep_face] if corner_colours is not None else None
    if not keep_vertex.all():
        faces = (np.cumsum(keep_vertex, dtype=np.int32) - 1)[faces] if len(faces) else faces
        vertices = vertices[keep_vertex]
        colours = colours[keep_vertex] if colours is not None else None
        normals = normals[keep_vertex] if normals is not None else None
    _check_extent(vertices, faces)
    return Mesh(
        vertices=np.ascontiguousarray(vertices, dtype=np.float64),
        faces=np.ascontiguousarray(faces, dtype=np.int32),
        vertex_colours=colours,
        normals=normals if not len(faces) else None,
        notes=tuple(notes),
        corner_colours=corner_colours,
        warnings=tuple(warnings),
    )


def _many(count: int, noun: str) -> str:
    plural = {"vertex": "vertices"}.get(noun, noun + "s")
    return note("{count:,} {noun}", count=count, noun=noun if count == 1 else plural)


def _check_indices(faces: np.ndarray, vertices: int) -> None:
    if not np.isfinite(faces).all():
        raise SpecimenError(
            "A face refers to a vertex by something that is not a number.",
            advice="The file is damaged: copy or export it again.",
        )
    lowest, highest = int(faces.min()), int(faces.max())
    if lowest < 0 or highest >= vertices:
        row = int(np.argmax(((faces < 0) | (faces >= vertices)).any(axis=1)))
        raise SpecimenError(
            "Face {face:,} refers to a vertex that is not there; the file has {vertices:,} vertices.",
            advice="The file is damaged: copy or export it again.",
            face=row + 1,
            vertices=vertices,
        )


def _check_losses(faces_lost: float, vertices_lost: float, repairs: list[str], faces: int, vertices: int) -> None:
    """Raise a `SpecimenError` if most of a mesh is lost to repair."""
    if faces_lost >= _GREATEST_SHARE_OF_FACES:
        raise SpecimenError(
            "{share:.1%} of the {faces:,} faces cannot be used: {notes}",
            advice="Look at it in a mesh viewer, and export it again.",
            share=faces_lost,
            faces=faces,
            notes=joined(repairs),
        )
    if vertices_lost >= _GREATEST_SHARE_OF_VERTICES:
        raise SpecimenError(
            "{share:.1%} of the {vertices:,} vertices cannot be used: {notes}",
            advice="Remove them in a mesh editor if nothing is missing, else export it again.",
            share=vertices_lost,
            vertices=vertices,
            notes=joined(repairs),
        )


def _check_extent(vertices: np.ndarray, faces: np.ndarray) -> None:
    if not len(vertices):
        raise SpecimenError("No vertex has a finite position.", advice="Export the mesh again.")
    if not len(faces) and len(vertices) < _FEWEST_POINTS:
        raise SpecimenError(
            "The file holds {vertices} points and no faces: too few to show a shape.",
            advice="Export the mesh with its faces.",
            vertices=len(vertices),
        )
    low, high = box_of(vertices)
    extent = high - low
    if extent.max() > _LARGEST_EXTENT:
        raise SpecimenError(
            "The specimen would be {length:.0e} units long, which no scan is.",
            advice="The file is damaged: copy or export it again.",
            length=extent.max(),
        )
    if not np.isfinite(extent).all() or extent.max() <= 1e-12 * max(np.abs(low).max(), np.abs(high).max()):
        raise SpecimenError("All vertices lie in one place: there is no shape.", advice="Export the mesh again.")


def _check_lengths(vertices: np.ndarray) -> None:
    """Raise a `SpecimenError` if many coordinates cannot be lengths.

    Bytes of another number type or byte order make such numbers.
    """
    sizes = np.abs(vertices[np.isfinite(vertices)])
    outside = int(((sizes > _LARGEST_LENGTH) | ((sizes < _SMALLEST_LENGTH) & (sizes > 0))).sum())
    if outside > _LARGEST_SHARE_OUTSIDE * sizes.size:
        raise SpecimenError(
            "{share:.0%} of the coordinates are no lengths, for example {example:.3g}.",
            advice="The file is damaged, or its header names another number type or byte order: export it again.",
            share=outside / sizes.size,
            example=float(sizes.max() if sizes.max() > _LARGEST_LENGTH else sizes[sizes > 0].min()),
        )


@njit(cache=True, nogil=True)
def _sift(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return masks of the vertices and faces to keep, and counts of the others.

    The counts are: non-finite vertices, faces that used them, faces without area, unused vertices.
    """
    finite = np.empty(len(vertices), np.bool_)
    counts = np.zeros(4, np.int64)
    for i in range(len(vertices)):
        finite[i] = np.isfinite(vertices[i, 0]) and np.isfinite(vertices[i, 1]) and np.isfinite(vertices[i, 2])
        if not finite[i]:
            counts[0] += 1
    keep_face = np.empty(len(faces), np.bool_)
    if len(faces) == 0:
        return finite, keep_face, counts
    used = np.zeros(len(vertices), np.bool_)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        keep_face[f] = True
        if not (finite[a] and finite[b] and finite[c]):
            keep_face[f] = False
            counts[1] += 1
        elif _has_no_area(vertices, a, b, c):
            keep_face[f] = False
            counts[2] += 1
        else:
            used[a] = used[b] = used[c] = True
    if counts[1] + counts[2] == len(faces):
        return finite, keep_face, counts
    for i in range(len(vertices)):
        if finite[i] and not used[i]:
            counts[3] += 1
    return used, keep_face, counts


@njit(cache=True, nogil=True)
def _has_no_area(vertices: np.ndarray, a: int, b: int, c: int) -> bool:
    ux, uy, uz = (
        vertices[b, 0] - vertices[a, 0],
        vertices[b, 1] - vertices[a, 1],
        vertices[b, 2] - vertices[a, 2],
    )
    vx, vy, vz = (
        vertices[c, 0] - vertices[a, 0],
        vertices[c, 1] - vertices[a, 1],
        vertices[c, 2] - vertices[a, 2],
    )
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return x == 0.0 and y == 0.0 and z == 0.0  # type: ignore[no-any-return]
