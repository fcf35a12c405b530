"""Preparation of one specimen: reading, checks, views and thumbnail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from core.collection import SpecimenFile, beside_as_text, decides_colours_alone, stamp_of
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


def fingerprint_for_record(settings: ViewSettings, record: SpecimenRecord) -> str:
    """Return the fingerprint of the views of a specimen, from the files that these views depend on."""
    needs_colours = settings.appearance == "colour"
    return fingerprint_of_views(settings, record.sha256 if needs_colours else record.form_sha256)


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
    name = task.specimen.specimen_id
    # The parent process keeps size and hash of these files, and syncs them.
    written = write_views(task.renders, name, views, sync=False) if task.renders is not None else []
    if task.thumbnails is not None:
        _write_thumbnail(task.thumbnails, record.sha256, views.images[broad_side])
    return Prepared(record, views, fingerprint_for_record(task.settings, record), len(written), tuple(warnings))


def record_of(specimen: SpecimenFile) -> SpecimenRecord:
    """Return size, time and SHA-256 of a specimen's file or files.

    Raises
    ------
    SpecimenError
        If it cannot be read.
    """
    own = specimen.images or (specimen.path,)
    try:
        for path in own:
            stat_of_file(path)
        beside, as_text = beside_as_text(specimen)
        record = SpecimenRecord("", specimen.specimen_id, str(specimen.path), beside=as_text)
        stamp = stamp_of(specimen, record)
        hashes = [sha256_of_file(path) for path in (*own, *beside)]
    except OSError as error:
        raise SpecimenError("The file cannot be read ({reason}).", reason=error.strerror or error) from error
    if stamp is None:
        raise _changed()
    kind = "photographs" if specimen.is_image_folder else "files of a mesh"
    return replace(
        record,
        size=stamp.size,
        mtime_ns=stamp.mtime_ns,
        stamp=stamp.files,
        sha256=hashes[0] if len(hashes) == 1 else fingerprint(kind, hashes) * 2,
        own_sha256=hashes[0] if beside and decides_colours_alone(specimen) else "",
    )


def views_of_photographs(images: np.ndarray) -> Views:
    """Return photographs as views, with identity for the unknown camera poses."""
    unknown_poses = np.tile(np.eye(4), (len(images), 1, 1))
    return Views(images=images, masks=np.ones(images.shape[:3], dtype=bool), camera_to_world=unknown_poses)


def _check_unchanged(record: SpecimenRecord, specimen: SpecimenFile) -> None:
    """Raise an error if a file changed since it was hashed."""
    stamp = stamp_of(specimen, record)
    if stamp is None or stamp.files != record.stamp:
        raise _changed()


def _changed() -> SpecimenError:
    return SpecimenError(
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
    size = min(THUMBNAIL_PIXELS, picture.shape[0])
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    quality = (int(cv2.IMWRITE_WEBP_QUALITY), 88)
    encoded = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)[1]
    write_bytes(path, encoded.tobytes(), sync=False)
