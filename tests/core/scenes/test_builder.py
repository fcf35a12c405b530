"""Scenes for the 3D viewer, and the child process that makes them."""

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
from PIL import Image

from core.foundation import InputError, RendererError, SettingError
from core.meshes import Mesh, read_mesh, write_ply
from core.scenes import MOST_SPECIMENS, Scene, SceneBuilder, SceneConfig, SceneSource, TurntableSettings, viewer_page

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


def grid(path: Path, steps: int) -> Path:
    """Write a wavy sheet of 2 × (steps - 1)² faces."""
    along = np.linspace(0.0, np.pi, steps)
    x, y = (axis.ravel() for axis in np.meshgrid(along, along))
    sheet = np.stack([x, y, np.sin(3.0 * x) * np.cos(2.0 * y)], axis=1)
    corner = (np.arange(steps - 1)[:, None] * steps + np.arange(steps - 1)).ravel().astype(np.int32)
    faces = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + steps], 1),
            np.stack([corner + 1, corner + steps + 1, corner + steps], 1),
        ]
    )
    write_ply(path, Mesh(sheet, faces))
    return path


def renderers_of(scene: Scene) -> list[dict[str, object]]:
    """Return the renderers of a scene that show something, as vtk.js will read them."""
    with zipfile.ZipFile(io.BytesIO(scene.archive)) as archive:
        index = json.loads(archive.read(next(name for name in archive.namelist() if name.endswith("index.json"))))
    children = index["scene"]["dependencies"]
    drawn = [child for child in children if child["type"].endswith("Renderer")]
    return [one for one in drawn if any(part["type"].endswith("Actor") for part in one["dependencies"])]


@pytest.mark.parametrize("count", [1, 2, MOST_SPECIMENS])
def test_build__one_viewport_a_specimen(builder: SceneBuilder, tmp_path: Path, count: int) -> None:
    """Every specimen has a viewport of its own."""
    scene = builder.build([tetrahedron(tmp_path / f"{index}.ply") for index in range(count)])
    assert len(renderers_of(scene)) == count
    assert scene.counts == (4,) * count


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
    assert scene.counts == (4, 4, 200)
    assert "colour" in scene.modes


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
    assert builder.build([source]).archive != builder.build([source], SceneConfig(mode="colour")).archive


def test_build__distance_to_a_neighbour(builder: SceneBuilder, tmp_path: Path) -> None:
    """Colours and figures of the difference come with the scene, and what can be shown of it."""
    sources = [tetrahedron(tmp_path / "a.ply"), tetrahedron(tmp_path / "b.ply", size=2.0)]
    scene = builder.build(sources, SceneConfig(mode="distance"))
    assert scene.legend is not None
    assert scene.legend.scale == pytest.approx(0.5, rel=0.05)
    assert scene.legend.rms is not None
    assert scene.modes == ("clay", "mean-curvature", "gaussian-curvature", "distance")
    assert builder.build(sources).legend is None


def test_build__preview_is_made_once_and_full_resolution_is_the_file(builder: SceneBuilder, tmp_path: Path) -> None:
    """Other modes and scenes read the preview that is there; full resolution reads the file."""
    source = SceneSource(grid(tmp_path / "scan.ply", 160), tmp_path / "scan_preview.ply")
    assert builder.build([source]).counts[0] < 21_000
    assert source.preview is not None
    made = source.preview.stat().st_mtime_ns
    builder.build([source], SceneConfig(mode="mean-curvature"))
    assert source.preview.stat().st_mtime_ns == made
    assert builder.build([source], SceneConfig(detail="full")).counts == (2 * 159**2,)


def test_build__texture_is_laid_over_the_preview(builder: SceneBuilder, tmp_path: Path) -> None:
    """Coloured faces become a picture that the page lays over the preview; in full resolution corners are coloured."""
    corners = np.random.default_rng(7).integers(0, 255, (4, 3, 3), dtype=np.uint8)
    lines = ["ply", "format ascii 1.0", "element vertex 4", *(f"property float {axis}" for axis in "xyz")]
    lines += ["element face 4", "property list uchar int vertex_indices"]
    lines += [*(f"property uchar {channel}" for channel in ("red", "green", "blue")), "end_header"]
    lines += [" ".join(map(str, point)) for point in TETRAHEDRON]
    lines += [f"3 {' '.join(map(str, side))} {' '.join(map(str, corners[row, 0]))}" for row, side in enumerate(SIDES)]
    source = SceneSource(tmp_path / "painted.ply", tmp_path / "kept" / "painted.ply")
    source.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    scene = builder.build([source], SceneConfig(mode="texture"))
    assert scene.modes[:3] == ("clay", "colour", "texture")
    assert scene.textured == (True,)
    assert "vtkTexture" in json.dumps(renderers_of(scene))
    full = builder.build([source], SceneConfig(mode="texture", detail="full"))
    assert full.textured == (False,)


def test_turntable__of_the_query_as_it_is_coloured(builder: SceneBuilder, tmp_path: Path) -> None:
    """A film and a strip of frames come from the same child, in the colours of the scene."""
    source, settings = tetrahedron(tmp_path / "a.ply"), TurntableSettings(frames=4, size=32)
    assert builder.turntable([source], settings, ".gif")[:3] == b"GIF"
    clay, curved = (
        np.asarray(Image.open(io.BytesIO(builder.turntable([source], settings, ".jpg", SceneConfig(mode=mode)))))
        for mode in ("clay", "mean-curvature")
    )
    assert clay.shape == curved.shape == (32, 128, 3)
    assert np.abs(clay.astype(int) - curved).max() > 40


def test_build__large_specimen_becomes_a_preview(builder: SceneBuilder, tmp_path: Path) -> None:
    """A preview is made where there is none, is far smaller, and stands in for a file that is gone."""
    source = SceneSource(tmp_path / "scan.ply", tmp_path / "previews" / "scan.ply")
    grid(source.path, 160)
    builder.build([source])
    assert source.preview is not None
    assert 4 <= len(read_mesh(source.preview).faces) < 159**2
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
    """A process that overran its time is ended, with an error; one that crashed is replaced without an error."""
    builder = SceneBuilder(timeout_seconds=0.001)
    source = tetrahedron(tmp_path / "a.ply")
    try:
        with pytest.raises(RendererError, match=r"not ready after 0\.004 s\. Try again"):
            builder.build([source])
        builder.timeout_seconds = 120.0
        assert builder.build([source]).radii
        assert builder._child is not None
        builder._child.kill()
        assert builder.warm_up() > 0.0
    finally:
        builder.close()


@pytest.mark.parametrize(
    "wrong",
    [{"clay": "red"}, {"clay": "#12345g"}, {"mode": "glass"}, {"detail": "half"}, {"against": 0}, {"against": 6}],
)
def test_scene_config__is_checked(wrong: dict[str, object]) -> None:
    """What is not allowed is refused with what was given."""
    with pytest.raises(SettingError, match=r"must be .* \(got"):
        SceneConfig(**wrong)  # type: ignore[arg-type]


def test_viewer_page__fetches_nothing() -> None:
    """The vtk.js page loads no script, style or picture from elsewhere."""
    page = viewer_page()
    assert "OfflineLocalView" in page
    for tag in ('src="http', "src='http", 'href="http', "@import"):
        assert tag not in page


def test_scenes__imports_nothing_heavy() -> None:
    """Neither VTK nor Streamlit is loaded into the process that asks for a scene."""
    code = "import sys, core.scenes.builder; print(sorted({'pyvista', 'vtkmodules', 'streamlit'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
