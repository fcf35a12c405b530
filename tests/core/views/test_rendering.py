"""Views of a specimen: settings, framing, files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from core.foundation import SettingError, SpecimenError
from core.meshes import Mesh, read_mesh
from core.storage import fingerprint
from core.views import (
    Views,
    ViewSettings,
    colour_of,
    find_views,
    read_view_files,
    render_views,
    view_suffix,
    write_views,
)
from tests.core.views.test_renderers import bumpy


@pytest.mark.parametrize(
    ("wrong", "prose"),
    [
        ({"views": 0}, r"'views' must be at least 1 \(got 0\)"),
        ({"size": 8}, r"'size' must be from 16 to 4096 pixels \(got 8\)"),
        ({"backend": "opengl"}, r"'backend' must be one of auto, raster, raycast, vtk, filament \(got 'opengl'\)"),
        ({"appearance": "color"}, r"'appearance' must be one of gray, colour, depth, normals \(got 'color'\)"),
        ({"layout": "spiral"}, "'layout' must be one of"),
        (
            {"background": "#12"},
            r"'background' must be one of white, black, gray or a colour like #20304a \(got '#12'\)",
        ),
        ({"shading": "toon"}, "'shading' must be one of clay, occlusion, headlight, key"),
        ({"normals": "none"}, "'normals' must be one of smooth, flat"),
        ({"antialias": 3}, r"'antialias' must be one of 1, 4, 16 \(got 3\)"),
        ({"framing": "tight"}, "'framing' must be one of view, specimen"),
        ({"backend": "vtk", "appearance": "depth"}, "must be gray or colour with the backend vtk .got 'depth'"),
    ],
)
def test_view_settings__refuse_what_is_not_allowed(wrong: dict[str, Any], prose: str) -> None:
    """Every message names the setting, what is allowed, and what was given."""
    with pytest.raises(SettingError, match=prose):
        ViewSettings(**wrong)


def test_view_settings__make_fingerprints() -> None:
    """Equal settings, equal fingerprint; any other, another."""
    assert fingerprint(asdict(ViewSettings())) == fingerprint(asdict(ViewSettings()))
    assert fingerprint(asdict(ViewSettings(size=224))) != fingerprint(asdict(ViewSettings()))


def test_colour_of__reads_names_and_digits() -> None:
    """Both spellings of a background."""
    assert colour_of("white") == (255, 255, 255)
    assert colour_of("#20304A") == (0x20, 0x30, 0x4A)


@pytest.mark.parametrize("backend", ["raster", "raycast"])
@pytest.mark.parametrize("framing", ["view", "specimen"])
def test_render_views__fills_the_picture_without_touching_its_border(backend: str, framing: str) -> None:
    """Every view keeps clear of the border; by view, each reaches nine tenths of the picture."""
    long = replace(bumpy(), vertices=bumpy().vertices * (1, 1, 3))
    views = render_views(long, ViewSettings(views=7, size=100, backend=backend, framing=framing))
    border = views.masks.copy()
    border[:, 1:-1, 1:-1] = False
    assert not border.any()
    spans = [max(np.ptp(np.nonzero(mask)[0]), np.ptp(np.nonzero(mask)[1])) for mask in views.masks]
    assert max(spans) >= 88
    assert framing == "specimen" or min(spans) >= 88
    assert framing == "view" or min(spans) < 80


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 1e6), st.tuples(*[st.floats(-1e5, 1e5)] * 3))
def test_render_views__does_not_depend_on_place_and_unit(size: float, place: tuple[float, float, float]) -> None:
    """Micrometres or metres, near the origin or far: nearly the same pictures."""
    body = bumpy(16)
    here = render_views(body, ViewSettings(views=2, size=48))
    there = render_views(
        replace(body, vertices=(body.vertices * size) + np.array(place) * size), ViewSettings(views=2, size=48)
    )
    assert np.abs(here.images.astype(int) - there.images).mean() < 0.5


def test_render_views__aligned_does_not_depend_on_how_the_specimen_lies() -> None:
    """In any orientation, an aligned specimen gives the same views; a mirrored one does not."""
    body = bumpy()
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    wish = ViewSettings(views=3, size=96, align=True)
    reference = render_views(body, wish)
    turned = render_views(replace(body, vertices=body.vertices @ rotation.T), wish)
    assert np.abs(reference.images.astype(int) - turned.images).mean() < 2
    lying = render_views(replace(body, vertices=body.vertices @ rotation.T), replace(wish, align=False))
    assert np.abs(reference.images.astype(int) - lying.images).mean() > 10
    # Sheared, so that the body is no mirror image of itself.
    left = replace(body, vertices=body.vertices @ np.array([[1, 0.5, 0], [0, 1, 0.6], [0, 0, 1]]))
    right = replace(left, vertices=left.vertices * (-1, 1, 1), faces=left.faces[:, ::-1].copy())
    difference = render_views(left, wish).images.astype(int) - render_views(right, wish).images
    assert np.abs(difference).mean() > 10


def test_render_views__is_deterministic_and_read_only() -> None:
    """The same bytes every time, in read-only arrays."""
    one, other = (render_views(bumpy(), ViewSettings(views=3, size=64)) for _ in range(2))
    assert np.array_equal(one.images, other.images)
    with pytest.raises(ValueError, match="read-only"):
        one.images[0] = 0


@pytest.mark.parametrize("backend", ["raster", "raycast"])
def test_render_views__shows_the_specimens_own_colours(backend: str) -> None:
    """A body red above and blue below is red from above and blue from below; gray without colours."""
    body = bumpy(24)
    red_above = np.where(body.vertices[:, 2:] > 0, np.uint8([230, 20, 20]), np.uint8([20, 20, 230]))
    wish = ViewSettings(views=6, size=48, layout="faces", appearance="colour", backend=backend)
    views = render_views(replace(body, vertex_colours=red_above.astype(np.uint8)), wish)
    above, below = (views.images[view][views.masks[view]].mean(axis=0) for view in (4, 5))
    assert above[0] > 3 * above[2]
    assert below[2] > 3 * below[0]
    plain = render_views(body, wish).images
    assert (plain[..., 0] == plain[..., 2]).all()


@pytest.mark.parametrize("background", ["black", "#20304a"])
def test_render_views__fills_the_background(background: str) -> None:
    """Corners have exactly the colour asked for."""
    views = render_views(bumpy(16), ViewSettings(views=2, size=48, background=background))
    assert views.images[0, 0, 0].tolist() == list(colour_of(background))


def test_write_views__names_files_as_the_contract_says(tmp_path: Path) -> None:
    """`<category>/<specimen>_view00.png`, of the size asked for, and the same pixels back."""
    views = render_views(bumpy(16), ViewSettings(views=3, size=50))
    paths = write_views(tmp_path, "Mollusques/Térébratule n° 3", views)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        f"Mollusques/Térébratule n° 3_view0{view}.png" for view in range(3)
    ]
    assert sorted(path.name for path in (tmp_path / "Mollusques").iterdir()) == sorted(path.name for path in paths)
    with Image.open(paths[0]) as image:
        assert image.size == (50, 50)
    assert np.array_equal(read_view_files(paths), views.images)


@given(number=st.integers(0, 10_000))
def test_view_suffix__is_read_back(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    """`find_views` finds every file that is named with the suffix, in the order of the numbers."""
    folder = tmp_path_factory.mktemp("views")
    paths = [folder / f"a_view{view_suffix(each)}" for each in (number, number + 1)]
    for path in paths:
        path.touch()
    assert find_views(folder) == {"a_view": paths}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), gray=st.booleans())
def test_read_view_files__give_any_pixels(tmp_path_factory: pytest.TempPathFactory, seed: int, gray: bool) -> None:
    """Lossless, in colour and in gray."""
    images = np.random.default_rng(seed).integers(0, 256, (2, 9, 9, 3), dtype=np.uint8)
    if gray:
        images[:] = images[..., :1]
    folder = tmp_path_factory.mktemp("views")
    paths = write_views(folder, "a", Views(images, np.ones((2, 9, 9), bool), np.tile(np.eye(4), (2, 1, 1))))
    assert np.array_equal(read_view_files(paths), images)


def test_read_view_files__says_what_is_wrong(tmp_path: Path) -> None:
    """A broken one, sizes that differ: a sentence and what to do."""
    (tmp_path / "c_view00.png").write_bytes(b"\x89PNG")
    with pytest.raises(SpecimenError, match=r"c_view00.png is not a readable picture; render it again with --over"):
        read_view_files([tmp_path / "c_view00.png"])
    paths = [tmp_path / f"d_view0{view}.png" for view in range(2)]
    for size, path in enumerate(paths, start=8):
        Image.new("L", (size, size)).save(path)
    with pytest.raises(SpecimenError, match=r"views differ in size; render it again"):
        read_view_files(paths)


def test_import__of_views_is_light() -> None:
    """Worker processes start fast: nothing heavy is imported before it is needed."""
    code = (
        "import sys, core.views.rendering, core.meshes.reading; "
        "heavy = ('open3d', 'numba', 'pyvista', 'vtkmodules', 'cv2', 'scipy', 'torch'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    project = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_render_views__of_a_flat_specimen_seen_edge_on_is_empty_not_an_error() -> None:
    """A sheet without thickness has views from which there is nothing to see."""
    sheet = Mesh(np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0.0)]), np.array([(0, 1, 2), (0, 2, 3)], np.int32))
    views = render_views(sheet, ViewSettings(views=6, size=32, layout="faces"))
    assert views.masks[4].any()
    assert views.masks[5].any()


@pytest.mark.parametrize("backend", ["raster", "raycast"])
def test_render_views__says_so_where_nothing_can_be_seen(backend: str) -> None:
    """A sliver far thinner than any sample gives no pictures of nothing, but a sentence."""
    sliver = Mesh(np.array([(0, 0, 0), (1, 0, 0), (0.5, 1e-12, 0)]), np.array([(0, 1, 2)], np.int32))
    with pytest.raises(SpecimenError, match=r"Nothing of the specimen can be seen in any view\. Check the mesh"):
        render_views(sliver, ViewSettings(views=3, size=32, backend=backend))


@pytest.mark.parametrize("backend", ["raster", "raycast"])
def test_render_views__shows_the_texture_of_a_file(tmp_path: Path, backend: str) -> None:
    """A sheet with a picture half green, half blue on it shows both colours, and nothing of red."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, :4, 1], pixels[:, 4:, 2] = 220, 220
    Image.fromarray(pixels).save(tmp_path / "skin.png")
    (tmp_path / "a.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    points = [(x, y) for y in (0, 1) for x in (0, 0.45, 0.55, 1)]
    lines = ["mtllib a.mtl", *(f"v {x} {y} 0" for x, y in points), *(f"vt {x} {y}" for x, y in points), "usemtl skin"]
    lines += [f"f {k}/{k} {k + 1}/{k + 1} {k + 5}/{k + 5} {k + 4}/{k + 4}" for k in (1, 2, 3)]
    (tmp_path / "a.obj").write_text("\n".join(lines))
    wish = ViewSettings(views=6, size=48, layout="faces", appearance="colour", backend=backend)
    views = render_views(read_mesh(tmp_path / "a.obj"), wish)
    seen = views.images[4][views.masks[4]].astype(int)
    assert (seen[:, 1] > 3 * seen[:, 2]).mean() > 0.3
    assert (seen[:, 2] > 3 * seen[:, 1]).mean() > 0.3
    assert seen[:, 0].max() < 20


def test_render_views__mixed_takes_turns_between_the_file_and_the_axes() -> None:
    """Odd and even views are those of the two ways; a turned specimen keeps every second view."""
    mesh = bumpy()
    wish = ViewSettings(views=5, size=64, mixed=True)
    lying, aligned = (render_views(mesh, replace(wish, mixed=False, align=way)) for way in (False, True))
    found = render_views(mesh, wish, with_depth=True)
    assert np.array_equal(found.images[::2], lying.images[::2])
    assert np.array_equal(found.images[1::2], aligned.images[1::2])
    assert found.depth is not None
    assert found.depth.shape == (5, 64, 64)
    assert render_views(mesh, replace(wish, views=1)).images.shape == (1, 64, 64, 3)
    with pytest.raises(SettingError, match="'align' turns the specimen for all views"):
        ViewSettings(align=True, mixed=True)
