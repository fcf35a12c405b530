"""Uploads: target folders, refusals, and no file is overwritten."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from core.collection import take_uploads
from core.collection.uploads import Refusal, category_parts, remove_abandoned, why_refused
from core.foundation import CoreError, SettingError
from tests.fakes import bytes_below


def upload(name: str, data: bytes) -> io.BytesIO:
    """Return a file as a browser sends it."""
    stream = io.BytesIO(data)
    stream.name = name
    return stream


def archive(files: dict[str, bytes], name: str = "scans.zip") -> io.BytesIO:
    """Return a ZIP as a browser sends it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for inside, data in files.items():
            entry = zipfile.ZipInfo("entry")
            entry.filename = inside  # as it is, NUL and all
            opened.writestr(entry, data)
    return upload(name, stream.getvalue())


def test_take_uploads__puts_files_and_archives_in_their_category(tmp_path: Path) -> None:
    """Loose files go into the category, archives with their folders below it.

    Others are skipped.
    """
    files = [
        upload("../../a.ply", b"ply 1"),
        archive({"Upper/b.off": b"OFF", "Upper/readme.txt": b"x", "Lower/c.obj": b"v 0 0 0"}),
    ]
    found = take_uploads(tmp_path / "meshes", files, "Molars/Tarsius")
    assert bytes_below(tmp_path) == {
        "meshes/Molars/Tarsius/a.ply": b"ply 1",
        "meshes/Molars/Tarsius/Upper/b.off": b"OFF",
        "meshes/Molars/Tarsius/Lower/c.obj": b"v 0 0 0",
    }
    assert (sorted(found.kept), found.refused, found.n_others) == (["Lower/c.obj", "Upper/b.off", "a.ply"], (), 1)


def test_take_uploads__overwrites_nothing(tmp_path: Path) -> None:
    """The same file again counts as unchanged.

    Another one of its name is refused.
    """
    take_uploads(tmp_path, [upload("a.ply", b"ply 1")])
    assert take_uploads(tmp_path, [upload("a.ply", b"ply 1")]).unchanged == ("a.ply",)
    other = take_uploads(tmp_path, [upload("a.ply", b"ply 2")])
    assert other.refused == (Refusal("a.ply", "another file of that name is already there; rename it first."),)
    assert bytes_below(tmp_path) == {"a.ply": b"ply 1"}


def test_take_uploads__leaves_nothing_of_a_refused_archive(tmp_path: Path) -> None:
    """The good file beside it is taken."""
    found = take_uploads(tmp_path, [archive({"a.ply": b"ply", "../b.ply": b"ply"}), upload("c.ply", b"ply")])
    assert bytes_below(tmp_path) == {"c.ply": b"ply"}
    assert [refusal.name for refusal in found.refused] == ["scans.zip"]
    assert "leads out of its folder" in found.refused[0].reason
    assert [path.name for path in tmp_path.iterdir()] == ["c.ply"]


def test_take_uploads__takes_loose_pictures_of_an_archive_as_one_specimen(tmp_path: Path) -> None:
    """They go into a folder of the archive's name.

    Textures of a mesh stay beside it.
    """
    picture = b"\x89PNG..."
    take_uploads(tmp_path, [archive({"1.png": picture, "2.png": picture}, "skull.zip")])
    take_uploads(tmp_path, [archive({"a.obj": b"v 0 0 0", "a.mtl": b"newmtl", "a.png": picture})], "Textured")
    assert sorted(bytes_below(tmp_path)) == [
        "Textured/a.mtl",
        "Textured/a.obj",
        "Textured/a.png",
        "skull/1.png",
        "skull/2.png",
    ]


@pytest.mark.parametrize(
    ("name", "head", "prose"),
    [
        ("script.py", b"print()", "only .ply .obj .stl .off, pictures and ZIP files of them are taken"),
        ("a.ply", b"", "the file is empty"),
        ("a.stl", b"<!DOCTYPE html>", "a web page or XML, whatever its name says"),
        ("a.obj", b"%PDF-1.7", "its content is a PDF"),
        ("a.off", b"\x89PNG\r\n", "its content is a PNG picture"),
        ("a.ply", b"OFF\n", "does not begin with the word ply"),
        ("a.png", b"MZ", "its content is a program"),
    ],
)
def test_why_refused__looks_at_the_content(name: str, head: bytes, prose: str) -> None:
    """The content of a file counts, not its name."""
    assert prose in why_refused(name, head)


@pytest.mark.parametrize(("name", "head"), [("a.PLY", b"ply\n"), ("a.stl", b"solid x"), ("b.jpg", b"\xff\xd8\xff")])
def test_why_refused__lets_the_usual_through(name: str, head: bytes) -> None:
    """Suffixes in any case.

    A picture that was saved under another picture's suffix.
    """
    assert why_refused(name, head) == ""
    assert why_refused("a.png", b"\xff\xd8\xff") == ""


def test_take_uploads__names_a_zip_that_is_none(tmp_path: Path) -> None:
    """By its content, and an empty one by what it lacks."""
    found = take_uploads(tmp_path, [upload("a.zip", b"hello"), archive({"a.txt": b"x", "b.zip": b"PK"}, "b.zip")])
    reasons = {refusal.name: refusal.reason for refusal in found.refused}
    assert reasons["a.zip"] == "its content is not a ZIP file."
    assert "holds no meshes, point clouds or pictures. Archives within it are not opened." in reasons["b.zip"]


@pytest.mark.parametrize("category", ["../up", "/etc", "a/../../b", ".hidden", "C:\\x"])
def test_category_parts__refuses_what_is_no_folder(category: str) -> None:
    """It cannot climb, and cannot hide."""
    with pytest.raises(SettingError, match="cannot be a category"):
        category_parts(category)
    assert category_parts(" Molars // Tarsius ") == ("Molars", "Tarsius")


def test_remove_abandoned__removes_what_the_dead_left(tmp_path: Path) -> None:
    """An upload in progress, of a process that lives, stays."""
    for pid in (2**22 + 17, os.getpid()):
        (tmp_path / f".incoming-{pid}-x").mkdir()
    assert remove_abandoned(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [f".incoming-{os.getpid()}-x"]


@given(
    names=st.lists(st.text(max_size=40), min_size=1, max_size=4), packed=st.booleans(), category=st.text(max_size=20)
)
@example(names=["."], packed=False, category="")
def test_take_uploads__stays_in_its_folder_whatever_the_names(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], packed: bool, category: str
) -> None:
    """Names of files, members of archives and categories of any kind: nothing outside of the folder of meshes."""
    root = tmp_path_factory.mktemp("uploads")
    content = b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    files = {f"{name}.off": content for name in names}
    sent = [archive(files)] if packed else [upload(name, data) for name, data in files.items()]
    (root / "meshes").mkdir()
    try:
        taken = take_uploads(root / "meshes", sent, category)
    except CoreError:
        taken = None
    assert [path.name for path in root.iterdir()] == ["meshes"]
    there = [path for path in (root / "meshes").rglob("*") if path.is_file()]
    assert all(path.read_bytes() == content for path in there)
    assert not any(path.is_symlink() or path.name.startswith(".") for path in (root / "meshes").rglob("*"))
    assert taken is not None or there == []
    if taken is not None:
        assert len(there) == len(taken.kept)
