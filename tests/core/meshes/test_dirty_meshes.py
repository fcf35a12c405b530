"""Every file of the shared dirty meshes gives a specimen or an error sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.foundation import SpecimenError
from core.meshes import SUFFIXES, normalise, read_mesh
from core.views import ViewSettings, render_views

DIRTY = Path(__file__).resolve().parents[3].parent / "shared" / "dirty_meshes"
needs_dirty_meshes = pytest.mark.skipif(not DIRTY.is_dir(), reason="the shared dirty meshes are not beside the project")


@dataclass(frozen=True)
class Specimen:
    """The expected content of a readable file."""

    vertices: int = 4103
    faces: int = 7999
    notes: tuple[str, ...] = ()
    vertex_colours: bool = False
    corner_colours: bool = False
    normals: bool = False


EXPECTED: dict[str, Specimen | str] = {
    "empty_file.ply": "The file is empty (0 bytes).",
    "garbage.ply": "This is not a PLY file: it does not begin with the word ply.",
    "geom_all_normals_inverted.ply": Specimen(),
    "geom_anisotropic_needle.ply": Specimen(),
    "geom_degenerate_faces.ply": Specimen(faces=7600, notes=("399 faces without area left out.",)),
    "geom_duplicate_faces.ply": Specimen(faces=8398),
    "geom_far_from_origin_1e7.ply": Specimen(
        3645, 3016, notes=("4,983 faces without area left out.", "458 vertices that no face uses left out.")
    ),
    "geom_flat_zero_thickness.ply": Specimen(),
    "geom_flipped_normals_5pct.ply": Specimen(),
    "geom_floating_debris_60_components.ply": Specimen(13823, 27199),
    "geom_holes_20pct_faces_removed.ply": Specimen(4099, 6400, notes=("4 vertices that no face uses left out.",)),
    "geom_nan_vertices.ply": Specimen(
        4083,
        7874,
        notes=("20 vertices with NaN or infinite positions and the 125 faces that used them left out.",),
    ),
    "geom_nonmanifold_edges.ply": Specimen(4502, 8398),
    "geom_single_triangle.ply": Specimen(3, 1),
    "geom_tiny_1e-6.ply": Specimen(),
    "geom_unreferenced_vertices.ply": Specimen(notes=("500 vertices that no face uses left out.",)),
    "not_a_mesh.stl": "This is not an STL file: it holds 5 bytes, a binary STL at least 84.",
    "obj_multi_object_mtl.obj": Specimen(
        8206,
        15998,
        notes=("The texture missing_texture.png is not there; the material's plain colour is shown instead.",),
        corner_colours=True,
    ),
    "obj_negative_indices.obj": Specimen(),
    "obj_points_only.obj": Specimen(faces=0),
    "obj_vertex_colour.obj": Specimen(vertex_colours=True),
    "off_COFF_rgba.off": Specimen(vertex_colours=True),
    "off_NOFF_normals.off": Specimen(),
    "off_comments_blank_crlf.off": Specimen(),
    "off_face_colours.off": Specimen(corner_colours=True),
    "off_header_glued_modelnet40.off": Specimen(),
    "off_no_magic.off": Specimen(),
    "off_plain.off": Specimen(),
    "off_points_only.off": Specimen(faces=0),
    "off_truncated.off": "The file is cut short: it promises 7,999 faces, but only 6,000 are there.",
    "ply_ascii.ply": Specimen(),
    "ply_binary_big.ply": Specimen(),
    "ply_binary_little.ply": Specimen(),
    "ply_pointcloud_colour_no_faces.ply": Specimen(faces=0, vertex_colours=True),
    "ply_pointcloud_normals_crlf.ply": Specimen(faces=0, normals=True),
    "ply_truncated_binary.ply": "The file is cut short: it promises 7,999 faces, but only 7,735 are there.",
    "ply_vertex_colour_double_big.ply": Specimen(vertex_colours=True),
    "ply_vertex_colour_double_little.ply": Specimen(vertex_colours=True),
    "ply_vertex_index_named_vertex_index.ply": Specimen(),
    "stl_ascii.stl": Specimen(),
    "stl_binary.stl": Specimen(),
    "stl_binary_header_says_solid.stl": Specimen(),
    "stl_truncated.stl": "The file is cut short: it promises 7,999 faces, but only 3,998 are there.",
}
SPECIMENS = [name for name, expected in EXPECTED.items() if isinstance(expected, Specimen)]


@needs_dirty_meshes
def test_expected__names_every_file_of_the_collection() -> None:
    """No file of the collection goes untested."""
    assert {path.name for path in DIRTY.iterdir() if path.suffix in SUFFIXES} == set(EXPECTED)


@needs_dirty_meshes
@pytest.mark.parametrize("name", EXPECTED)
def test_read_mesh__gives_a_specimen_or_a_sentence(name: str) -> None:
    """A file gives exactly the expected specimen, or exactly the expected error."""
    expected = EXPECTED[name]
    if isinstance(expected, str):
        with pytest.raises(SpecimenError) as caught:
            read_mesh(DIRTY / name)
        assert caught.value.problem == expected
        assert caught.value.advice
        return
    mesh = read_mesh(DIRTY / name)
    found = Specimen(
        vertices=len(mesh.vertices),
        faces=len(mesh.faces),
        notes=mesh.notes,
        vertex_colours=mesh.vertex_colours is not None,
        corner_colours=mesh.corner_colours is not None,
        normals=mesh.normals is not None,
    )
    assert found == expected
    assert np.isfinite(mesh.vertices).all()


@needs_dirty_meshes
@pytest.mark.parametrize("name", SPECIMENS)
def test_render_views__shows_every_readable_dirty_mesh(name: str) -> None:
    """The views fill the picture and are neither black nor white all over."""
    views = render_views(read_mesh(DIRTY / name), ViewSettings(views=4, size=128))
    seen = views.masks.any(axis=(1, 2))
    assert seen.sum() >= 3
    assert not views.masks[:, [0, -1]].any() or "debris" in name
    inside = views.images[views.masks]
    assert 20 < inside.mean() < 245
    assert np.percentile(inside, 2) > 10


@needs_dirty_meshes
@pytest.mark.parametrize(
    "name",
    [
        "geom_all_normals_inverted.ply",
        "geom_duplicate_faces.ply",
        "geom_unreferenced_vertices.ply",
        "geom_tiny_1e-6.ply",
        "stl_binary_header_says_solid.stl",
        "ply_binary_big.ply",
    ],
)
def test_render_views__gives_the_same_pictures_whatever_the_defect(name: str) -> None:
    """Defects that do not change the shape hardly change the pictures."""
    settings = ViewSettings(views=4, size=96)
    clean = render_views(read_mesh(DIRTY / "ply_binary_little.ply"), settings)
    dirty = render_views(read_mesh(DIRTY / name), settings)
    assert (clean.masks & dirty.masks).sum() / (clean.masks | dirty.masks).sum() > 0.98
    assert np.abs(clean.images.astype(int) - dirty.images).mean() < 1.5


@needs_dirty_meshes
def test_render_views__does_not_speckle_if_faces_are_flipped() -> None:
    """Turning over one face in twenty leaves the pictures nearly as they are."""
    settings = ViewSettings(views=4, size=96)
    clean = render_views(read_mesh(DIRTY / "ply_binary_little.ply"), settings)
    turned = render_views(read_mesh(DIRTY / "geom_flipped_normals_5pct.ply"), settings)
    both = clean.masks & turned.masks
    difference = np.abs(clean.images.astype(int) - turned.images)[both]
    assert difference.mean() < 3
    assert (difference > 60).mean() < 0.005


@needs_dirty_meshes
def test_normalise__is_not_shrunk_by_floating_debris() -> None:
    """Debris fourteen times as far out as the shell leaves the shell at unit size."""
    debris = read_mesh(DIRTY / "geom_floating_debris_60_components.ply")
    clean = normalise(read_mesh(DIRTY / "ply_binary_little.ply"))
    shell = normalise(debris).vertices[:4103]
    assert np.ptp(shell, axis=0) == pytest.approx(np.ptp(clean.vertices, axis=0), rel=0.02)
