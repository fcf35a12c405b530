"""Files that a mesh names: material libraries and textures, however they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.meshes import files_beside
from core.meshes.formats.encoding import as_utf8, spellings
from core.meshes.formats.named_files import without_options


def _model(folder: Path, entry: str | bytes, *, image: str = "t.png", encoding: str = "utf-8") -> Path:
    """Write an OBJ whose library has that entry, and an image."""
    folder.mkdir(parents=True, exist_ok=True)
    line = entry if isinstance(entry, bytes) else entry.encode()
    library = b"newmtl a\n" + line + b"\n"
    (folder / "m.mtl").write_bytes(library if encoding == "utf-8" else library.decode("ascii").encode(encoding))
    (folder / "a.obj").write_bytes(b"mtllib m.mtl\nv 0 0 0\n")
    target = folder / image
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2)).save(target)
    return folder / "a.obj"


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("map_Kd t.png", "t.png"),
        ("map_kd\tt.png", "t.png"),
        ("\tMAP_KD   t.png  ", "t.png"),
        ("map_Kd T.PNG", "t.png"),
        ("map_Kd t.png", "T.Png"),
        ("map_Kd my picture.png", "my picture.png"),
        ('map_Kd "my picture.png"', "my picture.png"),
        ("map_Kd -s 1 1 1 -o 0 0 0 my picture.png", "my picture.png"),
        ("map_Kd -clamp on -bm 0.5 -mm 0 1 t.png", "t.png"),
        ("map_Kd -s 2 t.png", "t.png"),
        ("map_Kd ../textures/t.png", "../textures/t.png"),
        ("map_Kd ..\\Textures\\t.png", "../textures/t.png"),
        ("map_Kd C:\\scans\\t.png", "t.png"),
        ("map_Kd C:\\scans\\t.png", "tex/t.png"),
        ("map_Kd t.png", "../Textures/t.png"),
        ("map_Kd zähne.png".encode("cp1252"), "zähne.png"),
        ("map_Kd 三葉虫.png".encode("cp932"), "三葉虫.png"),
        ("map_Kd 三叶虫.png".encode("gbk"), "三叶虫.png"),
        ("map_Kd зуб.png".encode("cp1251"), "зуб.png"),
        ("map_Kd zähne.png", "za\u0308hne.png"),
    ],
)
def test_files_beside__finds_a_texture(tmp_path: Path, entry: str | bytes, image: str) -> None:
    """Other spellings, cases, folders and code pages of one file."""
    path = _model(tmp_path / "source", entry, image=image)
    found = files_beside(path)
    assert {file.resolve() for file in found} == {path.parent / "m.mtl", (path.parent / image).resolve()}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_files_beside__reads_libraries_of_other_encodings(tmp_path: Path, encoding: str) -> None:
    """Byte order marks, and UTF-16 without one."""
    assert len(files_beside(_model(tmp_path / "source", "map_Kd t.png", encoding=encoding))) == 2


def test_files_beside__stays_within_the_input_folder(tmp_path: Path) -> None:
    """Names and links that lead out are not followed, and neither is a file two folders up."""
    path = _model(tmp_path / "in" / "source", "map_Kd ../../t.png", image="../../t.png")
    library = path.parent / "m.mtl"
    assert files_beside(path) == (library,)
    assert files_beside(path, tmp_path) == (library, tmp_path / "t.png")
    library.write_text("newmtl a\nmap_Kd ../up.png\n", encoding="ascii")
    Image.new("RGB", (2, 2)).save(tmp_path / "in" / "up.png")
    assert files_beside(path) == (library, tmp_path / "in" / "up.png")
    assert files_beside(path, path.parent) == (library,)
    (path.parent / "link.png").symlink_to(tmp_path / "t.png")
    library.write_text("newmtl a\nmap_Kd link.png\n", encoding="ascii")
    assert files_beside(path) == (library,)


def test_files_beside__takes_no_name_that_fits_two_files(tmp_path: Path) -> None:
    """Two files that differ from the name in case alone."""
    path = _model(tmp_path, "map_Kd t.png", image="T.png")
    Image.new("RGB", (2, 2)).save(tmp_path / "t.PNG")
    assert files_beside(path) == (tmp_path / "m.mtl",)


def test_files_beside__knows_every_library(tmp_path: Path) -> None:
    """Several lines, several names in a line, a name with blanks, and words that only look alike."""
    for name in ("a.mtl", "b.mtl", "c d.mtl", "e.mtl"):
        (tmp_path / name).touch()
    path = tmp_path / "a.obj"
    path.write_bytes(b"v 0 0 0\n" * 100 + b"mtllib a.mtl b.mtl\r\n  mtllib\tc d.mtl\n# mtllib e.mtl\n")
    assert [file.name for file in files_beside(path)] == ["a.mtl", "b.mtl", "c d.mtl"]


def test_files_beside__reads_the_header_of_a_ply(tmp_path: Path) -> None:
    """MeshLab writes the texture as a comment."""
    Image.new("RGB", (2, 2)).save(tmp_path / "my skin.png")
    path = tmp_path / "a.ply"
    path.write_bytes(b"ply\r\nformat ascii 1.0\r\ncomment TextureFile my skin.png\r\nend_header\r\n")
    assert files_beside(path) == (tmp_path / "my skin.png",)


def test_files_beside__is_empty_for_other_formats(tmp_path: Path) -> None:
    """And for empty and missing files."""
    (tmp_path / "a.obj").touch()
    assert (
        files_beside(tmp_path / "a.obj") == files_beside(tmp_path / "b.obj") == files_beside(tmp_path / "c.stl") == ()
    )


def test_without_options__keeps_names_that_begin_with_a_sign() -> None:
    """Only options that MTL knows are left out."""
    assert without_options(b"-1.png") == b"-1.png"
    assert without_options(b"-s 1 1 1 -o .5 0 0 -mm 0 1 a b.png") == b"a b.png"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_as_utf8__reads_what_windows_writes(encoding: str) -> None:
    """With a byte order mark or without."""
    assert as_utf8("v 0.5 1 2\n".encode(encoding)) == b"v 0.5 1 2\n"


def test_as_utf8__leaves_other_bytes_alone() -> None:
    """Binary data and code pages."""
    for data in (b"", b"ply\n\x00\x01", bytes(100), "ä".encode("latin-1"), b"\x00v" * 2):
        assert as_utf8(data) == data


def test_spellings__begin_with_utf8() -> None:
    """What is no UTF-8 is tried in code pages."""
    assert spellings(b"a.png") == ("a.png",)
    assert spellings("ä".encode())[0] == "ä"
    assert "ä" in spellings("ä".encode("cp1252"))
