"""Files that are not what their suffix says are named as what they are."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import pytest

from core.foundation import SpecimenError
from core.meshes import read_mesh
from core.meshes.formats.signatures import check_signature

SUFFIXES = (".ply", ".obj", ".stl", ".off")


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tooth.ply", "ply")
    return packed.getvalue()


FOREIGN = {
    "a web page (HTML)": b"\n<!-- saved -->\n<!DOCTYPE html>\n<html><head><title>404</title></head></html>" + b" " * 99,
    "an XML file": b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "a ZIP archive": _zip(),
    "a gzip archive": gzip.compress(b"ply\nformat ascii 1.0\n" * 20),
    "a PDF document": b"%PDF-1.7\n" + b"\x00\xe2\xe3" * 99,
    "a JPEG picture": b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 99,
    "a PNG picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 99,
    "a TIFF picture": b"II*\x00" + b"\x08" * 99,
    "a JSON file": b'{"error": "not found"}',
    "a glTF file": b"glTF\x02\x00\x00\x00" + b"\x00" * 99,
}
OWN = {
    ".ply": b"ply\nformat ascii 1.0\nelement vertex 3\n",
    ".obj": b"# exported\nmtllib a.mtl\no tooth\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    ".stl": b"solid tooth\n facet normal 0 0 1\n  outer loop\n",
    ".off": b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", FOREIGN)
def test_read_mesh__names_what_a_file_is(tmp_path: Path, kind: str, suffix: str) -> None:
    """Pages, archives, documents and pictures with the suffix of a mesh."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(SpecimenError) as caught:
        read_mesh(path)
    assert caught.value.problem == f"The content of the file is {kind}, not {suffix[1:].upper()}."
    assert caught.value.advice


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("own", OWN)
def test_check_signature__names_meshes_of_another_format(tmp_path: Path, own: str, suffix: str) -> None:
    """A mesh that was renamed to another suffix; its own passes."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(OWN[own])
    if own == suffix:
        check_signature(path, suffix)
    else:
        with pytest.raises(SpecimenError, match=rf"is an? {own[1:].upper()} file, not {suffix[1:].upper()}"):
            check_signature(path, suffix)


@pytest.mark.parametrize(
    "text", ["Notes on the specimens in the drawer.\n", "Größe; Länge\n", "これは標本のメモです。\n"]
)
def test_check_signature__names_a_text(tmp_path: Path, text: str) -> None:
    """A text without the first word of PLY."""
    path = tmp_path / "a.ply"
    path.write_text(text * 200, encoding="utf-8")
    with pytest.raises(SpecimenError, match="is a text, not PLY"):
        check_signature(path, ".ply")


def test_check_signature__looks_into_compressed_files(tmp_path: Path) -> None:
    """The page within `.ply.gz`, or the page that was saved under that name."""
    path = tmp_path / "a.ply.gz"
    for content in (gzip.compress(FOREIGN["a web page (HTML)"]), FOREIGN["a web page (HTML)"]):
        path.write_bytes(content)
        with pytest.raises(SpecimenError, match=r"is a web page .HTML., not PLY"):
            check_signature(path, ".ply.gz")
    path.write_bytes(gzip.compress(OWN[".ply"]))
    check_signature(path, ".ply.gz")


@pytest.mark.parametrize("kind", FOREIGN)
def test_check_signature__lets_a_binary_stl_begin_with_anything(tmp_path: Path, kind: str) -> None:
    """The header of a binary STL holds any bytes; its size tells that it is one."""
    path = tmp_path / "a.stl"
    path.write_bytes(FOREIGN[kind][:80].ljust(80, b" ") + struct.pack("<I", 2) + bytes(100))
    check_signature(path, ".stl")


def test_check_signature__lets_obj_and_off_begin_with_comments_and_blanks(tmp_path: Path) -> None:
    """Long beginnings of blank lines and comments are read at once."""
    path = tmp_path / "a.obj"
    path.write_bytes(b"\n \n# a\n" * 2000 + OWN[".obj"])
    for suffix in (".obj", ".off"):
        check_signature(path, suffix)
