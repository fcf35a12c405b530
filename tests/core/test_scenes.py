"""What is true of the scenes for the 3D viewer, and of the process that makes them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, RendererError, SettingError
from core.meshes import Mesh, read_mesh, write_ply
from core.scenes import MOST_SPECIMENS, Scene, SceneBuilder, SceneConfig, SceneSource, viewer_page

TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float64)
SIDES = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32)
NO_SIDES = np.zeros((0, 3), np.int32)


@pytest.fixture(scope="module")
def builder() -> Iterator[SceneBuilder]:
    """One warm process for all tests, as for all screens of the app."""
    made = SceneBuilder(timeout_seconds=120.0)
    yield made
    made.close()


def tetrahedron(path: Path, *, size: float = 1.0, colours: bool = False, cloud: bool = False) -> SceneSource:
    """Write a small specimen."""
    painted = np.full((4, 3), 200, np.uint8) if colours else None
    if cloud:
        write_ply(path, Mesh(np.random.default_rng(42).normal(size=(200, 3)), NO_SIDES.copy()))
    else:
        write_ply(path, Mesh(TETRAHEDRON * size, SIDES.copy(), painted))
    return SceneSource(path)


def renderers_of(scene: Scene) -> list[dict[str, object]]:
    """Return the renderers of a scene that show something, as vtk.js will read them."""
    with zipfile.ZipFile(io.BytesIO(scene.archive)) as archive:
        index = json.loads(archive.read(next(name for name in archive.namelist() if name.endswith("index.json"))))
    children = index["scene"]["dependencies"]
    drawn = [child for child in children if child["type"].endswith("Renderer")]
    return [one for one in drawn if any(part["type"].endswith("Actor") for part in one["dependencies"])]


@pytest.mark.parametrize("count", [1, 2, MOST_SPECIMENS])
def test_build__one_viewport_a_specimen(builder: SceneBuilder, tmp_path: Path, count: int) -> None:
    """Every specimen has a viewport of its own, and the grid has room for all."""
    scene = builder.build([tetrahedron(tmp_path / f"{index}.ply") for index in range(count)])
    assert len(renderers_of(scene)) == count
    assert scene.rows * scene.columns >= count


def test_build__facts_about_specimens(builder: SceneBuilder, tmp_path: Path) -> None:
    """Radius in file units, point clouds and colours are reported in the order given."""
    sources = [
        tetrahedron(tmp_path / "small.ply"),
        tetrahedron(tmp_path / "large.ply", size=25.0, colours=True),
        tetrahedron(tmp_path / "cloud.ply", cloud=True),
    ]
    scene = builder.build(sources)
    assert scene.radii[1] / scene.radii[0] == pytest.approx(25.0, rel=1e-4)
    assert scene.clouds == (False, False, True)
    assert scene.spacings[0] == 0.0
    assert scene.spacings[2] > 0.0
    assert scene.has_colours


def test_build__kept_until_a_file_changes(builder: SceneBuilder, tmp_path: Path) -> None:
    """The same specimens are not drawn twice; a changed file is."""
    source = tetrahedron(tmp_path / "a.ply")
    first = builder.build([source])
    assert builder.build([source]) is first
    tetrahedron(source.path, size=3.0)
    os.utime(source.path, ns=(1, 1))
    assert builder.build([source]).radii[0] == pytest.approx(3.0 * first.radii[0], rel=1e-4)


def test_build__objects_of_two_scenes_are_told_apart(builder: SceneBuilder, tmp_path: Path) -> None:
    """No object of one scene is called as one of another, whatever VTK's memory does."""
    scenes = [builder.build([tetrahedron(tmp_path / f"{index}.ply", cloud=index > 0)]) for index in range(2)]
    one, other = ({str(renderer["id"]) for renderer in renderers_of(scene)} for scene in scenes)
    assert one.isdisjoint(other)
    assert all(
        name.startswith(scene.fingerprint) for scene, names in zip(scenes, (one, other), strict=True) for name in names
    )


def test_build__settings_make_another_scene(builder: SceneBuilder, tmp_path: Path) -> None:
    """Clay and colour are different scenes of the same specimen."""
    source = tetrahedron(tmp_path / "a.ply", colours=True)
    assert builder.build([source]).archive != builder.build([source], SceneConfig(colour=True)).archive


def test_build__large_specimen_becomes_a_preview(builder: SceneBuilder, tmp_path: Path) -> None:
    """A preview is made where there is none, is far smaller, and stands in for a file that is gone."""
    steps = np.linspace(0.0, np.pi, 160)
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    sheet = np.stack([x, y, np.sin(3.0 * x) * np.cos(2.0 * y)], axis=1)
    corner = (np.arange(159)[:, None] * 160 + np.arange(159)).ravel().astype(np.int32)
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 160], 1), np.stack([corner + 1, corner + 161, corner + 160], 1)]
    )
    source = SceneSource(tmp_path / "scan.ply", tmp_path / "previews" / "scan.ply")
    write_ply(source.path, Mesh(sheet, faces))
    builder.build([source])
    assert source.preview is not None
    assert 4 <= len(read_mesh(source.preview).faces) < len(faces) / 2
    source.path.unlink()
    assert len(renderers_of(builder.build([source]))) == 1


def test_build__missing_file(builder: SceneBuilder, tmp_path: Path) -> None:
    """A file that is gone is named, with what to do."""
    with pytest.raises(InputError, match=r"gone\.ply cannot be read \(No such file.*choose it again"):
        builder.build([SceneSource(tmp_path / "gone.ply")])


@pytest.mark.parametrize("count", [0, MOST_SPECIMENS + 1])
def test_build__too_few_or_too_many(builder: SceneBuilder, tmp_path: Path, count: int) -> None:
    """The number of specimens is checked before anything is read."""
    with pytest.raises(InputError, match=rf"shows one to 6 specimens \(got {count}\)"):
        builder.build([SceneSource(tmp_path / "any.ply")] * count)


def test_build__broken_file_leaves_the_process_alive(builder: SceneBuilder, tmp_path: Path) -> None:
    """A broken specimen is an error that names it, and the next one is drawn."""
    broken = tmp_path / "broken.ply"
    broken.write_bytes(b"not a mesh at all")
    with pytest.raises(RendererError, match=r"broken\.ply"):
        builder.build([SceneSource(broken)])
    assert builder.build([tetrahedron(tmp_path / "good.ply")]).radii


def test_build__process_that_hangs_or_dies_is_replaced(tmp_path: Path) -> None:
    """A process that overran its time is ended, and said so; one that died is replaced without a word."""
    builder = SceneBuilder(timeout_seconds=0.001)
    source = tetrahedron(tmp_path / "a.ply")
    try:
        with pytest.raises(RendererError, match=r"not ready after 0\.001 s\. Try again"):
            builder.build([source])
        builder.timeout_seconds = 120.0
        assert builder.build([source]).radii
        assert builder._child is not None
        builder._child.kill()
        assert builder.warm_up() > 0.0
    finally:
        builder.close()


@pytest.mark.parametrize("clay", ["red", "#12345", "#12345g", ""])
def test_scene_config__colour_is_checked(clay: str) -> None:
    """A clay that is no colour is refused with what was given."""
    with pytest.raises(SettingError, match="must be a colour like"):
        SceneConfig(clay=clay)


def test_viewer_page__fetches_nothing() -> None:
    """The vtk.js page loads no script, style or picture from elsewhere."""
    page = viewer_page()
    assert "OfflineLocalView" in page
    for tag in ('src="http', "src='http", 'href="http', "@import"):
        assert tag not in page


def test_scenes__imports_nothing_heavy() -> None:
    """Neither VTK nor Streamlit is loaded into the process that asks for a scene."""
    code = "import sys, core.scenes; print(sorted({'pyvista', 'vtkmodules', 'streamlit'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
