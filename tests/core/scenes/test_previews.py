"""Previews: decimated copies of specimens."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.foundation import SpecimenError
from core.meshes import Mesh, write_ply
from core.scenes import read_preview
from core.scenes.previews import make_preview

POINTS = np.random.default_rng(42).normal(size=(500, 3))
CLOUD = Mesh(POINTS.copy(), np.zeros((0, 3), np.int32), np.full((500, 3), 90, np.uint8))


def test_make_preview__small_specimen_is_kept_as_it_is() -> None:
    """What is small enough loses nothing."""
    assert len(make_preview(CLOUD, points=1000).vertices) == 500


def test_make_preview__cloud_is_thinned_with_its_colours() -> None:
    """A large cloud becomes a small one and stays coloured."""
    thinned = make_preview(CLOUD, points=100)
    assert 4 <= len(thinned.vertices) <= 150
    assert thinned.vertex_colours is not None
    assert len(thinned.vertex_colours) == len(thinned.vertices)


def test_read_preview__made_once_and_again_when_the_file_changes(tmp_path: Path) -> None:
    """A preview is kept, and made anew for a newer file."""
    path, kept = tmp_path / "a.ply", tmp_path / "previews" / "a.ply"
    write_ply(path, CLOUD)
    read_preview(path, kept)
    made = kept.stat().st_mtime_ns
    read_preview(path, kept)
    assert kept.stat().st_mtime_ns == made
    write_ply(path, Mesh(POINTS * 2.0, np.zeros((0, 3), np.int32)))
    os.utime(path, ns=(made + 10**9, made + 10**9))
    assert read_preview(path, kept).extent[0] == pytest.approx(2.0 * CLOUD.extent[0], rel=1e-4)


def test_read_preview__damaged_preview_is_made_again(tmp_path: Path) -> None:
    """A preview that cannot be read is replaced from the specimen's file."""
    path, kept = tmp_path / "a.ply", tmp_path / "kept.ply"
    write_ply(path, CLOUD)
    kept.write_bytes(b"torn")
    os.utime(kept, ns=(2**62, 2**62))
    assert len(read_preview(path, kept).vertices) == 500


def test_read_preview__folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A preview that cannot be kept is shown all the same."""
    path = tmp_path / "a.ply"
    write_ply(path, CLOUD)
    (tmp_path / "file").write_text("in the way")
    assert len(read_preview(path, tmp_path / "file" / "a.ply").vertices) == 500


def test_read_preview__nothing_to_read(tmp_path: Path) -> None:
    """Without file and preview there is a reason."""
    with pytest.raises(SpecimenError, match="cannot be read"):
        read_preview(tmp_path / "gone.ply", tmp_path / "gone-preview.ply")
