"""Compressed meshes, glTF and HEIC: read as the plain file is, or refused by name."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.transformations import rotation_matrix, translation_matrix
from trimesh.visual.material import PBRMaterial

from core.collection import file_of, specimen_at, take_inventory
from core.collection.uploads import why_refused
from core.foundation import SpecimenError
from core.meshes import Mesh, files_beside, read_mesh, vertex_colours_of, write_ply
from core.meshes.formats import content
from core.views import read_photographs
from core.workspace import RunFolder

BALL = trimesh.creation.icosphere(2)
MESH = Mesh(np.array(BALL.vertices), np.array(BALL.faces, dtype=np.int32))
SUFFIXES = (".ply", ".obj", ".stl", ".off")


def refused(path: Path) -> str:
    """Return the words in which a file is refused."""
    with pytest.raises(SpecimenError) as caught:
        read_mesh(path)
    return str(caught.value)


def same_surface(one: Mesh, other: Mesh) -> bool:
    """Return whether two meshes have the same triangles in the same order."""
    return one.faces.shape == other.faces.shape and np.allclose(
        one.vertices[one.faces], other.vertices[other.faces], atol=1e-6
    )


# Compressed files.


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("end", [".gz", ".GZ"])
def test_gz__is_read_as_the_plain_file(tmp_path: Path, suffix: str, end: str) -> None:
    """In one member or several, in any case of the suffix."""
    BALL.export(tmp_path / f"a{suffix}")
    plain = (tmp_path / f"a{suffix}").read_bytes()
    path = tmp_path / f"b{suffix.upper()}{end}"
    for packed in (gzip.compress(plain), gzip.compress(plain[:700]) + gzip.compress(plain[700:])):
        path.write_bytes(packed)
        assert same_surface(read_mesh(path), read_mesh(tmp_path / f"a{suffix}"))


def test_gz__that_was_decompressed_on_its_way(tmp_path: Path) -> None:
    """Browsers decompress and keep the name."""
    BALL.export(tmp_path / "a.ply")
    (tmp_path / "b.ply.gz").write_bytes((tmp_path / "a.ply").read_bytes())
    assert same_surface(read_mesh(tmp_path / "b.ply.gz"), read_mesh(tmp_path / "a.ply"))


@pytest.mark.parametrize("kept", [0.3, 0.9, -4])
def test_gz__cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    """Also if its checksum alone is gone."""
    BALL.export(tmp_path / "a.stl")
    packed = gzip.compress((tmp_path / "a.stl").read_bytes())
    path = tmp_path / "a.stl.gz"
    path.write_bytes(packed[: int(kept * len(packed)) if kept > 0 else int(kept)])
    assert "cut short" in refused(path)


def test_gz__damaged_is_refused(tmp_path: Path) -> None:
    """A changed byte, or bytes behind the last member, are told; zeros behind it are padding."""
    BALL.export(tmp_path / "a.ply")
    packed = gzip.compress((tmp_path / "a.ply").read_bytes())
    path = tmp_path / "a.ply.gz"
    changed = bytearray(packed)
    changed[len(packed) // 2] ^= 0xFF
    path.write_bytes(changed)
    assert "damaged" in refused(path)
    path.write_bytes(packed + b"more")
    assert "damaged" in refused(path)
    path.write_bytes(packed + bytes(512))
    assert same_surface(read_mesh(path), read_mesh(tmp_path / "a.ply"))


def test_gz__that_fills_a_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its ratio, and by its decompressed size."""
    path = tmp_path / "a.ply.gz"
    header = b"ply\nformat binary_little_endian 1.0\nelement vertex 6000000\nproperty float x\nend_header\n"
    path.write_bytes(gzip.compress(header + bytes(70_000_000)))
    assert "would become more than" in refused(path)
    BALL.export(tmp_path / "b.ply")
    (tmp_path / "b.ply.gz").write_bytes(gzip.compress((tmp_path / "b.ply").read_bytes()))
    size = (tmp_path / "b.ply").stat().st_size
    monkeypatch.setattr(content, "most_bytes", lambda: size - 1)
    assert "GB of memory" in refused(tmp_path / "b.ply.gz")
    monkeypatch.setattr(content, "most_bytes", lambda: size)
    assert len(read_mesh(tmp_path / "b.ply.gz").faces) == len(BALL.faces)


def test_gz__of_nothing_or_of_something_else(tmp_path: Path) -> None:
    """Empty content, and content of another kind."""
    path = tmp_path / "a.ply.gz"
    path.write_bytes(gzip.compress(b""))
    assert "empty" in refused(path)
    path.write_bytes(gzip.compress(b"<!DOCTYPE html><html></html>"))
    assert "web page" in refused(path).lower() or "html" in refused(path).lower()


def test_gz__obj_finds_its_materials(tmp_path: Path) -> None:
    """The library and the texture beside it are read and told as files that it depends on."""
    Image.new("RGB", (8, 8), (10, 200, 30)).save(tmp_path / "skin.png")
    (tmp_path / "m.mtl").write_text("newmtl a\nmap_Kd skin.png\n")
    rows = [f"v {x} {y} {z}" for x, y, z in BALL.vertices] + ["vt 0.5 0.5", "usemtl a"]
    rows += [f"f {a}/1 {b}/1 {c}/1" for a, b, c in BALL.faces + 1]
    path = tmp_path / "a.obj.gz"
    path.write_bytes(gzip.compress(("mtllib m.mtl\n" + "\n".join(rows) + "\n").encode()))
    colours = read_mesh(path).corner_colours
    assert colours is not None
    assert (colours == (10, 200, 30)).all()
    assert [found.name for found in files_beside(path)] == ["m.mtl", "skin.png"]


def test_ids__leave_both_parts_of_the_suffix_out(tmp_path: Path) -> None:
    """`Molars/a.ply.gz` is `Molars/a`; two files of one id keep their suffixes."""
    write_ply(tmp_path / "b.ply", MESH)
    packed = gzip.compress((tmp_path / "b.ply").read_bytes())
    (tmp_path / "Molars").mkdir()
    for name in ("Molars/a.ply.gz", "b.PLY.GZ", "c.1.ply.gz"):
        (tmp_path / name).write_bytes(packed)
    BALL.export(tmp_path / "d.glb")
    found = take_inventory(tmp_path)
    assert [one.specimen_id for one in found.specimens] == ["Molars/a", "b.PLY.GZ", "b.ply", "c.1", "d"]
    assert "keep their suffix" in " ".join(found.warnings)
    assert not found.unread
    assert specimen_at(tmp_path / "b.PLY.GZ").specimen_id == "b"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({"input": str(tmp_path)}))
    assert file_of(RunFolder(tmp_path / "run"), "Molars/a").name == "a.ply.gz"
    assert file_of(RunFolder(tmp_path / "run"), "b.PLY.GZ").name == "b.PLY.GZ"


# glTF.


def glb_parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the JSON header and the binary chunk of a GLB."""
    length = struct.unpack("<I", data[12:16])[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def as_glb(header: dict[str, Any], binary: bytes) -> bytes:
    """Return a GLB of a JSON header and a binary chunk."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    total = 28 + len(text) + len(binary)
    chunks = struct.pack("<4sIII4s", b"glTF", 2, total, len(text), b"JSON") + text
    return chunks + struct.pack("<I4s", len(binary), b"BIN\0") + binary


def test_glb__joins_the_scene_with_its_transforms(tmp_path: Path) -> None:
    """Meshes at their places, one used twice, a mirrored one the right way round."""
    scene = trimesh.Scene()
    scene.add_geometry(BALL, geom_name="ball", transform=translation_matrix([5e6, 0, 0]))
    scene.graph.update(frame_to="again", geometry="ball", matrix=rotation_matrix(0.3, [0, 0, 1]))
    scene.graph.update(frame_to="mirror", geometry="ball", matrix=np.diag([-2.0, 2, 2, 1]))
    (tmp_path / "a.glb").write_bytes(scene.export(file_type="glb"))
    mesh = read_mesh(tmp_path / "a.glb")
    assert mesh.vertices.shape == (3 * len(BALL.vertices), 3)
    volumes = [part.volume for part in trimesh.Trimesh(mesh.vertices, mesh.faces).split(only_watertight=False)]
    wanted = [BALL.volume, BALL.volume, 8 * BALL.volume]
    assert sorted(volumes) == pytest.approx(wanted, rel=1e-5)
    assert mesh.vertices[:, 0].max() == pytest.approx(5e6 + 1, abs=1e-6)


def test_glb__nested_nodes(tmp_path: Path) -> None:
    """A scaled parent and a moved child: the child is moved by scaled lengths."""
    header, binary = glb_parts(BALL.export(file_type="glb"))
    header["nodes"] = [
        {"children": [1], "scale": [10, 10, 10]},
        {"mesh": 0, "translation": [1, 2, 3], "rotation": [0, 0, 0, 1]},
    ]
    header["scenes"], header["scene"] = [{"nodes": [0]}], 0
    (tmp_path / "a.glb").write_bytes(as_glb(header, binary))
    mesh = read_mesh(tmp_path / "a.glb")
    assert mesh.vertices.mean(axis=0) == pytest.approx([10, 20, 30], abs=1e-5)
    assert mesh.extent == pytest.approx([20, 20, 20], abs=0.5)


def test_glb__keeps_vertex_colours(tmp_path: Path) -> None:
    """Of bytes as they are written; of 16 bits by their high byte."""
    ball = BALL.copy()
    ball.visual.vertex_colors = np.tile(np.array([[200, 100, 50, 255]], np.uint8), (len(ball.vertices), 1))
    (tmp_path / "a.glb").write_bytes(ball.export(file_type="glb"))
    colours = read_mesh(tmp_path / "a.glb").vertex_colours
    assert colours is not None
    assert (colours == (200, 100, 50)).all()
    header, binary = glb_parts(BALL.export(file_type="glb"))
    wide = np.tile(np.array([[0xC8FF, 0x6480, 0x3200, 0xFFFF]], "<u2"), (len(BALL.vertices), 1)).tobytes()
    header["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(wide)})
    header["accessors"].append(
        {"bufferView": len(header["bufferViews"]) - 1, "componentType": 5123, "normalized": True, "type": "VEC4",
         "count": len(BALL.vertices)}
    )  # fmt: skip
    header["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"] = len(header["accessors"]) - 1
    header["buffers"][0]["byteLength"] = len(binary) + len(wide)
    (tmp_path / "b.glb").write_bytes(as_glb(header, binary + wide))
    colours = vertex_colours_of(read_mesh(tmp_path / "b.glb"))
    assert colours is not None
    assert (colours == (0xC8, 0x64, 0x32)).all()


def test_glb__keeps_base_texture_and_plain_colour(tmp_path: Path) -> None:
    """A texture is sampled the right way up; a mesh beside it has the colour of its material."""
    picture = Image.new("RGB", (64, 64), (255, 0, 0))
    picture.paste((0, 0, 255), (0, 32, 64, 64))  # the lower half is blue
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    uv = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]])
    square = trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]], process=False)
    square.visual = trimesh.visual.TextureVisuals(uv=uv, material=PBRMaterial(baseColorTexture=picture))
    plain = BALL.copy()
    plain.visual = trimesh.visual.TextureVisuals(material=PBRMaterial(baseColorFactor=[10, 20, 30, 255]))
    for name, geometry in (("a", [square]), ("b", [square, plain])):
        (tmp_path / f"{name}.glb").write_bytes(trimesh.Scene(geometry).export(file_type="glb"))
        mesh = read_mesh(tmp_path / f"{name}.glb")
        assert mesh.corner_colours is not None
        places = mesh.vertices[mesh.faces]
        of_square = (np.abs(places[..., 2]) < 1e-9).all(axis=1)
        low = places[of_square][..., 1] < 0.5
        assert (mesh.corner_colours[of_square][low] == (0, 0, 255)).all()
        assert (mesh.corner_colours[of_square][~low] == (255, 0, 0)).all()
        assert (mesh.corner_colours[~of_square] == (10, 20, 30)).all()


def test_gltf__reads_buffers_beside_it(tmp_path: Path) -> None:
    """Also names with blanks, in percent signs; they are files that the mesh depends on."""
    for name, data in trimesh.Scene([BALL]).export(file_type="gltf").items():
        (tmp_path / name).write_bytes(data)
    header = json.loads((tmp_path / "model.gltf").read_text())
    names = [buffer["uri"] for buffer in header["buffers"]]
    (tmp_path / names[0]).rename(tmp_path / "my buffer.bin")
    header["buffers"][0]["uri"] = "my%20buffer.bin"
    (tmp_path / "model.gltf").write_text(json.dumps(header))
    mesh = read_mesh(tmp_path / "model.gltf")
    assert len(mesh.faces) == len(BALL.faces)
    assert "my buffer.bin" in [found.name for found in files_beside(tmp_path / "model.gltf")]
    assert [one.specimen_id for one in take_inventory(tmp_path).specimens] == ["model"]
    assert not take_inventory(tmp_path).unread


def test_gltf__reads_buffers_within_it(tmp_path: Path) -> None:
    """As base64."""
    header, binary = glb_parts(BALL.export(file_type="glb"))
    uri = "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
    header["buffers"][0] = {"byteLength": len(binary), "uri": uri}
    (tmp_path / "a.gltf").write_text(json.dumps(header))
    assert len(read_mesh(tmp_path / "a.gltf").faces) == len(BALL.faces)


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "/etc/passwd",
        "https://example.org/a.bin",
        "file:///etc/passwd",
        "gone.bin",
        "sub/../../secret.bin",
    ],
)
def test_gltf__reads_nothing_outside_of_its_folder(tmp_path: Path, uri: str) -> None:
    """Neither files above it, nor addresses."""
    header, binary = glb_parts(BALL.export(file_type="glb"))
    (tmp_path / "secret.bin").write_bytes(binary)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    header["buffers"][0] = {"byteLength": len(binary), "uri": uri}
    (tmp_path / "in" / "a.gltf").write_text(json.dumps(header))
    said = refused(tmp_path / "in" / "a.gltf")
    assert "is not in its folder" in said
    assert uri in said


def test_gltf__follows_no_link_out_of_its_folder(tmp_path: Path) -> None:
    """A link with the name of a buffer."""
    header, binary = glb_parts(BALL.export(file_type="glb"))
    (tmp_path / "secret.bin").write_bytes(binary)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bin").symlink_to(tmp_path / "secret.bin")
    header["buffers"][0] = {"byteLength": len(binary), "uri": "a.bin"}
    (tmp_path / "in" / "a.gltf").write_text(json.dumps(header))
    assert "is not in its folder" in refused(tmp_path / "in" / "a.gltf")


def changed(header: dict[str, Any], how: str) -> None:
    """Change a header so that it needs something that is not read."""
    primitive = header["meshes"][0]["primitives"][0]
    position = header["accessors"][primitive["attributes"]["POSITION"]]
    if how in ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "VENDOR_shapes"):
        header["extensionsRequired"] = header["extensionsUsed"] = [how]
    elif how == "draco":
        primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
        del position["bufferView"]
    elif how == "sparse":
        position["sparse"] = {"count": 1}
    elif how == "normalised":
        position["normalized"] = True
    elif how == "fan":
        primitive["mode"] = 6
    elif how == "instances":
        header["nodes"][-1]["extensions"] = {"EXT_mesh_gpu_instancing": {}}
    elif how == "version 1":
        header["asset"]["version"] = "1.0"
    elif how == "no scene":
        header["scenes"] = []
    elif how == "empty scene":
        header["scenes"] = [{"nodes": []}]
    elif how == "loop":
        header["nodes"] = [{"mesh": 0, "children": [1]}, {"children": [0]}]
        header["scenes"] = [{"nodes": [0]}]
    elif how == "two parents":
        header["nodes"] = [{"children": [1, 2]}, {"children": [3]}, {"children": [3]}, {"mesh": 0}]
        header["scenes"] = [{"nodes": [0]}]
    elif how == "huge":
        header["accessors"].append({"componentType": 5126, "type": "MAT4", "count": 10**12})
    elif how == "vertices that are not there":
        position["count"] -= 5


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("KHR_draco_mesh_compression", "compressed by Draco"),
        ("EXT_meshopt_compression", "compressed by meshopt"),
        ("VENDOR_shapes", "VENDOR_shapes"),
        ("draco", "KHR_draco_mesh_compression"),
        ("sparse", "sparse"),
        ("normalised", "normalised integers"),
        ("fan", "mode 6"),
        ("instances", "EXT_mesh_gpu_instancing"),
        ("version 1", "glTF 1.0"),
        ("no scene", "shows no mesh"),
        ("empty scene", "shows no mesh"),
        ("loop", "contradicts itself"),
        ("two parents", "two parents"),
        ("huge", "GB of memory"),
        ("vertices that are not there", "a vertex that is not there"),
    ],
)
def test_glb__refuses_by_name_what_it_would_misread(tmp_path: Path, how: str, words: str) -> None:
    """For these trimesh gives zeros, other places or fewer meshes without an error."""
    header, binary = glb_parts(BALL.export(file_type="glb"))
    changed(header, how)
    (tmp_path / "a.glb").write_bytes(as_glb(header, binary))
    assert words in refused(tmp_path / "a.glb")


def test_glb__tells_of_meshes_that_its_scene_does_not_show(tmp_path: Path) -> None:
    """They are left out with a warning."""
    header, binary = glb_parts(trimesh.Scene([BALL, BALL.copy().apply_scale(2)]).export(file_type="glb"))
    shown = next(at for at, node in enumerate(header["nodes"]) if "mesh" in node)
    header["scenes"] = [{"nodes": [shown]}]
    (tmp_path / "a.glb").write_bytes(as_glb(header, binary))
    mesh = read_mesh(tmp_path / "a.glb")
    assert len(mesh.faces) == len(BALL.faces)
    assert "1 meshes that the scene of the glTF file does not show left out." in mesh.warnings


@pytest.mark.parametrize("cut", [3, 12, 19, 100, -1, -100])
def test_glb__cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    """At any place."""
    (tmp_path / "a.glb").write_bytes(BALL.export(file_type="glb")[:cut])
    assert refused(tmp_path / "a.glb")


def test_glb__two_in_one_file_is_refused(tmp_path: Path) -> None:
    """Nothing is left over without a word; a few zeros are padding."""
    data = BALL.export(file_type="glb")
    (tmp_path / "a.glb").write_bytes(data + data)
    assert "more than one glTF file" in refused(tmp_path / "a.glb")
    (tmp_path / "b.glb").write_bytes(data + bytes(3))
    assert len(read_mesh(tmp_path / "b.glb").faces) == len(BALL.faces)


def test_glb__damaged_bytes_end_in_words(tmp_path: Path) -> None:
    """A mesh or a refusal, never another exception."""
    data = BALL.export(file_type="glb")
    rng = np.random.default_rng(0)
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(0, 900 if rng.random() < 0.8 else len(data), 3):
            broken[at] = rng.integers(0, 256)
        (tmp_path / "a.glb").write_bytes(broken)
        try:
            read_mesh(tmp_path / "a.glb")
        except SpecimenError as error:
            assert str(error)


# HEIC.


def heic(pixels: np.ndarray, **how: Any) -> bytes:
    """Return a picture as HEIC."""
    from pillow_heif import from_pillow

    sink = io.BytesIO()
    from_pillow(Image.fromarray(pixels)).save(sink, quality=95, **how)
    return sink.getvalue()


def half_and_half() -> np.ndarray:
    """Return a picture that is dark above and bright below."""
    pixels = np.full((64, 64, 3), 220, np.uint8)
    pixels[:32] = 30
    return pixels


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "a.heif", "b.hif", "really_heic.jpg"])
def test_heic__is_a_photograph(tmp_path: Path, name: str) -> None:
    """Under its own suffixes, and under another one, as some programs write it."""
    (tmp_path / "tooth").mkdir()
    (tmp_path / "tooth" / name).write_bytes(heic(half_and_half()))
    (specimen,) = take_inventory(tmp_path).specimens
    assert specimen.specimen_id == "tooth"
    view = read_photographs(specimen.images, 64)[0].astype(int)
    assert np.abs(view - half_and_half()).max() < 40
    assert np.abs(view - half_and_half()).mean() < 4


def test_heic__is_turned_upright_once(tmp_path: Path) -> None:
    """By its EXIF orientation: 6 is a quarter clockwise, so that the dark upper half comes to the right."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a.heic").write_bytes(heic(half_and_half(), exif=exif.tobytes()))
    view = read_photographs([tmp_path / "a.heic"], 64)[0].astype(int)
    assert view[:, 40:].mean() < 60 < 190 < view[:, :24].mean()


def test_heic__cut_short_is_refused(tmp_path: Path) -> None:
    """By name."""
    data = heic(half_and_half())
    for cut in (20, len(data) // 2, len(data) - 5):
        (tmp_path / "a.heic").write_bytes(data[:cut])
        with pytest.raises(SpecimenError, match=r"a\.heic is not a readable picture"):
            read_photographs([tmp_path / "a.heic"], 32)


def test_uploads__take_what_is_read() -> None:
    """The same suffixes; other kinds are refused with what to do."""
    packed = gzip.compress(b"ply\n")
    for name, head in (
        ("a.ply.gz", packed),
        ("a.STL.GZ", packed),
        ("a.glb", b"glTF\2"),
        ("a.gltf", b"{"),
        ("a.HEIC", b"\0\0\0\x18ftypheic"),
    ):
        assert why_refused(name, head) == "", name
    assert "a gzip archive" in why_refused("a.ply", packed)
    assert "MeshLab" in why_refused("a.wrl", b"#VRML")
    assert "Develop" in why_refused("DSC1.NEF", b"MM\0*")
