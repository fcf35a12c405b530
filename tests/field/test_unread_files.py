"""Files of kinds that are not read: named once with what to do, counted, never passed over in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.collection import count_specimens, read_unread, specimen_at, take_inventory
from core.collection.file_kinds import SENTENCES, kind_of_unread
from core.collection.inventory import inventory_for_work
from core.foundation import InputError
from core.meshes import Mesh, write_ply
from ui.words import translations

MESH = Mesh(
    np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], float),
    np.array([(0, 1, 2), (0, 3, 1), (0, 2, 3), (1, 3, 2)], np.int32),
)


def scan(path: Path) -> None:
    """Write a good scan."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_ply(path, MESH)


def picture(path: Path, **how: object) -> None:
    """Write a good photograph."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (90, 120, 40)).save(path, **how)


def named(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the files of every kind that are not read."""
    return {one.kind: one.files for one in take_inventory(folder).unread}


@pytest.mark.parametrize(
    ("kind", "suffixes"),
    [
        ("meshes", ".wrl .x3d .dae .fbx .3mf .ctm .vtk .vtp .usdz .WRL .DAE"),
        ("points", ".e57 .las .laz .xyz .pts .pcd"),
        ("cad", ".stp .step .igs .iges .dxf"),
        ("volumes", ".nii .nii.gz .dcm .nrrd .mha .vol"),
        ("projects", ".blend .psx .ztl"),
        ("arrays", ".mat .npz .h5"),
        ("raw", ".nef .NEF .cr2 .CR3 .arw .dng .orf .rw2"),
        ("pictures", ".gif .GIF .avif .jp2 .psd .jxl .tga"),
        ("films", ".mp4 .mov .avi"),
        ("archives", ".zip .7z .rar .tar .tar.gz .tgz .ply.bz2 .glb.gz .ply.zip"),
        ("others", ".abcdefg .1 .dat2"),
    ],
)
def test_every_kind__is_named_with_what_to_do(tmp_path: Path, kind: str, suffixes: str) -> None:
    """Beside a good scan, in any case of the suffix."""
    scan(tmp_path / "good.ply")
    for suffix in suffixes.split():
        (tmp_path / f"specimen{suffix}").write_bytes(b"content")
        found = named(tmp_path)
        assert found == {kind: (f"specimen{suffix}",)}
        (sentence,) = [one.reason for one in take_inventory(tmp_path).unread]
        assert f"(1): specimen{suffix}. " in sentence
        assert sentence.endswith(SENTENCES[kind][1])
        (tmp_path / f"specimen{suffix}").unlink()


def test_files_beside_scans__are_not_named(tmp_path: Path) -> None:
    """Texts, tables, materials, thumbnails, hidden files, texture sources of a model."""
    scan(tmp_path / "good.ply")
    names = (
        "README LICENSE notes.txt table.csv Table.XLSX paper.pdf CITATION.cff good.mtl Thumbs.db .DS_Store desktop.ini "
        "good.gif labels.csv.gz IMG_1.AAE scan.log old.bak scan.ply.part landmarks.tps good.xmp sum.md5 .hidden.wrl"
    )
    for name in names.split():
        (tmp_path / name).write_bytes(b"words and numbers\n")
    for name in ("textures/colour.tga", "thumbnails/good_small.gif"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"content")
    assert named(tmp_path) == {}


def test_texture__that_a_model_names_is_not_counted(tmp_path: Path) -> None:
    """Wherever it lies; the same file beside it that no model names is."""
    rows = "".join(f"v {x} {y} {z}\n" for x, y, z in MESH.vertices)
    rows += "".join(f"f {a} {b} {c}\n" for a, b, c in MESH.faces + 1)
    (tmp_path / "a.obj").write_text("mtllib a.mtl\nusemtl m\n" + rows)
    (tmp_path / "a.mtl").write_text("newmtl m\nmap_Kd skin/colour.tga\n")
    (tmp_path / "skin").mkdir()
    for name in ("colour.tga", "other.tga"):
        (tmp_path / "skin" / name).write_bytes(b"content")
    assert named(tmp_path) == {"pictures": ("skin/other.tga",)}


def test_names__are_grouped_with_a_count(tmp_path: Path) -> None:
    """Up to three names of a kind, and how many more."""
    scan(tmp_path / "good.ply")
    for at in range(5):
        (tmp_path / f"tooth_{at}.wrl").touch()
    (one,) = take_inventory(tmp_path).unread
    assert "(5): tooth_0.wrl, tooth_1.wrl, tooth_2.wrl and 2 more." in one.reason


def test_names__that_are_no_text(tmp_path: Path) -> None:
    """Ends of lines are escaped as they are in ids."""
    scan(tmp_path / "good.ply")
    (tmp_path / "a\nERROR: b.wrl").touch()
    (one,) = take_inventory(tmp_path).unread
    assert "\n" not in one.reason
    assert "a%0AERROR: b.wrl" in one.reason


def test_files_without_suffix__are_known_by_their_content(tmp_path: Path) -> None:
    """DICOM series and scans that lost their suffix; a pipe is not opened."""
    import os

    scan(tmp_path / "good.ply")
    (tmp_path / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(40))
    (tmp_path / "femur").write_bytes(b"ply\nformat ascii 1.0\n")
    (tmp_path / "packed").write_bytes(b"PK\x03\x04")
    (tmp_path / "Makefile").write_text("all:\n")
    os.mkfifo(tmp_path / "pipe")
    assert named(tmp_path) == {"volumes": ("IM0001",), "archives": ("packed",), "others": ("femur",)}


def test_folder_of_photographs__tells_of_pictures_that_are_not_read(tmp_path: Path) -> None:
    """A specimen made from one of its two pictures, and its film beside."""
    picture(tmp_path / "tooth" / "IMG_1.JPG")
    (tmp_path / "tooth" / "DSC2.NEF").write_bytes(b"MM")
    (tmp_path / "tooth" / "IMG_1.MOV").write_bytes(b"film of a live photograph")
    (tmp_path / "tooth" / "around.MOV").write_bytes(b"film")
    found = take_inventory(tmp_path)
    assert "tooth is made from 1 of the 2 pictures in its folder; not read: DSC2.NEF." in found.warnings
    assert {one.kind: one.files for one in found.unread} == {"raw": ("tooth/DSC2.NEF",), "films": ("tooth/around.MOV",)}


def test_specimen_at__tells_of_pictures_that_are_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that is given as a query."""
    picture(tmp_path / "IMG_1.JPG")
    for name in ("DSC2.NEF", ".DSC3.NEF", "notes.txt"):
        (tmp_path / name).touch()
    assert len(specimen_at(tmp_path).images) == 1
    assert "is made from 1 of the 2 pictures in its folder; not read: DSC2.NEF." in caplog.text


def test_pictures_of_the_input_folder_itself__are_told(tmp_path: Path) -> None:
    """They belong to no specimen."""
    scan(tmp_path / "Teeth" / "good.ply")
    picture(tmp_path / "IMG_1.JPG")
    (warning,) = take_inventory(tmp_path).warnings
    assert "belong to no specimen (1): IMG_1.JPG." in warning


def test_tiff_of_several_pages__is_named(tmp_path: Path) -> None:
    """Not one whose second page is a smaller copy, and only where a run or a render starts."""
    pages = [Image.new("L", (30, 30), shade) for shade in (50, 100, 150)]
    (tmp_path / "stack").mkdir()
    pages[0].save(tmp_path / "stack" / "a.tif", save_all=True, append_images=pages[1:])
    picture(tmp_path / "stack" / "b.tiff")
    small = Image.new("L", (8, 8), 50)
    small.encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(tmp_path / "stack" / "c.tif", save_all=True, append_images=[small])
    assert take_inventory(tmp_path).unread == ()
    (one,) = inventory_for_work(tmp_path).unread
    assert (one.kind, one.files) == ("pages", ("stack/a.tif",))


def test_folder_with_nothing_else__says_what_to_do(tmp_path: Path) -> None:
    """The advice is that for the kinds that are there."""
    for at in range(2):
        (tmp_path / f"DSC{at}.NEF").touch()
    with pytest.raises(InputError) as caught:
        take_inventory(tmp_path)
    assert "2 .nef" in str(caught.value)
    assert "Develop them to JPEG or TIFF." in str(caught.value)


@pytest.mark.parametrize("command", ["render", "run"])
def test_command__names_them_and_ends_with_3(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr before the work begins, in the log, once each, a second time, too; without them it ends with 0."""
    folder, out = tmp_path / "in", tmp_path / "out"
    scan(folder / "a.ply")
    scan(folder / "b.ply")
    (folder / "tooth.wrl").touch()
    (folder / "scans.zip").touch()
    arguments = ["render", "--in", str(folder), "--out", str(out), "--workers", "0"]
    log = out / "render.log"
    if command == "run":
        arguments = ["run", "--in", str(folder), "--workspace", str(out), "--model", "classical", "--workers", "0"]
        arguments += ["--name", "one"]
        log = out / "logs" / "run.log"
    arguments += ["--views", "4", "--size", "32"]
    for _ in range(2):
        assert main(arguments) == 3
        said = capsys.readouterr().err
        assert said.count("tooth.wrl") == said.count("scans.zip") == 1
        assert said.index("tooth.wrl") < max(said.find("Rendering"), 0) or "Rendering" not in said
        assert "2 files are of kinds that are not read" in said
    assert log.read_text(encoding="utf-8").count("tooth.wrl") == 2
    if command == "run":
        kept = read_unread(out / "runs" / "one")
        assert ["tooth.wrl" in kept[0], "scans.zip" in kept[1]] == [True, True]
    (folder / "tooth.wrl").unlink()
    (folder / "scans.zip").unlink()
    assert main(arguments) == 0
    if command == "run":
        assert read_unread(out / "runs" / "one") == ()


def test_field_case__is_read_or_named(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Placeholders of every kind: good scans are done, each other file is named with what to do."""
    folder = shared / "field_cases" / "22_unreported_files" / "in"
    arguments = [
        "render",
        "--in",
        str(folder),
        "--out",
        str(tmp_path),
        "--workers",
        "0",
        "--views",
        "2",
        "--size",
        "32",
    ]
    assert main(arguments) == 3
    captured = capsys.readouterr()
    assert "3 specimens done" in captured.out  # good1, good2, skull.ply.gz
    for name in ("tooth.wrl", "DSC1.NEF", "a.gif", "femur.zip"):
        assert captured.err.count(name) == 1, name
    for name in ("iphone_photos", "jaw", "partly_heic"):
        assert f"Passed over {name}: " in captured.err, name
    assert (tmp_path / "skull_view00.png").is_file()


def test_sentences__are_translated() -> None:
    """Every kind, its problem and its advice."""
    for problem, advice in SENTENCES.values():
        assert problem in translations("ja")
        assert advice in translations("ja")


def test_counts__agree_with_the_folder_picker(tmp_path: Path) -> None:
    """The picker counts what the inventory finds."""
    scan(tmp_path / "a.ply")
    for name in ("b.ply.gz", "c.GLB", "d.gltf"):
        (tmp_path / name).touch()
    picture(tmp_path / "tooth" / "1.png")
    shutil.copy(tmp_path / "tooth" / "1.png", tmp_path / "tooth" / "2.heic")
    (tmp_path / "e.wrl").touch()
    assert count_specimens(tmp_path).found == len(take_inventory(tmp_path).specimens) == 5


def test_kind_of_unread__is_empty_for_what_is_read() -> None:
    """And for what is plainly no specimen."""
    for name in ("a.ply", "a.STL.gz", "a.glb", "a.heic", "a.txt", "README", "thumbs.db"):
        assert kind_of_unread(name) == "", name
