"""Textures of decimated specimens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from core.meshes import Mesh, decimate, read_mesh
from core.scenes import read_preview
from core.scenes.previews import read_skin
from core.scenes.surface_colours import modes_of, paint
from core.scenes.textures import bake_skin, skin_coordinates


def write_textured(folder: Path, steps: int = 30) -> Path:
    """Write a flat square whose picture is red to the right and green to the top."""
    ramp = np.arange(256, dtype=np.uint8)
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[..., 0], picture[..., 1] = ramp[None, :], ramp[::-1, None]
    Image.fromarray(picture).save(folder / "skin.png")
    (folder / "square.mtl").write_text("newmtl skin\nKd 1 1 1\nmap_Kd skin.png\n", encoding="utf-8")
    places = np.stack(np.meshgrid(np.linspace(0, 1, steps), np.linspace(0, 1, steps)), -1).reshape(-1, 2)
    lines = ["mtllib square.mtl"]
    # A little bent, so that there is something to keep; large and far away, as scans are.
    lines += [f"v {500 + 40 * x} {40 * y} {3 * np.sin(3 * x)}" for x, y in places]
    lines += [f"vt {x} {y}" for x, y in places]
    lines.append("usemtl skin")
    corner = (np.arange(steps - 1)[:, None] * steps + np.arange(steps - 1)).ravel() + 1
    for a in corner:
        lines.append(f"f {a}/{a} {a + 1}/{a + 1} {a + steps + 1}/{a + steps + 1} {a + steps}/{a + steps}")
    (folder / "square.obj").write_text("\n".join(lines), encoding="utf-8")
    return folder / "square.obj"


def seen(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return a picture's colours at coordinates, the nearest pixel, row 0 at the bottom."""
    pixel = np.floor(places * len(picture)).astype(int)
    return picture[pixel[..., 1], pixel[..., 0]].astype(int)


def test_bake_skin__few_faces_show_the_whole_picture(tmp_path: Path) -> None:
    """Everywhere on the decimated surface, the skin shows what the scan's texture shows there."""
    path = write_textured(tmp_path)
    scan = read_mesh(path)
    simple = decimate(scan, 60)
    picture = bake_skin(simple, scan, path)
    assert picture is not None
    corners, places = simple.vertices[simple.faces], skin_coordinates(len(simple.faces))
    for shares in ([1 / 3, 1 / 3, 1 / 3], [0.7, 0.2, 0.1], [0.02, 0.49, 0.49]):
        points = np.einsum("k,mkd->md", shares, corners)
        colours = seen(picture, np.einsum("k,mkd->md", shares, places))
        assert np.abs(colours[:, 0] - (points[:, 0] - 500) / 40 * 255).max() < 14
        assert np.abs(colours[:, 1] - points[:, 1] / 40 * 255).max() < 14


def test_bake_skin__coloured_faces(tmp_path: Path) -> None:
    """Where a file colours faces, the skin has their colours."""
    scan = read_mesh(write_textured(tmp_path, steps=8))
    painted = Mesh(scan.vertices, scan.faces, corner_colours=np.full((len(scan.faces), 3, 3), 77, np.uint8))
    picture = bake_skin(painted, painted, tmp_path / "painted.ply")
    assert picture is not None
    assert (seen(picture, skin_coordinates(len(painted.faces))) == 77).all()


def test_bake_skin__nothing_to_lay_over(tmp_path: Path) -> None:
    """A specimen without a texture has no skin."""
    plain = Mesh(np.eye(3), np.array([[0, 1, 2]], np.int32))
    assert bake_skin(plain, plain, tmp_path / "plain.obj") is None


@given(faces=st.integers(1, 30_000))
def test_skin_coordinates__no_face_shares_pixels_with_another(faces: int) -> None:
    """All corners lie within the picture, and faces of neighbouring cells keep a pixel from one another's."""
    places = skin_coordinates(faces)
    assert places.min() > 0
    assert places.max() < 1
    last = places[-2:].reshape(-1, 2)
    assert len(np.unique(last, axis=0)) == len(last)


def test_read_skin__is_made_with_the_preview_and_read_again(tmp_path: Path) -> None:
    """The picture stands beside the preview; a scan without one has none, and texture is offered accordingly."""
    path, preview = write_textured(tmp_path), tmp_path / "previews" / "square.ply"
    mesh = read_preview(path, preview)
    skin = read_skin(preview, mesh)
    assert skin is not None
    again = read_preview(path, preview)
    assert len(again.faces) == len(mesh.faces)
    kept = read_skin(preview, again)
    assert kept is not None
    assert np.array_equal(kept, skin)
    assert modes_of([again], [skin])[:3] == ("clay", "colour", "texture")
    assert paint([again], "texture", skins=[skin])[0][0].skin is skin
    assert read_skin(tmp_path / "other.ply", again) is None
    assert read_skin(None, again) is None


@pytest.mark.parametrize("damaged", [b"", b"no picture"])
def test_read_skin__damaged(tmp_path: Path, damaged: bytes) -> None:
    """A picture that cannot be read is as none."""
    path, preview = write_textured(tmp_path, steps=6), tmp_path / "square.ply"
    mesh = read_preview(path, preview)
    preview.with_suffix(".png").write_bytes(damaged)
    assert read_skin(preview, mesh) is None
