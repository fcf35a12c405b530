"""Preparation of one specimen: reading, checks, views and thumbnail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from core.collection import SpecimenFile
from core.foundation import SpecimenError, joined, note
from core.meshes import read_mesh
from core.storage import fingerprint, sha256_of_file, stat_of_file, write_bytes
from core.views import VIEWS_VERSION, Views, ViewSettings, read_photographs, render_views, write_views
from core.workspace import SpecimenRecord

THUMBNAIL_PIXELS = 256


@dataclass(frozen=True)
class Task:
    """One specimen to prepare.

    Parameters
    ----------
    specimen : SpecimenFile
        The file or folder to read.
    settings : ViewSettings
        Settings of the views.
    renders : Path, optional
        Folder for its views as PNG; None writes none.
    thumbnails : Path, optional
        Folder for its thumbnail; None writes none.
    with_depth : bool
        Whether depth is rendered, too, for backbones that use it.
    only_files : bool
        Whether the views are needed only in their files; a child process then does not send them back.
    """

    specimen: SpecimenFile
    settings: ViewSettings
    renders: Path | None = None
    thumbnails: Path | None = None
    with_depth: bool = False
    only_files: bool = False


@dataclass(frozen=True)
class Prepared:
    """A prepared specimen: the record of its file, its views, and warnings for the report."""

    record: SpecimenRecord
    views: Views
    views_fingerprint: str
    n_files: int
    warnings: tuple[str, ...] = ()

    @property
    def n_views(self) -> int:
        """Return the number of views, in memory or in files only."""
        return len(self.views.images) or self.n_files


@dataclass(frozen=True)
class Failure:
    """A skipped specimen, with the stage and the reason."""

    specimen_id: str
    stage: str
    reason: str


def fingerprint_of_views(settings: ViewSettings, sha256: str) -> str:
    """Return the fingerprint of the views of a file with these settings."""
    return fingerprint("views", VIEWS_VERSION, vars(settings), sha256)


def prepare(task: Task, threads: int = 0) -> Prepared:
    """Read, check and render one specimen.

    Parameters
    ----------
    task : Task
        The specimen and the settings of its views.
    threads : int
        Number of rendering threads, 0 for all processors; changes the time, not the views.

    Raises
    ------
    SpecimenError
        If its file cannot be used, or changed during reading.
    WorkspaceError
        If views or thumbnail cannot be written.
    """
    record = record_of(task.specimen)
    warnings: list[str] = []
    if task.specimen.is_image_folder:
        images = read_photographs(task.specimen.images, task.settings.size)
        _check_unchanged(record, task.specimen)
        views, broad_side = views_of_photographs(images), 0
        record = replace(record, kind="photographs")
    else:
        mesh = read_mesh(task.specimen.path, task.specimen.input_folder)
        _check_unchanged(record, task.specimen)
        views = render_views(mesh, task.settings, with_depth=task.with_depth, threads=threads)
        x, y, z = (float(value) for value in mesh.extent)
        record = replace(
            record,
            kind="point cloud" if mesh.is_point_cloud else "mesh",
            n_vertices=len(mesh.vertices),
            n_faces=len(mesh.faces),
            extent_x=x,
            extent_y=y,
            extent_z=z,
            notes=joined(mesh.notes),
        )
        warnings += [note("{name}: {note}", name=record.specimen_id, note=one) for one in mesh.warnings]
        broad_side = _broad_side(mesh.vertices, views)
    written = write_views(task.renders, task.specimen.specimen_id, views) if task.renders is not None else []
    if task.thumbnails is not None:
        _write_thumbnail(task.thumbnails, record.sha256, views.images[broad_side])
    return Prepared(record, views, fingerprint_of_views(task.settings, record.sha256), len(written), tuple(warnings))


def record_of(specimen: SpecimenFile) -> SpecimenRecord:
    """Return size, time and SHA-256 of a specimen's file or files.

    Raises
    ------
    SpecimenError
        If it cannot be read.
    """
    paths = specimen.images or (specimen.path,)
    try:
        size, mtime_ns = _size_and_time(specimen)
        hashes = [sha256_of_file(path) for path in paths]
    except OSError as error:
        raise SpecimenError("The file cannot be read ({reason}).", reason=error.strerror or error) from error
    return SpecimenRecord(
        source="",
        specimen_id=specimen.specimen_id,
        path=str(specimen.path),
        size=size,
        mtime_ns=mtime_ns,
        sha256=hashes[0] if len(hashes) == 1 else fingerprint("photographs", hashes) * 2,
    )


def views_of_photographs(images: np.ndarray) -> Views:
    """Return photographs as views, with identity for the unknown camera poses."""
    unknown_poses = np.tile(np.eye(4), (len(images), 1, 1))
    return Views(images=images, masks=np.ones(images.shape[:3], dtype=bool), camera_to_world=unknown_poses)


def _size_and_time(specimen: SpecimenFile) -> tuple[int, int]:
    stats = [stat_of_file(path) for path in specimen.images or (specimen.path,)]
    return sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats)


def _check_unchanged(record: SpecimenRecord, specimen: SpecimenFile) -> None:
    """Raise an error if size or time changed since the file was hashed."""
    try:
        now = _size_and_time(specimen)
    except OSError as error:
        raise SpecimenError("The file cannot be read ({reason}).", reason=error.strerror or error) from error
    if now != (record.size, record.mtime_ns):
        raise SpecimenError(
            "The file changed while it was being read.", advice="Start the run again when nothing writes to it."
        )


def _broad_side(vertices: np.ndarray, views: Views) -> int:
    """Return the index of the view along the direction of least extent.

    It shows the broad side, as the plates of monographs do.
    """
    spread = np.cov(vertices.T)
    towards = views.camera_to_world[:, :3, 2]
    return int(np.einsum("vi,ij,vj->v", towards, spread, towards).argmin())


def _write_thumbnail(folder: Path, sha256: str, picture: np.ndarray) -> None:
    path = folder / sha256[:2] / f"{sha256}.webp"
    if path.is_file():
        return
    size = min(THUMBNAIL_PIXELS, picture.shape[0])
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    quality = (int(cv2.IMWRITE_WEBP_QUALITY), 88)
    encoded = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)[1]
    write_bytes(path, encoded.tobytes())
