"""OBJ and STL files as programs and disks leave them: read rightly, or refused for the true reason."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from core.foundation import SpecimenError
from core.meshes import Mesh, read_mesh

CORNERS = np.array(
    [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1.5), (0, 1, 1)], dtype=np.float64
)
QUADS = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
TRIANGLES = [face for a, b, c, d in QUADS for face in ((a, b, c), (a, c, d))]
FACE_LINES = "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in TRIANGLES)


def _read(folder: Path, name: str, content: str | bytes) -> Mesh:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_mesh(path)


def _refusal(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(SpecimenError) as caught:
        _read(folder, name, content)
    return str(caught.value)


def _surface(mesh: Mesh, digits: int = 5) -> list[tuple[tuple[float, ...], ...]]:
    """Return the triangles of a mesh, whatever the order of its faces and the first corner of each."""
    corners = np.round(mesh.vertices[mesh.faces], digits) + 0.0
    rolled = [min(tuple(map(tuple, np.roll(face, -k, axis=0).tolist())) for k in range(3)) for face in corners]
    return sorted(rolled)


def _box(shift: float = 0.0) -> Mesh:
    return Mesh(CORNERS + shift, np.array(TRIANGLES, np.int32))


def _vertex_lines(line: Callable[[np.ndarray, int], str]) -> str:
    return "".join(f"v {line(corner, row)}\n" for row, corner in enumerate(CORNERS))


def _xyz(corner: np.ndarray) -> str:
    return " ".join(str(value) for value in corner)


OBJ = _vertex_lines(lambda corner, _: _xyz(corner)) + FACE_LINES


def _stl(faces: list[tuple[int, ...]], *, shift: float = 0.0, name: str = "s", end: str = "endsolid") -> str:
    lines = [f"solid {name}"]
    for face in faces:
        lines += ["facet normal 0 0 0", " outer loop"]
        lines += [f"  vertex {_xyz(CORNERS[corner] + shift)}" for corner in face]
        lines += [" endloop", "endfacet"]
    return "\n".join([*lines, f"{end} {name}", ""])


def _binary_stl(count: int | None = None, *, shift: float = 0.0, header: bytes = b"made for a test") -> bytes:
    records = [
        struct.pack("<12fH", 0, 0, 0, *(CORNERS[list(face)] + shift).astype(np.float32).ravel(), 0)
        for face in TRIANGLES
    ]
    return header.ljust(80, b" ") + struct.pack("<I", len(records) if count is None else count) + b"".join(records)


STL = _stl(TRIANGLES)


@pytest.mark.parametrize("content", [OBJ, "o a\ng b\ns off\n# " + "x" * 9 + "\n" + OBJ.replace("\n", "\r\n")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_obj__is_read_in_every_encoding(tmp_path: Path, content: str, encoding: str) -> None:
    """Byte order marks do not cost the first line, and UTF-16 is text."""
    assert _surface(_read(tmp_path, "a.obj", content.encode(encoding))) == _surface(_box())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_stl__is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    """Likewise ASCII STL."""
    assert _surface(_read(tmp_path, "a.stl", STL.encode(encoding))) == _surface(_box())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("x y z w", lambda corner, _: f"{_xyz(corner)} 1.0"),
        ("x y z r g b", lambda corner, row: f"{_xyz(corner)} 0.{row} 0.5 1"),
        ("x y z w r g b", lambda corner, row: f"{_xyz(corner)} 1 0.{row} 0.5 1"),
        ("x y z r g b a", lambda corner, row: f"{_xyz(corner)} 0.{row} 0.5 1 1"),
    ],
)
def test_obj__rows_of_every_width(tmp_path: Path, name: str, line: Callable[[np.ndarray, int], str]) -> None:
    """A weight of 1, colours, and both."""
    mesh = _read(tmp_path, "a.obj", _vertex_lines(line) + FACE_LINES)
    assert _surface(mesh) == _surface(_box())
    if "r g b" in name:
        assert mesh.vertex_colours is not None
        assert mesh.vertex_colours.tolist() == [[round(25.5 * row), 128, 255] for row in range(8)]
    else:
        assert mesh.vertex_colours is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            lambda corner, row: f"{_xyz(corner * (row + 1))} {row + 1}",
            r"fourth .* differ \(weights, from 1 to 8; line 2\)",
        ),
        (lambda corner, row: f"{_xyz(corner)} 0.{row} 0.1 0.2 0.{row}", "whether the fourth is a weight is not known"),
        (
            lambda corner, row: _xyz(corner) + " 1 1" * (row == 3),
            "Line 4 of the OBJ file holds 5 numbers .* most lines 3",
        ),
        (lambda corner, row: _xyz(corner) + " 1 0 0" + " 1" * (row == 5), "Line 6 of the OBJ file holds 7 numbers"),
        (
            lambda corner, row: f"{_xyz(corner)} 1 2 {300 * (row == 2)}",
            "Line 3 .* those behind the position are no colour",
        ),
        (lambda corner, row: "1 2" if row == 6 else _xyz(corner), "Line 7 of the OBJ file cannot be read: v 1 2"),
    ],
)
def test_obj__refuses_rows_of_unknown_meaning(
    tmp_path: Path, line: Callable[[np.ndarray, int], str], reason: str
) -> None:
    """Weights that differ, widths that differ, and numbers that are no colours."""
    assert re.search(reason, _refusal(tmp_path, "a.obj", _vertex_lines(line) + FACE_LINES))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (lambda corner, _: f"{_xyz(corner)} 0.5", "The fourth number of every vertex line is 0.5"),
        (lambda corner, _: f"{_xyz(corner)} 1 2 3 4 5", "Every vertex line holds 8 numbers"),
    ],
)
def test_obj__tells_of_numbers_that_are_left_out(
    tmp_path: Path, line: Callable[[np.ndarray, int], str], said: str
) -> None:
    """The same on every line, they change no shape."""
    mesh = _read(tmp_path, "a.obj", _vertex_lines(line) + FACE_LINES)
    assert _surface(mesh) == _surface(_box())
    assert said in mesh.warnings[0]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (OBJ.replace(".", ","), 1),
        (OBJ.replace("1.0 1.0 1.5", "1.0 1.0 1,5"), 7),
        (OBJ.replace("v 1.0 1.0 1.5", "v 1.0, 1.0, 1.5"), 7),
        (OBJ.replace("f 1", "vt 0,5 0,5\nf 1", 1), 9),
    ],
)
def test_obj__names_a_decimal_comma(tmp_path: Path, content: str, line: int) -> None:
    """On whichever line it is."""
    assert f"Line {line} of the OBJ file holds numbers with a comma" in _refusal(tmp_path, "a.obj", content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (OBJ.replace("f 1 4 3", "f 1.0 4.0 3.0"), "Line 9 of the OBJ file cannot be read: f 1.0 4.0 3.0"),
        (OBJ + "f 1 2 x\n", "Line 21 of the OBJ file cannot be read: f 1 2 x"),
        (OBJ + "f 1 2 99\n", "Face 13 refers to a vertex that is not there"),
        (OBJ.replace("f ", "F "), "Line 9 of the OBJ file cannot be read: F 1 4 3"),
        (OBJ.replace("v 1.0 1.0 1.5", "v1.0 1.0 1.5"), "Line 7 of the OBJ file cannot be read: v1.0"),
        (OBJ.replace("v 1.0 1.0 1.5", "v 1.0 1.0 1.5x"), "Line 7 of the OBJ file cannot be read"),
        (OBJ.replace("v 1.0 1.0 1.5", "v 1.0 1.0 1.234.567"), "Line 7 of the OBJ file cannot be read"),
        (OBJ + "f 1 2 3\n 4 5\n", "Line 22 of the OBJ file cannot be read: 4 5"),
        (OBJ.encode() + b"\0" * 5000, "Line 21 of the OBJ file holds zero bytes"),
        (OBJ.encode()[:-3] + b"\0" * 40, "Line 20 of the OBJ file holds zero bytes"),
        (OBJ.replace("v 1.0 1.0 1.5", "v 1.0 \0 1.5"), "Line 7 of the OBJ file holds zero bytes"),
        (OBJ + OBJ, "The faces behind line 21 of the OBJ file count vertices from 1 again"),
        (_vertex_lines(lambda corner, _: _xyz(corner)) + "f 1 2\nf 3 4\n", "None of the 2 faces has three corners"),
        (
            _vertex_lines(lambda corner, _: _xyz(corner)) * 2 + "cstype bspline\ndeg 3 3\nsurf 0 1 0 1 1 2 3 4\nend\n",
            "holds 1 free-form curves and surfaces and no faces",
        ),
        (_vertex_lines(lambda corner, _: _xyz(corner)) * 2 + "call other.obj\n", "refers to other files by call"),
    ],
)
def test_obj__says_what_is_wrong(tmp_path: Path, content: str | bytes, reason: str) -> None:
    """The line and its text, or the kind of surface that is not read."""
    assert reason in _refusal(tmp_path, "a.obj", content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (OBJ + "f 1 2\n", "faces of fewer than three corners left out"),
        (OBJ + "cstype bspline\nsurf 0 1 0 1 1 2 3 4\nend\n", "1 free-form curves and surfaces left out"),
        (OBJ + "call other.obj\n", "1 other files that the OBJ file refers to by call left out"),
        (OBJ + "l 1 2\np 3\n", "2 lines and points beside the faces left out"),
        (OBJ + "strange 1\n", "1 lines with words that OBJ does not know left out, the first of them line 21"),
    ],
)
def test_obj__tells_what_is_left_out(tmp_path: Path, content: str, said: str) -> None:
    """The faces are read, the rest is named."""
    mesh = _read(tmp_path, "a.obj", content)
    assert _surface(mesh) == _surface(_box())
    assert said in " ".join(mesh.notes)


def test_obj__tells_of_lines_without_faces(tmp_path: Path) -> None:
    """A wire frame is shown as points, and that is told where the run is started."""
    mesh = _read(tmp_path, "a.obj", _vertex_lines(lambda corner, row: _xyz(corner + row)) * 2 + "l 1 2 3\n")
    assert mesh.is_point_cloud
    assert "vertices are read as a point cloud" in mesh.warnings[0]


@pytest.mark.parametrize(
    "content",
    [
        "# exported to D:\\scans\\\n" + OBJ,
        "o D:\\scans\\\n" + OBJ,
        OBJ.encode() + b"\0\0\0\x1a",
        OBJ.replace("f 1 4 3", "f 1 \\\n 4 \\\n 3"),
        OBJ.replace("f ", "fo "),
        OBJ.replace("\n", "\r"),
        OBJ.replace(" ", "\t"),
        OBJ.replace("f 1 4 3", "f 1/ 4/ 3/").replace("f 1 3 2", "f -8//1 -6//1 -7//1 # last"),
        b"# \xff\x00\x1b\x80 comment\n" + OBJ.encode(),
    ],
)
def test_obj__reads_what_is_right(tmp_path: Path, content: str | bytes) -> None:
    """Backslashes at the end of comments and names, padding, and older words."""
    assert _surface(_read(tmp_path, "a.obj", content)) == _surface(_box())


@pytest.mark.parametrize("word", ["1.#QNAN", "-1.#IND", "1.#INF", "1.#QNAN00", "-1.#J", "1.#QO", "nan", "-nan(ind)"])
def test_obj_and_stl__know_missing_numbers(tmp_path: Path, word: str) -> None:
    """They do not begin a comment, and cost one vertex."""
    mesh = _read(tmp_path, "a.obj", OBJ.replace("v 1.0 1.0 1.5", f"v 1.0 {word} 1.5"))
    assert (len(mesh.vertices), "1 vertex with NaN" in mesh.notes[0]) == (7, True)
    mesh = _read(tmp_path, "a.stl", STL.replace("vertex 1.0 1.0 1.5", f"vertex 1.0 {word} 1.5", 1))
    assert len(mesh.faces) == len(TRIANGLES) - 1


def test_obj__reads_two_files_with_relative_indices(tmp_path: Path) -> None:
    """Relative indices stay right if files are joined."""
    second = _vertex_lines(lambda corner, _: _xyz(corner + 5))
    second += "".join(f"f {a - 8} {b - 8} {c - 8}\n" for a, b, c in TRIANGLES)
    assert _surface(_read(tmp_path, "a.obj", OBJ + second)) == sorted(_surface(_box()) + _surface(_box(5)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_binary_stl() + _binary_stl(shift=5), "2 solids, one after the other; all are read"),
        (STL + _stl(TRIANGLES, shift=5, name="t"), "2 solids"),
        (STL + _stl(TRIANGLES, shift=5, end="end solid"), "2 solids"),
    ],
)
def test_stl__reads_several_solids(tmp_path: Path, content: str | bytes, said: str) -> None:
    """One after the other, binary or ASCII."""
    mesh = _read(tmp_path, "a.stl", content)
    assert _surface(mesh) == sorted(_surface(_box()) + _surface(_box(5)))
    assert said in mesh.notes[0]


@pytest.mark.parametrize("count", [0, 1, 6, 11, 0x7FFFFFFF, 0xFFFFFFFF])
def test_stl__reads_all_faces_whatever_the_header_counts(tmp_path: Path, count: int) -> None:
    """A body of whole records is read, and the count is told of where the run is started."""
    mesh = _read(tmp_path, "a.stl", _binary_stl(count))
    assert _surface(mesh) == _surface(_box())
    assert f"The header counts {count:,} faces, but 12 are there" in mesh.warnings[0]


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 13, b"\0" * 50, b"\0" * 4000, b"\r\n", b"made by a program"])
def test_stl__allows_padding(tmp_path: Path, padding: bytes) -> None:
    """Zeros of any number, and other bytes that are too few for a face."""
    mesh = _read(tmp_path, "a.stl", _binary_stl() + padding)
    assert _surface(mesh) == _surface(_box())
    assert bool(mesh.notes) == bool(padding.strip(b"\0"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_binary_stl(13), "it promises 13 faces, but only 12 are there"),
        (_binary_stl()[:-25], "it promises 12 faces, but only 11 are there"),
        (_binary_stl() + b"x" * 173, "counts 12 faces, which take 684 bytes, but the file holds 857 bytes"),
        (_binary_stl() + STL.encode(), "counts 12 faces, which take 684 bytes, but the file holds"),
        (_binary_stl(0)[:84], "holds no faces"),
        (_binary_stl(0) + b"xx", "counts 0 faces, which take 84 bytes, but the file holds 686 bytes"),
        (STL.encode() + _binary_stl(), "Line 87 of the STL file"),
        (STL + "more words\n", "Line 87 of the STL file cannot be read: more words"),
        (STL.encode() + b"\0" * 5000, "Line 87 of the STL file holds zero bytes"),
        ("<!DOCTYPE html><html>" + "<p>not found</p>\n" * 40, "a web page (HTML), not STL"),
        (STL.split("\n", 1)[1], "begins with 'facet normal"),
        (STL.replace(".", ","), "Line 4 of the STL file holds numbers with a comma"),
        (STL.replace("1.0 1.0 1.5", "1.0 1.0 1,5", 1), "Line 20 of the STL file holds numbers with a comma"),
        (STL.replace("1.0 1.0 1.5", "1.0 1.0 1.5 7", 1), "Line 20 of the STL file cannot be read"),
        (STL.replace("1.0 1.0 1.5", "1.0 1.0", 1), "Line 20 of the STL file cannot be read"),
        (STL.replace("1.0 1.0 1.5", "1.0 1.0 1.5.5", 1), "Line 20 of the STL file cannot be read"),
        (
            STL.replace("vertex 1.0 1.0 1.5", "vertx 1.0 1.0 1.5", 1),
            "The facet on line 16 of the STL file has 2 corners",
        ),
        (
            STL.replace("facet normal", "fact normal", 3).replace("fact", "facet", 2),
            "Line 17 of the STL file cannot be",
        ),
        (
            STL.replace(" endloop\n", " endloop\n inner loop\n", 1),
            "The facet on line 2 of the STL file has several outlines",
        ),
        (STL.replace("endsolid s\n", ""), "cut short: it ends behind facet 12, without endsolid"),
        (STL[: len(STL) // 2], "cut short: it ends behind facet 6"),
    ],
)
def test_stl__says_what_is_wrong(tmp_path: Path, content: str | bytes, reason: str) -> None:
    """Both numbers, the line, or what the file is instead."""
    assert reason in _refusal(tmp_path, "a.stl", content)


def test_stl__reads_facets_of_more_corners(tmp_path: Path) -> None:
    """Four corners, convex or not, whichever is first."""
    assert len(_read(tmp_path, "a.stl", _stl(list(QUADS))).faces) == 12
    dart = [(0.0, 0.0), (4.0, 0.0), (1.0, 1.0), (0.0, 4.0)]
    for first in range(4):
        outline = [*dart[first:], *dart[:first]]
        text = "solid d\nfacet normal 0 0 1\nouter loop\n"
        text += "".join(f"vertex {x} {y} 0\n" for x, y in outline) + "endloop\nendfacet\nendsolid d\n"
        mesh = _read(tmp_path, "a.stl", text)
        a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
        areas = np.cross(b - a, c - a)[:, 2] / 2
        assert areas.sum() == pytest.approx(4)
        assert (areas > 0).all()


@pytest.mark.parametrize("content", [STL.replace("\n", " "), STL.replace("endfacet", "end facet"), STL.upper()])
def test_stl__reads_words_as_they_come(tmp_path: Path, content: str) -> None:
    """All on one line, in two words, or in capitals."""
    assert _surface(_read(tmp_path, "a.stl", content)) == _surface(_box())


def test_stl__keeps_large_coordinates(tmp_path: Path) -> None:
    """Text has more digits than single precision, and binary STL is as it was."""
    text = _stl(TRIANGLES, shift=4123456.0)
    assert _surface(_read(tmp_path, "a.stl", text)) == _surface(_box(4123456.0))


@pytest.mark.parametrize(
    "name",
    [
        *(
            f"05_obj_bom/in/{name}.obj"
            for name in ("bom_then_comment", "bom_then_v", "bom_then_v_relative", "utf16_obj")
        ),
        "05_obj_bom/in/bom_then_v_spare.obj",
        "05_obj_bom/in/bom_stl.stl",
        *(f"06_stl_several_solids/in/ascii_{name}.stl" for name in ("two", "two_same_name")),
        *(f"06_stl_several_solids/in/binary_count_{name}.stl" for name in ("ffffffff", "too_small", "zero")),
        *(f"06_stl_several_solids/in/binary_{name}.stl" for name in ("trailing_bytes", "two_concatenated")),
        *(f"19_header_promises_less/in/stl_{name}.stl" for name in ("end_solid_blank", "half_faces", "two_joined")),
    ],
)
def test_field_cases__hold_the_form_of_the_clean_file(shared: Path, name: str) -> None:
    """Each is the same form as the plain file beside it."""
    path = shared / "field_cases" / name
    found, clean = read_mesh(path), read_mesh(path.parent / "clean.ply")
    middles, wanted = (mesh.vertices[mesh.faces].mean(axis=1) for mesh in (found, clean))
    assert len(middles) == len(wanted)
    assert cKDTree(middles).query(wanted)[0].max() < 1e-5
    assert cKDTree(wanted).query(middles)[0].max() < 1e-5


@pytest.mark.parametrize("name", ["comma_obj.obj", "comma_stl.stl"])
def test_field_cases__name_the_comma(shared: Path, name: str) -> None:
    """Decimal commas are refused by the line."""
    with pytest.raises(SpecimenError, match=r"Line \d+ of the (OBJ|STL) file holds numbers with a comma"):
        read_mesh(shared / "field_cases/02_decimal_comma/in" / name)


@pytest.mark.parametrize("name", ["utm_obj.obj", "utm_stl.stl"])
def test_field_cases__keep_large_coordinates(shared: Path, name: str) -> None:
    """No vertex falls on another."""
    folder = shared / "field_cases/20_huge_coordinates/in"
    mesh, clean = read_mesh(folder / name), read_mesh(folder / "clean.ply")
    assert (len(mesh.vertices), len(mesh.faces)) == (len(clean.vertices), len(clean.faces))
