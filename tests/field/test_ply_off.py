"""PLY and OFF files as programs and disks leave them: read rightly, or refused for the true reason."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from core.foundation import SpecimenError
from core.meshes import Mesh, read_mesh

POINTS = np.array(
    [(0, 0, 0.4283), (1.25, 0, 0), (0, 1.5, 0.25), (-1, 0.5, 2.125), (1, 1, 1.5), (2, 1, 0.125), (2, 3, 0.5),
     (1, 3, 2.75), (0, 3, 1.5), (4, 1, 1.25)]
)  # fmt: skip
FACES = [(0, 1, 2), (1, 2, 3), (4, 5, 6), (7, 8, 9)]
ROWS = [" ".join(f"{value:g}" for value in point) for point in POINTS]
FACE_ROWS = ["3 {} {} {}".format(*face) for face in FACES]
COMMAS = [row.replace(".", ",") for row in ROWS]
DECIMAL_COMMA = "Its numbers have a decimal comma and were read so."
SPANNING = "Its rows are not one a line; they were read by the counts of the header."


def _ply(
    rows: list[str], faces: list[str] | None = None, *, vertices: int | None = None, names: str = "xyz", extra: str = ""
) -> str:
    header = ["ply", "format ascii 1.0", *([extra] if extra else []), f"element vertex {vertices or len(rows)}"]
    header += [f"property float {name}" for name in names]
    if faces is not None:
        header += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    return "\n".join([*header, "end_header", *rows, *(faces or []), ""])


def _off(rows: list[str], faces: list[str], counts: str = "10 4 0", magic: str = "OFF") -> str:
    return "\n".join([magic, counts, *rows, *faces, ""])


PLY, OFF = _ply(ROWS, FACE_ROWS), _off(ROWS, FACE_ROWS)


def _binary(
    body: str, said: str = "", *, order: str = "<", said_order: str = "", vertices: int = 10, faces: int | None = 4
) -> bytes:
    """Return a binary PLY whose coordinates are of the NumPy type `body`, and of the type `said` by its header."""
    names = {"f4": "float", "f8": "double", "i4": "int", "i2": "short"}
    encoding = {"<": "little", ">": "big"}[said_order or order]
    header = ["ply", f"format binary_{encoding}_endian 1.0", f"element vertex {vertices}"]
    header += [f"property {names[said or body]} {name}" for name in "xyz"]
    rows = b""
    if faces is not None:
        header += [f"element face {faces}", "property list uchar int vertex_indices"]
        rows = b"".join(struct.pack(order + "B3i", 3, *face) for face in FACES)
    return "\n".join([*header, "end_header", ""]).encode() + POINTS.astype(order + body).tobytes() + rows


def _read(folder: Path, name: str, content: str | bytes) -> Mesh:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_mesh(path)


def _refusal(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(SpecimenError) as caught:
        _read(folder, name, content)
    assert caught.value.advice
    return caught.value.problem


def _is_as_written(mesh: Mesh) -> bool:
    return np.allclose(mesh.vertices, POINTS) and mesh.faces.tolist() == [list(face) for face in FACES]


FIELD = {
    "02_decimal_comma/in/comma_mesh.ply": "clean.ply",
    "02_decimal_comma/in/comma_cloud.ply": "clean_cloud.ply",
    "02_decimal_comma/in/comma_mesh_off.off": "clean.ply",
    "02_decimal_comma/in/comma_cloud_off.off": "clean_cloud.ply",
    "03_ply_rows_differ_from_header/in/binary_good.ply": "clean.ply",
    "05_obj_bom/in/bom_ply.ply": "clean.ply",
    "05_obj_bom/in/bom_off.off": "clean.ply",
}
FIELD_REFUSED = {
    "03_ply_rows_differ_from_header/in/binary_says_float_is_double_cloud.ply": (
        "The numbers of the PLY file are double, but its header says float: by that it would have 1,148 bytes, "
        "and it has 2,180."
    ),
    "03_ply_rows_differ_from_header/in/count_too_small_cloud.ply": "line 51 is left over",
    "03_ply_rows_differ_from_header/in/count_too_small_faces.ply": "line 180 is left over",
    "03_ply_rows_differ_from_header/in/extra_columns_cloud.ply": (
        "Line 8 of the PLY file holds 6 numbers; by the header a row of its vertices has 3."
    ),
    "03_ply_rows_differ_from_header/in/extra_columns_mesh.ply": (
        "Line 10 of the PLY file holds 6 numbers; by the header a row of its vertices has 3."
    ),
    "03_ply_rows_differ_from_header/in/extra_face_columns.ply": (
        "Line 96 of the PLY file holds 7 numbers; by the header a row of its faces has 4."
    ),
    "19_header_promises_less/in/ply_ascii_half_faces.ply": "line 236 is left over",
    "19_header_promises_less/in/ply_binary_half_faces.ply": (
        "By its header the file has 2,997 bytes, but it has 4,453."
    ),
    "19_header_promises_less/in/ply_two_blocks.ply": "names the element 'vertex' twice",
    "19_header_promises_less/in/ply_two_joined.ply": "line 236 is left over ('ply')",
    "19_header_promises_less/in/off_half_faces.off": "line 229 is left over",
    "19_header_promises_less/in/off_two_joined.off": "line 229 is left over ('OFF')",
}


@pytest.mark.parametrize("name", FIELD)
def test_read_mesh__reads_field_files_as_the_clean_one(shared: Path, name: str) -> None:
    """The same vertices and faces as in the plain file of the same form."""
    path = shared / "field_cases" / name
    mesh, clean = read_mesh(path), read_mesh(path.with_name(FIELD[name]))
    assert np.allclose(mesh.vertices, clean.vertices, atol=1e-6)
    assert np.array_equal(mesh.faces, clean.faces)
    assert mesh.notes == ((DECIMAL_COMMA,) if "comma" in name else ())


@pytest.mark.parametrize("name", FIELD_REFUSED)
def test_read_mesh__refuses_field_files_for_the_true_reason(shared: Path, name: str) -> None:
    """The sentence names the line or the bytes, what the header says and what there is."""
    with pytest.raises(SpecimenError) as caught:
        read_mesh(shared / "field_cases" / name)
    assert FIELD_REFUSED[name] in caught.value.problem
    assert caught.value.advice


@pytest.mark.parametrize("name", ["a.ply", "a.off"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_read_mesh__reads_text_of_any_unicode_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    """Byte order marks, and UTF-16 without one."""
    content = (PLY if name == "a.ply" else OFF).encode(encoding)
    assert _is_as_written(_read(tmp_path, name, content))


@pytest.mark.parametrize(
    "comment",
    ["comment a line end_header", "comment a\rend_header\rb", "comment a\x85element vertex 7\x0bb", "comment \x1cply"],
)
def test_read_mesh__is_not_misled_by_comments(tmp_path: Path, comment: str) -> None:
    """Bytes within a comment end neither line nor header, in text and before binary data."""
    text = _ply(ROWS, FACE_ROWS, extra=comment)
    assert _is_as_written(_read(tmp_path, "a.ply", text.encode("latin-1")))
    first, rest = _binary("f4").split(b"\n", 1)
    assert _is_as_written(_read(tmp_path, "a.ply", first + b"\n" + comment.encode("latin-1") + b"\n" + rest))


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_read_mesh__takes_every_kind_of_line_end(tmp_path: Path, end: str) -> None:
    """In the header, in the rows, and before binary data."""
    assert _is_as_written(_read(tmp_path, "a.ply", PLY.replace("\n", end)))
    assert _is_as_written(_read(tmp_path, "a.off", OFF.replace("\n", end)))
    header, body = _binary("f4").split(b"end_header\n", 1)
    content = (header + b"end_header\n").replace(b"\n", end.encode()) + body
    assert _is_as_written(_read(tmp_path, "a.ply", content))


def test_read_mesh__lets_a_comment_of_off_hold_carriage_returns(tmp_path: Path) -> None:
    """The comment ends with its line."""
    assert _is_as_written(_read(tmp_path, "a.off", OFF.replace("OFF\n", "OFF\n# a\r1 2 3\rb\n", 1)))


@pytest.mark.parametrize("word", ["1.#QNAN", "-1.#IND", "1.#INF", "-1.#IND00", "nan", "-inf"])
def test_read_mesh__takes_missing_numbers_for_missing(tmp_path: Path, word: str) -> None:
    """The row is one vertex, left out with a note, and the rows behind it stay what they are."""
    rows = [f"{word} 0 {word}", *ROWS[1:]]
    for name, content in (("a.ply", _ply(rows, FACE_ROWS[1:])), ("a.off", _off(rows, FACE_ROWS[1:], "10 3 0"))):
        mesh = _read(tmp_path, name, content)
        assert np.allclose(mesh.vertices, POINTS[1:])
        assert mesh.faces.tolist() == [[corner - 1 for corner in face] for face in FACES[1:]]
        assert mesh.notes == ("1 vertex with NaN or infinite positions left out.",)


def test_read_mesh__begins_no_comment_within_a_number(tmp_path: Path) -> None:
    """A sign behind a digit is not a comment, one behind a blank is."""
    assert _is_as_written(_read(tmp_path, "a.ply", _ply([ROWS[0] + " # 1,5 here", *ROWS[1:]], FACE_ROWS)))
    assert "Line 10 of the PLY file holds '1.0#c" in _refusal(tmp_path, "a.ply", _ply(["1.0#c 0 0", *ROWS[1:]], []))
    assert "1.0#c" in _refusal(tmp_path, "a.off", _off(["1.0#c 0 0", *ROWS[1:]], FACE_ROWS))


@pytest.mark.parametrize(
    ("rows", "faces"),
    [
        (COMMAS, FACE_ROWS),
        ([" ".join(f"{value:.6e}" for value in point).replace(".", ",") for point in POINTS], FACE_ROWS),
    ],
)
def test_read_mesh__reads_decimal_commas_that_can_be_nothing_else(
    tmp_path: Path, rows: list[str], faces: list[str]
) -> None:
    """Numbers with a comma between blanks, as many as there should be in each row."""
    for name, content in (("a.ply", _ply(rows, faces)), ("a.off", _off(rows, faces))):
        mesh = _read(tmp_path, name, content)
        assert _is_as_written(mesh)
        assert mesh.notes == (DECIMAL_COMMA,)


@pytest.mark.parametrize("separator", [",", ", ", " , ", ",\t"])
def test_read_mesh__reads_numbers_between_commas(tmp_path: Path, separator: str) -> None:
    """Commas that separate numbers with decimal points."""
    rows, faces = ([row.replace(" ", separator) for row in some] for some in (ROWS, FACE_ROWS))
    for name, content in (("a.ply", _ply(rows, faces)), ("a.off", _off(rows, faces))):
        mesh = _read(tmp_path, name, content)
        assert _is_as_written(mesh)
        assert not mesh.notes


@pytest.mark.parametrize(
    "rows",
    [
        COMMAS[:5] + ROWS[5:],  # points and commas
        [row.replace(" ", ",") for row in COMMAS],  # commas between numbers with commas
        [row.replace(" ", ", ") for row in COMMAS],
        ["1,234 2,345 3,456"] * 10,  # thousands
        ["1.234,5 2.345,5 3.456,5"] * 10,
    ],
)
def test_read_mesh__refuses_commas_that_may_be_several_things(tmp_path: Path, rows: list[str]) -> None:
    """The sentence names a line with a comma."""
    for name, content in (("a.ply", _ply(rows, FACE_ROWS)), ("a.off", _off(rows, FACE_ROWS))):
        assert "holds numbers with a comma" in _refusal(tmp_path, name, content)
    for name, content in (("a.ply", _ply(rows)), ("a.off", _off(rows, [], "10 0 0"))):
        assert "holds numbers with a comma" in _refusal(tmp_path, name, content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_ply(ROWS, FACE_ROWS, names="xyzabc"), "Line 13 of the PLY file holds 3 numbers; by the header"),
        (_ply([*ROWS[:-1], ROWS[-1] + " 7"], FACE_ROWS), "Line 19 of the PLY file holds 4 numbers"),
        (_ply([row + " 1 2 3" for row in ROWS], vertices=20), "Line 8 of the PLY file holds 6 numbers"),
        (_ply(ROWS, vertices=5, names="xyzabc"), "Line 11 of the PLY file holds 3 numbers"),
        (_ply(ROWS, [row + " 255 0 0" for row in FACE_ROWS]), "Line 20 of the PLY file holds 7 numbers"),
        (_ply(ROWS, vertices=7), "line 15 is left over"),
        (_ply(ROWS, FACE_ROWS, vertices=8), "Line 18 of the PLY file is none of its faces: it begins with 0,"),
        (PLY + "hello\n", "line 24 is left over ('hello')"),
        (PLY + PLY, "line 24 is left over ('ply')"),
        (PLY[: PLY.index(ROWS[5]) + 3], "cut short: it promises 10 vertices, but only 5 are there"),
        (PLY[: PLY.rindex("\n3 ") + 4], "cut short: it promises 4 faces, but only 3 are there"),
        (PLY.replace("end_header\n", "end_header\n" + "\0" * 99), "zero bytes"),
    ],
)
def test_read_mesh__compares_the_rows_of_a_ply_with_its_header(tmp_path: Path, content: str, reason: str) -> None:
    """Rows wider or narrower than declared, and rows that are left over or missing."""
    assert reason in _refusal(tmp_path, "a.ply", content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_off([row + " 1 2" for row in ROWS], FACE_ROWS), "Line 3 of the OFF file holds 5 numbers; by its first word"),
        (_off(ROWS, [row + " 1 2" for row in FACE_ROWS]), "Line 13 of the OFF file is no face"),
        (_off(ROWS, ["3 0 1 2.5", *FACE_ROWS[1:]]), "Line 13 of the OFF file is no face"),
        (_off(ROWS, [], "7 0 0"), "line 10 is left over"),
        (_off(ROWS, FACE_ROWS, "10 3 0"), "line 16 is left over"),
        (OFF + "hello\n", "line 17 is left over ('hello')"),
        (OFF + OFF, "line 17 is left over ('OFF')"),
        (_off(ROWS, FACE_ROWS[:-1]), "cut short: it promises 4 faces, but only 3 are there"),
    ],
)
def test_read_mesh__compares_the_rows_of_an_off_with_its_counts(tmp_path: Path, content: str, reason: str) -> None:
    """Likewise OFF."""
    assert reason in _refusal(tmp_path, "a.off", content)


@pytest.mark.parametrize("rows", [["\n".join(row.split()) for row in ROWS], [" ".join(ROWS)]])
def test_read_mesh__reads_rows_that_span_lines(tmp_path: Path, rows: list[str]) -> None:
    """A number a line, or all on one, is read if there are exactly as many as there should be."""
    mesh = _read(tmp_path, "a.ply", _ply(rows, FACE_ROWS, vertices=10))
    assert _is_as_written(mesh)
    assert mesh.notes == (SPANNING,)


@pytest.mark.parametrize("padding", ["\0" * 20, "\n\n \n", "\x1a", "\n\0\0\n"])
def test_read_mesh__allows_a_few_bytes_of_padding(tmp_path: Path, padding: str) -> None:
    """Zeros, blanks, line ends, and the end of a text for DOS."""
    for name, content in (("a.ply", PLY.encode()), ("a.off", OFF.encode()), ("a.ply", _binary("f4"))):
        assert _is_as_written(_read(tmp_path, name, content + padding.encode()))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"body": "f8", "said": "f4"}, "are double, but its header says float: by that it would have"),
        ({"body": "f4", "said": "f8"}, "are float, but its header says double: by that it would have"),
        ({"body": "f4", "said": "i4"}, "are float, but its header says int."),
        ({"body": "i4", "said": "f4"}, "of the coordinates are no lengths"),
        ({"body": "f4", "vertices": 7, "faces": None}, "bytes, but it has"),
        ({"body": "f4", "faces": 3}, "bytes, but it has"),
        ({"body": "f4", "vertices": 7}, "does not fit the header"),
    ],
)
def test_read_mesh__compares_a_binary_body_with_its_header(
    tmp_path: Path, order: str, change: dict[str, object], reason: str
) -> None:
    """Other number types, and counts that are too small."""
    assert reason in _refusal(tmp_path, "a.ply", _binary(**{"order": order, **change}))  # type: ignore[arg-type]
    if "vertices" not in change and "faces" not in change:
        cloud = _binary(**{"order": order, "faces": None, **change})  # type: ignore[arg-type]
        assert reason in _refusal(tmp_path, "a.ply", cloud)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("faces", [4, None])
@pytest.mark.parametrize("body", ["f4", "f8"])
def test_read_mesh__notices_the_other_byte_order(tmp_path: Path, order: str, faces: int | None, body: str) -> None:
    """A point cloud of the other byte order has the right size."""
    other = {"<": ">", ">": "<"}[order]
    content = _binary(body, order=order, said_order=other, faces=faces)
    assert "of the coordinates are no lengths" in _refusal(tmp_path, "a.ply", content)


def test_read_mesh__refuses_what_follows_a_binary_body(tmp_path: Path) -> None:
    """A second file, other bytes, and more zeros than padding."""
    for more in (_binary("f4"), b"abc", b"\0" * 300):
        assert "By its header the file has 342 bytes, but it has" in _refusal(tmp_path, "a.ply", _binary("f4") + more)


@pytest.mark.parametrize("name", ["vertex_list", "indices", "verts"])
@pytest.mark.parametrize("element", ["face", "faces", "triangles"])
def test_read_mesh__takes_the_only_list_of_integers(tmp_path: Path, name: str, element: str) -> None:
    """Faces by other names are read and noted, in text and binary."""
    for content in (PLY.encode(), _binary("f4")):
        renamed = content.replace(b"vertex_indices", name.encode()).replace(
            b"element face", b"element " + element.encode()
        )
        mesh = _read(tmp_path, "a.ply", renamed)
        assert _is_as_written(mesh)
        assert mesh.notes == (f"The corners of the faces were read from the list {name!r} of {element!r}.",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            _ply(ROWS, [row + " 2 0 1" for row in FACE_ROWS]).replace(
                "int vertex_indices", "int a\nproperty list uchar int b"
            ),
            "has 4 faces, but which of their properties are their corners is not told: a, b",
        ),
        (
            _ply(ROWS, [row[2:] for row in FACE_ROWS]).replace(
                "property list uchar int vertex_indices", "property int a\nproperty int b\nproperty int c"
            ),
            "has 4 faces, but which of their properties are their corners is not told: a, b, c",
        ),
        (PLY.replace("int vertex_indices", "float corners"), "is not told: corners"),
        (PLY.replace("element face", "element blah"), "has no faces, but lists of integers in its element 'blah'"),
        (PLY.replace("3 0 1 2", "3 0 1 2.5"), "refers to a vertex by 2.5"),
        (PLY.replace("float x", "float a"), "holds no vertices with x, y and z, but vertex (a, y, z), face"),
    ],
)
def test_read_mesh__never_makes_a_cloud_of_a_mesh(tmp_path: Path, content: str, reason: str) -> None:
    """Faces that cannot be understood are refused."""
    assert reason in _refusal(tmp_path, "a.ply", content)


def test_read_mesh__reads_off_without_a_count_of_edges(tmp_path: Path) -> None:
    """Two counts on a line are those of vertices and faces."""
    assert _is_as_written(_read(tmp_path, "a.off", _off(ROWS, FACE_ROWS, "10 4")))
