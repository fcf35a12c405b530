"""Textures as programs and archives lay them out: found, told of if they are not, and no specimens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.collection import take_inventory
from core.meshes import read_mesh, textured_surface

# Red, green / blue, white. At the corners of a square: blue, white, green, red.
PIXELS = np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 255)]], np.uint8)
SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
CORNER_COLOURS = {(0, 0): (0, 0, 255), (1, 0): (255, 255, 255), (1, 1): (0, 255, 0), (0, 1): (255, 0, 0)}


def _picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PIXELS).save(path)


def _obj(folder: Path, library: str | bytes, *, material: str | bytes = "m") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "m.mtl").write_bytes(library if isinstance(library, bytes) else library.encode())
    name = material if isinstance(material, bytes) else material.encode()
    (folder / "tooth.obj").write_bytes(
        b"mtllib m.mtl\n" + SQUARE.encode() + b"usemtl " + name + b"\nf 1/1 2/2 3/3 4/4\n"
    )
    return folder / "tooth.obj"


def _has_texture(path: Path, within: Path | None = None) -> bool:
    """Return whether the corners of the square have the colours of the picture."""
    mesh = read_mesh(path, within)
    if mesh.corner_colours is None:
        return False
    positions = mesh.vertices[mesh.faces][..., :2].astype(int).reshape(-1, 2).tolist()
    return all(
        CORNER_COLOURS[x, y] == tuple(colour)
        for (x, y), colour in zip(positions, mesh.corner_colours.reshape(-1, 3).tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("map_Kd t.png", "t.png"),
        ("map_Kd ../textures/t.png", "../textures/t.png"),
        ("map_Kd T.PNG", "t.png"),
        ("MAP_KD\tt.png", "t.png"),
        ("map_kd -s 1 1 1 -o 0 0 0 my skin.png", "my skin.png"),
        ("map_Kd D:\\scans\\skin\\t.png", "../Textures/t.png"),
    ],
)
def test_obj__texture_is_found(tmp_path: Path, entry: str, image: str) -> None:
    """In other folders, cases and spellings, and no word is lost on it."""
    path = _obj(tmp_path / "source", f"newmtl m\nKd 1 1 1\n{entry}\n")
    _picture(path.parent / image)
    assert _has_texture(path)
    assert read_mesh(path).warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_mtl__is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    """Byte order marks, and UTF-16."""
    path = _obj(tmp_path, "newmtl zähne\nmap_Kd t.png\n".encode(encoding), material="zähne")
    _picture(tmp_path / "t.png")
    assert _has_texture(path)


@pytest.mark.parametrize(
    ("encoding", "word"), [("cp1252", "zähne"), ("cp932", "三葉虫"), ("gbk", "三叶虫"), ("cp1251", "зуб")]
)
def test_mtl__names_in_a_code_page(tmp_path: Path, encoding: str, word: str) -> None:
    """Of materials, in another encoding than the OBJ, and of files."""
    path = _obj(tmp_path, f"newmtl {word}\nmap_Kd {word}.png\n".encode(encoding), material=word)
    _picture(tmp_path / f"{word}.png")
    assert _has_texture(path)
    path = _obj(tmp_path, f"newmtl {word}\nmap_Kd {word}.png\n".encode(encoding), material=word.encode(encoding))
    assert _has_texture(path)


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("newmtl m\nKd 1 1 1\nmap_Kd gone.png\n", "The texture gone.png is not there"),
        ("newmtl m\nKd 1 1 1\nmap_Kd ../../t.png\n", "The texture ../../t.png lies outside of"),
        ("newmtl m\nKd 1 1 1\nmap_Kd m.mtl\n", "The texture m.mtl cannot be read"),
        ("newmtl other\nKd 1 1 1\n", "The material m is in no material file"),
    ],
)
def test_obj__what_is_not_found_is_told(tmp_path: Path, library: str, said: str) -> None:
    """By a warning of the run, not in the catalogue alone."""
    path = _obj(tmp_path / "in" / "source", library)
    _picture(tmp_path / "t.png")
    mesh = read_mesh(path)
    assert said in mesh.warnings[0]
    assert mesh.warnings[0] in mesh.notes


def test_obj__textures_stay_within_the_input_folder(tmp_path: Path) -> None:
    """The folder above the model's is read only if it is in the input folder, or that is not known."""
    path = _obj(tmp_path / "in", "newmtl m\nmap_Kd ../t.png\n")
    _picture(tmp_path / "t.png")
    assert _has_texture(path)
    assert not _has_texture(path, tmp_path / "in")
    deep = _obj(tmp_path / "in" / "a" / "b", "newmtl m\nmap_Kd ../../maps/t.png\n")
    _picture(tmp_path / "in" / "maps" / "t.png")
    assert not _has_texture(deep)
    assert _has_texture(deep, tmp_path / "in")


def test_obj__deep_textures_are_not_clipped(tmp_path: Path) -> None:
    """A gray texture of 16 bits keeps its shades."""
    path = _obj(tmp_path, "newmtl m\nmap_Kd t.png\n")
    Image.fromarray(np.array([[0x8000, 0x4000], [0x2000, 0xFFFF]], np.uint16)).save(tmp_path / "t.png")
    colours = read_mesh(path).corner_colours
    assert colours is not None
    assert {tuple(colour) for colour in colours.reshape(-1, 3).tolist()} == {(v,) * 3 for v in (0x80, 0x40, 0x20, 0xFF)}


LISTS = "property list uchar int vertex_indices\nproperty list uchar float texcoord\n"
BARE = "property list uchar int vertex_indices\n"


def _ply(of_vertices: str, of_faces: str, rows: list[str], faces: list[str], *, texture: str = "t.png") -> bytes:
    header = f"ply\nformat ascii 1.0\ncomment TextureFile {texture}\nelement vertex 4\n"
    header += "property float x\nproperty float y\nproperty float z\n" + of_vertices
    header += f"element face {len(faces)}\n{of_faces}end_header\n"
    return (header + "\n".join([*rows, *faces]) + "\n").encode()


PLAIN_ROWS = ["0 0 0", "1 0 0", "1 1 0", "0 1 0"]
ROWS_WITH_COORDINATES = ["0 0 0 0 0", "1 0 0 1 0", "1 1 0 1 1", "0 1 0 0 1"]


@pytest.mark.parametrize(
    "content",
    [
        _ply("", LISTS, PLAIN_ROWS, ["4 0 1 2 3 8 0 0 1 0 1 1 0 1"]),
        _ply("", LISTS, PLAIN_ROWS, ["3 0 1 2 6 0 0 1 0 1 1", "3 0 2 3 6 0 0 1 1 0 1"]),
        _ply(
            "",
            LISTS + "property int texnumber\n",
            PLAIN_ROWS,
            ["3 0 1 2 6 0 0 1 0 1 1 0", "3 0 2 3 6 0 0 1 1 0 1 0"],
            texture="T.PNG",
        ),
        _ply("property float s\nproperty float t\n", BARE, ROWS_WITH_COORDINATES, ["4 0 1 2 3"]),
        _ply("property float u\nproperty float v\n", BARE, ROWS_WITH_COORDINATES, ["3 0 1 2", "3 0 2 3"]),
        _ply("property float texture_u\nproperty float texture_v\n", BARE, ROWS_WITH_COORDINATES, ["4 0 1 2 3"]),
    ],
)
def test_ply__texture_is_found(tmp_path: Path, content: bytes) -> None:
    """With coordinates of corners or of vertices, and in full resolution for the 3D viewer."""
    _picture(tmp_path / "t.png")
    (tmp_path / "tooth.ply").write_bytes(content)
    assert _has_texture(tmp_path / "tooth.ply")
    surface = textured_surface(tmp_path / "tooth.ply")
    assert surface is not None
    middle = surface.uv.mean(axis=1)
    assert surface.sample(np.arange(2), middle).shape == (2, 3)


def test_ply__several_textures(tmp_path: Path) -> None:
    """The number of each face says which."""
    content = _ply(
        "",
        LISTS + "property uchar texnumber\n",
        PLAIN_ROWS,
        ["3 0 1 2 6 0 0 0 0 0 0 1", "3 0 2 3 6 0 0 0 0 0 0 0"],
        texture="a.png\ncomment TextureFile b.png",
    )
    (tmp_path / "tooth.ply").write_bytes(content)
    for name, colour in (("a.png", (10, 0, 0)), ("b.png", (0, 20, 0))):
        Image.new("RGB", (2, 2), colour).save(tmp_path / name)
    colours = read_mesh(tmp_path / "tooth.ply").corner_colours
    assert colours is not None
    assert colours[:, 0].tolist() == [[0, 20, 0], [10, 0, 0]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_ply("", LISTS, PLAIN_ROWS, ["4 0 1 2 3 8 0 0 1 0 1 1 0 1"]), "The texture t.png is not there"),
        (_ply("", BARE, PLAIN_ROWS, ["4 0 1 2 3"]), "names a texture (t.png), but has no texture coordinates"),
    ],
)
def test_ply__what_is_not_found_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """By a warning of the run."""
    (tmp_path / "tooth.ply").write_bytes(content)
    mesh = read_mesh(tmp_path / "tooth.ply")
    assert said in mesh.warnings[0]
    assert mesh.corner_colours is None


@pytest.mark.parametrize("entry", ["map_Kd {}", "map_Bump -bm 0.5 {}", "map_Kd D:\\x\\{}"])
@pytest.mark.parametrize("folder", ["skins", "textures", "tex", "Tooth_Textures", "deep/maps/4k"])
def test_inventory__folders_of_textures_are_no_specimens(tmp_path: Path, folder: str, entry: str) -> None:
    """Named by a material, or by what textures are called."""
    named = entry.format("t.png") if "\\" in entry else entry.format(f"{folder}/t.png")
    if folder in ("skins",) and "\\" in entry:
        named = f"map_Kd {folder}/t.png"
    _obj(tmp_path / "a", f"newmtl m\n{named}\n")
    _picture(tmp_path / "a" / folder / "t.png")
    inventory = take_inventory(tmp_path)
    assert [specimen.specimen_id for specimen in inventory.specimens] == ["a/tooth"]
    assert f"The folder a/{folder} holds textures or previews of a model" in " ".join(inventory.warnings)


@pytest.mark.parametrize("folder", ["thumbnails", "Thumbs", "preview", "previews"])
def test_inventory__thumbnails_beside_a_model_are_no_specimens(tmp_path: Path, folder: str) -> None:
    """As archives of models lay them out."""
    _obj(tmp_path / "a" / "source", "newmtl m\n")
    _picture(tmp_path / "a" / folder / "x.jpg")
    assert [one.specimen_id for one in take_inventory(tmp_path).specimens] == ["a/source/tooth"]


def test_inventory__photographs_stay_specimens(tmp_path: Path) -> None:
    """Folders of other names beside models, and any name where there is no model."""
    _obj(tmp_path / "a", "newmtl m\nmap_Kd photographs/1.png\n")
    for number in range(1, 6):
        _picture(tmp_path / "a" / "photographs" / f"{number}.png")
    _picture(tmp_path / "b" / "preview" / "x.png")
    _picture(tmp_path / "b" / "rib" / "x.png")
    (tmp_path / "c" / "textures").mkdir(parents=True)
    _obj(tmp_path / "c" / "textures" / "deep", "newmtl m\n")
    _picture(tmp_path / "c" / "textures" / "bone" / "x.png")
    inventory = take_inventory(tmp_path)
    ids = {specimen.specimen_id: len(specimen.images) for specimen in inventory.specimens}
    assert ids == {
        "a/photographs": 4,
        "a/tooth": 0,
        "b/preview": 1,
        "b/rib": 1,
        "c/textures/bone": 1,
        "c/textures/deep/tooth": 0,
    }
    assert any("1 of its pictures are textures of a model" in warning for warning in inventory.warnings)


@pytest.mark.parametrize("layout", ["flat", "below", "side"])
def test_field_cases__texture_is_found_and_no_specimen(shared: Path, layout: str) -> None:
    """Every layout has one specimen, with its colours."""
    inventory = take_inventory(shared / "field_cases/12_obj_with_textures_folder/in" / layout)
    (specimen,) = inventory.specimens
    mesh = read_mesh(specimen.path, specimen.input_folder)
    assert mesh.warnings == ()
    assert mesh.corner_colours is not None
    assert len(np.unique(mesh.corner_colours.reshape(-1, 3), axis=0)) > 1


def test_run__tells_of_a_missing_texture(tmp_path: Path) -> None:
    """Where the run is started: in the warnings of its report."""
    from core.pipeline import render_folder
    from core.views import ViewSettings

    path = _obj(tmp_path / "in", "newmtl m\nKd 1 1 1\nmap_Kd gone.png\n")
    path.write_bytes(path.read_bytes() + b"v 0.5 0.5 1\nf 1 2 5\nf 2 3 5\nf 3 4 5\nf 4 1 5\n")
    report = render_folder(tmp_path / "in", tmp_path / "out", ViewSettings(views=1, size=32), workers=0)
    assert any("The texture gone.png is not there" in warning for warning in report.warnings)
