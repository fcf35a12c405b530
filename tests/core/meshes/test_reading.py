"""Reading, checking, normalising, decimating and writing meshes."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from core.foundation import SettingError, SpecimenError
from core.meshes import Mesh, decimate, normalise, read_mesh, vertex_colours_of, weld, write_ply
from core.meshes.formats.text import parse_number

TETRAHEDRON = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], dtype=float)
FACES = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)], dtype=np.int32)
ONE_FILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _ply_header(encoding: str, vertices: int, faces: int, extra: str = "") -> str:
    return (
        f"ply\nformat {encoding} 1.0\nelement vertex {vertices}\nproperty float x\nproperty float y\nproperty float z\n"
        f"{extra}element face {faces}\nproperty list uchar int vertex_indices\nend_header\n"
    )


def _sphere(rings: int = 24) -> Mesh:
    """Return a closed sphere of radius 1 around the origin."""
    height, turn = np.mgrid[0 : rings + 1, 0 : 2 * rings]
    polar, azimuth = np.pi * height / rings, np.pi * turn / rings
    points = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1)
    rows, columns = np.mgrid[0:rings, 0 : 2 * rings]
    here, right = rows * 2 * rings + columns, rows * 2 * rings + (columns + 1) % (2 * rings)
    below, across = here + 2 * rings, right + 2 * rings
    faces = np.concatenate(
        [np.stack([here, below, right], -1).reshape(-1, 3), np.stack([right, below, across], -1).reshape(-1, 3)]
    )
    return Mesh(points.reshape(-1, 3), faces.astype(np.int32))


@pytest.mark.parametrize(
    "name",
    ["a.PLY", "Ammonites größer/пермь 三葉虫 é.ply", f"{'long' * 60}.Ply", f"{'/'.join(['deep' * 50] * 16)}/a.ply"],
)
def test_read_mesh__takes_any_path(tmp_path: Path, name: str) -> None:
    """Suffixes in any case, and paths that are long or not ASCII."""
    path = tmp_path / name
    write_ply(path, Mesh(TETRAHEDRON.copy(), FACES.copy()))
    mesh = read_mesh(path)
    assert np.array_equal(mesh.vertices, TETRAHEDRON)
    assert np.array_equal(mesh.faces, FACES)


def test_read_mesh__gives_read_only_arrays(tmp_path: Path) -> None:
    """Nothing downstream can change what was read."""
    write_ply(tmp_path / "a.ply", Mesh(TETRAHEDRON.copy(), FACES.copy()))
    mesh = read_mesh(tmp_path / "a.ply")
    with pytest.raises(ValueError, match="read-only"):
        mesh.vertices[0] = 1
    assert mesh.extent == pytest.approx([1, 1, 1])


def test_read_mesh__says_which_formats_there_are(tmp_path: Path) -> None:
    """An unknown suffix is answered with the known ones."""
    with pytest.raises(SpecimenError, match=r"\.wrl is not a mesh format that can be read.*\.ply, \.obj, \.stl, \.off"):
        read_mesh(_written(tmp_path, "a.wrl", "x"))


def test_read_mesh__says_why_a_file_cannot_be_opened(tmp_path: Path) -> None:
    """A missing file and a folder with the name of a mesh are errors of a specimen."""
    with pytest.raises(SpecimenError, match=r"cannot be read .No such file"):
        read_mesh(tmp_path / "missing.ply")
    (tmp_path / "folder.stl").mkdir()
    with pytest.raises(SpecimenError, match=r"cannot be read .Is a directory"):
        read_mesh(tmp_path / "folder.stl")


def test_read_mesh__refuses_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes, sockets and devices are refused, since reading one might never end."""
    os.mkfifo(tmp_path / "pipe.ply")
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.stl")
        with pytest.raises(SpecimenError, match=r"socket\.stl is a socket, not a file\. Put a copy of the scan"):
            read_mesh(tmp_path / "socket.stl")
    with pytest.raises(SpecimenError, match=r"pipe\.ply is a pipe, not a file"):
        read_mesh(tmp_path / "pipe.ply")
    (tmp_path / "zeros.obj").symlink_to("/dev/zero")
    with pytest.raises(SpecimenError, match=r"zeros\.obj is a device, not a file"):
        read_mesh(tmp_path / "zeros.obj")


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize(("vertices", "faces"), [(3, 4_000_000_000), (4_000_000_000, 1), (10**30, 10**30)])
def test_read_mesh__does_not_believe_absurd_headers(tmp_path: Path, encoding: str, vertices: int, faces: int) -> None:
    """A header that declares billions of rows takes no memory and is an error."""
    content = _ply_header(encoding, vertices, faces).encode() + b"0 0 0 1 0 0 0 1 0 \n" * 4
    with pytest.raises(SpecimenError, match=r"cut short: it promises [0-9,]+ (faces|vertices), but only"):
        read_mesh(_written(tmp_path, "absurd.ply", content))


@pytest.mark.parametrize(
    "content", ["OFF\n4000000000 1 0\n0 0 0\n", "OFF 3 4000000000 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"]
)
def test_read_mesh__does_not_believe_absurd_off_counts(tmp_path: Path, content: str) -> None:
    """Likewise OFF."""
    with pytest.raises(SpecimenError, match="cut short: it promises 4,000,000,000"):
        read_mesh(_written(tmp_path, "absurd.off", content))


def test_read_mesh__does_not_believe_absurd_stl_counts(tmp_path: Path) -> None:
    """Likewise STL."""
    with pytest.raises(SpecimenError, match="cut short: it promises 4,294,967,295 faces, but only 1"):
        read_mesh(_written(tmp_path, "absurd.stl", b"\0" * 80 + b"\xff" * 4 + b"\0" * 60))


@pytest.mark.parametrize("suffix", [".ply", ".stl", ".off", ".obj"])
def test_read_mesh__refuses_what_would_fill_the_memory(tmp_path: Path, suffix: str) -> None:
    """A file of a terabyte is refused by its size before it is read."""
    path = _written(tmp_path, f"vast{suffix}", b"ply\n")
    os.truncate(path, 1 << 40)  # holds nothing and takes no room
    with pytest.raises(SpecimenError, match=r"holds 1099\.5 GB and would need about .* GB of memory; this machine has"):
        read_mesh(path)


@pytest.mark.parametrize("head", [b"solid made by an exporter", b"solid\n facet normal 0 0 0\n", b"SOLID x"])
def test_read_mesh__tells_binary_stl_from_text_by_its_length(
    tmp_path: Path, wholes: dict[str, bytes], head: bytes
) -> None:
    """A binary header may begin with the word that begins the text form."""
    content = head.ljust(80, b" ") + wholes["binary.stl"][80:]
    mesh = read_mesh(_written(tmp_path, "a.stl", content))
    assert np.array_equal(mesh.vertices[mesh.faces], TETRAHEDRON[FACES])


def test_read_mesh__refuses_indices_out_of_range(tmp_path: Path) -> None:
    """The message names the face and the number of vertices."""
    text = _ply_header("ascii", 3, 2) + "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n3 0 1 3\n"
    with pytest.raises(SpecimenError, match="Face 2 refers to a vertex that is not there; the file has 3 vertices"):
        read_mesh(_written(tmp_path, "a.ply", text))


def test_read_mesh__unrolls_triangle_strips(tmp_path: Path) -> None:
    """Strips become triangles of one orientation, and -1 begins a new strip."""
    header = (
        "ply\nformat binary_little_endian 1.0\nelement vertex 6\nproperty float x\nproperty float y\n"
        "property float z\nelement tristrips 1\nproperty list int int vertex_indices\nend_header\n"
    )
    points = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (5, 5, 0), (6, 5, 1)], dtype="<f4")
    strip = np.array([8, 0, 1, 2, 3, -1, 3, 4, 5], dtype="<i4")
    mesh = read_mesh(_written(tmp_path, "strips.ply", header.encode() + points.tobytes() + strip.tobytes()))
    assert mesh.faces.tolist() == [[0, 1, 2], [2, 1, 3], [3, 4, 5]]


def test_read_mesh__cuts_polygons_into_triangles(tmp_path: Path) -> None:
    """Polygons of any size, between other properties, with a colour for every face."""
    header = (
        "ply\nformat binary_big_endian 1.0\ncomment a house\nelement vertex 5\nproperty double x\nproperty double y\n"
        "property double z\nelement face 2\nproperty list uchar uint vertex_index\nproperty uchar red\n"
        "property uchar green\nproperty uchar blue\nend_header\n"
    )
    points = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 2, 0)], dtype=">f8").tobytes()
    square = struct.pack(">B4I3B", 4, 0, 1, 2, 3, 255, 0, 0)
    roof = struct.pack(">B3I3B", 3, 3, 2, 4, 0, 0, 255)
    mesh = read_mesh(_written(tmp_path, "house.ply", header.encode() + points + square + roof))
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [3, 2, 4]]
    assert mesh.corner_colours is not None
    assert mesh.corner_colours[:, 0].tolist() == [[255, 0, 0], [255, 0, 0], [0, 0, 255]]
    colours = vertex_colours_of(mesh)
    assert colours is not None
    assert colours[0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("head", "vertex"),
    [
        ("OFF\n3 1 0\n", "{} {} {}"),
        ("3 1 0\n", "{} {} {}"),
        ("OFF 3 1 0\n", "{} {} {}"),
        ("OFF3 1 0\n", "{} {} {}"),
        ("OFF # a shell\n# by nobody\n\n3\n1 0\n", "{} {} {} # here"),
        ("COFF\n3 1 3\n", "{} {} {} 0.5 0.25 1.0 1.0"),
        ("NOFF\n3 1 3\n", "{} {} {} 0 0 1"),
        ("CNOFF\n3 1 3\n", "{} {} {} 0 0 1 127 64 255 255"),
        ("STOFF\r\n3 1 3\r\n", "{} {} {} 0.1 0.2"),
        ("STCNOFF\n3 1 3\n", "{} {} {} 0 0 1 127 64 255 255 0.1 0.2"),
        ("OFF\n3 1 3\n", "{} {} {} 127 64 255 255"),
    ],
)
def test_read_mesh__takes_every_variant_of_off(tmp_path: Path, head: str, vertex: str) -> None:
    """Magic words, counts on any line, comments, colours, normals and textures."""
    lines = [vertex.format(*point) for point in ((0, 0, 0), (1, 0, 0), (0, 1, 0))]
    mesh = read_mesh(_written(tmp_path, "a.off", head + "\n".join([*lines, "3 0 1 2", ""])))
    assert mesh.faces.tolist() == [[0, 1, 2]]
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert (mesh.vertex_colours is not None) == ("C" in head.split("#")[0] or "127" in vertex)
    if mesh.vertex_colours is not None:
        assert np.abs(mesh.vertex_colours[0].astype(int) - (127, 64, 255)).max() <= 1


@pytest.mark.parametrize(("head", "reason"), [("4OFF\n1 1 0\n", "four or n dim"), ("OFF BINARY\n", "Binary OFF")])
def test_read_mesh__says_which_off_it_does_not_read(tmp_path: Path, head: str, reason: str) -> None:
    """Variants that hold no 3D surface are refused by name."""
    with pytest.raises(SpecimenError, match=reason):
        read_mesh(_written(tmp_path, "a.off", head))


def test_read_mesh__takes_obj_with_everything(tmp_path: Path) -> None:
    """Objects, n-gons, negative indices, continued lines, normals, comments."""
    text = (
        "# a shell\no left\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\nf 1/1/1 2/1/1 3//1 4\n"
        "o right\ng hinge\ns off\nv 0 0 1 \\\n 1.0\nf -1 \\\n -2 -3 # its last face\n"
    )
    mesh = read_mesh(_written(tmp_path, "a.obj", text))
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [4, 3, 2]]


def test_read_mesh__says_which_line_of_an_obj_is_wrong(tmp_path: Path) -> None:
    """The message has the number of the first line that cannot be read."""
    with pytest.raises(SpecimenError, match="Line 5 of the OBJ file cannot be read"):
        read_mesh(_written(tmp_path, "a.obj", "v 0 0 0\r\nv 1 0 0\r\nv 0 1 0\r\nf 1 2 3\r\nf 1 two 3\r\n"))


def _textured(folder: Path, image: str) -> Path:
    _written(folder, "shell.mtl", f"newmtl nacre\nKd 1 0 0\nmap_Kd {image}\n")
    return _written(
        folder,
        "shell.obj",
        "mtllib shell.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
        "usemtl nacre\nf 1/1 2/2 3/3 4/4\n",
    )


def test_read_mesh__keeps_texture_colours(tmp_path: Path) -> None:
    """Corners take the colour at their position in the image, v from the bottom."""
    pixels = np.array([[(0, 0, 255), (255, 255, 0)], [(255, 0, 0), (0, 255, 0)]], np.uint8)
    Image.fromarray(pixels.repeat(8, 0).repeat(8, 1)).save(tmp_path / "my image.png")
    mesh = read_mesh(_textured(tmp_path, "my image.png"))
    assert mesh.corner_colours is not None
    assert mesh.corner_colours[0].tolist() == [[255, 0, 0], [0, 255, 0], [255, 255, 0]]


@pytest.mark.parametrize("image", ["gone.png", "../../outside.png", "broken.png"])
def test_read_mesh__does_without_a_texture(tmp_path: Path, image: str) -> None:
    """A missing or broken image, or one outside of the folder, is a note."""
    folder = tmp_path / "collection" / "specimen"
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "outside.png")
    _written(folder, "broken.png", b"\x89PNG not really")
    mesh = read_mesh(_textured(folder, image))
    assert len(mesh.notes) == 1
    assert "texture" in mesh.notes[0]
    assert mesh.corner_colours is not None
    assert (mesh.corner_colours == (255, 0, 0)).all()


def test_read_mesh__does_without_materials(tmp_path: Path) -> None:
    """A missing MTL is noted, and the specimen is gray."""
    mesh = read_mesh(_written(tmp_path, "a.obj", "mtllib b.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl c\nf 1 2 3\n"))
    assert mesh.notes == ("The material file b.mtl is not there; its colours are left out.",)
    assert mesh.corner_colours is None


def test_read_mesh__refuses_too_few_points(tmp_path: Path) -> None:
    """Three points without a face show no shape."""
    with pytest.raises(SpecimenError, match="3 points and no faces: too few"):
        read_mesh(_written(tmp_path, "a.off", "OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n"))


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (["1 1 1", "1 1 1", "1 1 1"], "None of the 1 faces can be used: 1 face without area"),
        (["nan nan nan", "1 0 0", "0 1 0"], "None of the 1 faces can be used: 1 vertex with NaN"),
    ],
)
def test_read_mesh__refuses_what_has_no_shape(tmp_path: Path, points: list[str], reason: str) -> None:
    """If no face is left, the message says why."""
    with pytest.raises(SpecimenError, match=reason):
        read_mesh(_written(tmp_path, "a.off", "\n".join(["OFF 3 1 0", *points, "3 0 1 2"])))


@pytest.fixture(scope="module")
def wholes() -> dict[str, bytes]:
    """Return a small whole file of every kind."""
    ply = _ply_header("binary_little_endian", 4, 4).encode() + TETRAHEDRON.astype("<f4").tobytes()
    for face in FACES:
        ply += struct.pack("<B3i", 3, *face)
    rows = "\n".join(" ".join(map(str, point)) for point in TETRAHEDRON)
    listed = "\n".join("3 " + " ".join(map(str, face)) for face in FACES)
    stl = b"x" * 80 + struct.pack("<I", 4)
    text = "solid s\n"
    for face in FACES:
        stl += struct.pack("<12fH", 0, 0, 0, *TETRAHEDRON[face].ravel(), 0)
        corners = "".join("vertex {} {} {}\n".format(*TETRAHEDRON[corner]) for corner in face)
        text += f"facet normal 0 0 0\nouter loop\n{corners}endloop\nendfacet\n"
    obj = "\n".join("v " + " ".join(map(str, point)) for point in TETRAHEDRON)
    obj += "".join("\nf {} {} {}".format(*(face + 1)) for face in FACES)
    return {
        "binary.ply": ply,
        "text.ply": (_ply_header("ascii", 4, 4) + rows + "\n" + listed + "\n").encode(),
        "a.off": f"OFF\n4 4 0\n{rows}\n{listed}\n".encode(),
        "binary.stl": stl,
        "text.stl": (text + "endsolid s\n").encode(),
        "a.obj": obj.encode(),
    }


def test_read_mesh__reads_the_same_shape_from_every_format(tmp_path: Path, wholes: dict[str, bytes]) -> None:
    """Six encodings of one tetrahedron give the same triangles."""
    for name, content in wholes.items():
        mesh = read_mesh(_written(tmp_path, name, content))
        assert np.array_equal(mesh.vertices[mesh.faces], TETRAHEDRON[FACES]), name


@ONE_FILE
@given(data=st.data())
def test_read_mesh__survives_cut_and_scrambled_files(
    tmp_path: Path, wholes: dict[str, bytes], data: st.DataObject
) -> None:
    """Any bytes give a checked mesh or an error with advice."""
    name = data.draw(st.sampled_from(sorted(wholes)))
    content = bytearray(wholes[name][: data.draw(st.integers(1, len(wholes[name])))])
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        mesh = read_mesh(_written(tmp_path, name, bytes(content)))
    except SpecimenError as error:
        assert error.problem
        assert error.advice
    else:
        assert np.isfinite(mesh.vertices).all()
        assert mesh.is_point_cloud or (mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices))


@given(st.floats(-1e300, 1e300, allow_subnormal=False), st.sampled_from(["r", "e", ".6f"]))
def test_parse_number__reads_what_python_writes(value: float, style: str) -> None:
    """Within the last bit of what `float` makes of the same text."""
    text = repr(value) if style == "r" else format(value, style if style != "e" else ".17e")
    parsed, end = parse_number(np.frombuffer(text.encode(), np.uint8), 0)
    assert end == len(text)
    assert parsed == pytest.approx(float(text), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "-1.#IND", "inf", "-Infinity"])
def test_parse_number__reads_what_is_no_number(text: str) -> None:
    """No spelling of a missing point becomes a finite position."""
    parsed, end = parse_number(np.frombuffer(text.encode(), np.uint8), 0)
    assert end > 0
    assert not np.isfinite(parsed) or text == "-1.#IND"


@given(st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=60))
def test_weld__gives_equal_points_one_number(points: list[tuple[int, int, int]]) -> None:
    """There are as many numbers as different points, and they lead back to them."""
    array = np.array(points, np.float32)
    inverse, first = weld(array)
    assert np.array_equal(array[first][inverse], array)
    assert len(first) == len(set(points))


@given(
    st.integers(4, 40).flatmap(
        lambda n: st.lists(st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 3), min_size=n, max_size=n)
    ),
    st.booleans(),
)
@ONE_FILE
def test_write_ply__is_read_back_unchanged(
    tmp_path: Path, points: list[tuple[float, float, float]], coloured: bool
) -> None:
    """Float32 positions, indices and colours come back as they were."""
    vertices = np.array(points)
    faces = np.arange(3 * (len(points) // 3), dtype=np.int32).reshape(-1, 3)
    colours = np.arange(3 * len(points), dtype=np.uint8).reshape(-1, 3) if coloured else None
    write_ply(tmp_path / "a.ply", Mesh(vertices, faces, colours))
    from core.meshes.formats.ply import read_ply

    raw = read_ply(tmp_path / "a.ply")
    assert np.array_equal(raw.vertices, vertices)
    assert np.array_equal(raw.faces, faces)
    assert colours is None or np.array_equal(raw.vertex_colours, colours)


@given(st.tuples(*[st.floats(-1e4, 1e4)] * 3), st.floats(1e-5, 1e5))
def test_normalise__undoes_place_and_size(place: tuple[float, float, float], size: float) -> None:
    """A specimen at any position and in any unit ends up in the unit sphere."""
    sphere = _sphere(8)
    moved = normalise(Mesh(sphere.vertices * size + place, sphere.faces))
    assert np.linalg.norm(moved.vertices, axis=1).max() == pytest.approx(1)
    assert moved.vertices == pytest.approx(sphere.vertices, abs=1e-4)


def test_normalise__keeps_teeth_that_lie_apart() -> None:
    """A piece of a tenth of the area is part of the specimen at any distance."""
    sphere = _sphere(12)
    small = sphere.vertices * 0.33 + (4.0, 0, 0)
    both = Mesh(
        np.concatenate([sphere.vertices, small]), np.concatenate([sphere.faces, sphere.faces + len(sphere.vertices)])
    )
    assert np.ptp(normalise(both).vertices[:, 0]) == pytest.approx(2, rel=1e-3)


def test_normalise__leaves_out_far_points_of_a_cloud() -> None:
    """Three points a hundred times as far out do not shrink a cloud."""
    cloud = np.concatenate([_sphere(20).vertices, np.full((3, 3), 100.0)])
    assert np.ptp(normalise(Mesh(cloud, np.empty((0, 3), np.int32))).vertices[:-3, 0]) == pytest.approx(2, rel=1e-2)


def test_normalise__does_not_take_torn_surfaces_for_fragments() -> None:
    """A surface whose faces share no vertices is one specimen."""
    sphere = _sphere(8)
    torn = Mesh(sphere.vertices[sphere.faces.ravel()], np.arange(sphere.faces.size, dtype=np.int32).reshape(-1, 3))
    assert np.ptp(normalise(torn).vertices, axis=0) == pytest.approx([2, 2, 2], rel=0.02)


def test_decimate__keeps_the_shape() -> None:
    """A tenth of the faces have nearly the same extent, and none is collapsed."""
    sphere = _sphere(60)
    small = decimate(sphere, 1400)
    assert 1000 <= len(small.faces) <= 1400
    assert small.extent == pytest.approx(sphere.extent, rel=0.08)
    assert (np.sort(small.faces, axis=1)[:, :-1] != np.sort(small.faces, axis=1)[:, 1:]).all()


def test_decimate__of_far_more_faces_lies_on_the_surface() -> None:
    """A mesh thinned on the grid first keeps its relief."""
    relief = _sphere(360)
    wave = 1 + 0.03 * np.sin(10 * relief.vertices[:, :1]) * np.cos(9 * relief.vertices[:, 1:2])
    relief = Mesh(relief.vertices * wave, relief.faces)
    assert len(relief.faces) > 200_000
    small = decimate(relief, 10_000)
    assert 9_000 <= len(small.faces) <= 10_000
    unit = small.vertices / np.linalg.norm(small.vertices, axis=1, keepdims=True)
    true = 1 + 0.03 * np.sin(10 * unit[:, 0]) * np.cos(9 * unit[:, 1])
    assert np.abs(np.linalg.norm(small.vertices, axis=1) - true).max() < 0.01


def test_decimate__thins_point_clouds_with_their_colours() -> None:
    """As many points as asked for, spread over the cloud."""
    points = _sphere(20).vertices
    cloud = Mesh(points.copy(), np.empty((0, 3), np.int32), np.zeros((len(points), 3), np.uint8))
    small = decimate(cloud, 100)
    assert len(small.vertices) == 100
    assert small.vertex_colours is not None
    assert small.extent == pytest.approx([2, 2, 2], rel=0.1)


def test_decimate__leaves_small_meshes_alone() -> None:
    """A small mesh is returned as it is, and fewer than 4 faces are an error."""
    mesh = Mesh(TETRAHEDRON.copy(), FACES.copy())
    assert decimate(mesh, 100) is mesh
    with pytest.raises(SettingError, match=r"'faces' must be at least 4 .got 3."):
        decimate(mesh, 3)
