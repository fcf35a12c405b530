"""Archives: what is unpacked, and what is refused before anything is written."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.collection import safe_parts, unpack
from core.collection.archives import ArchiveLimits
from core.foundation import InputError, SettingError

ANY_DISK = ArchiveLimits(least_free=0)


def packed(files: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> io.BytesIO:
    """Return a ZIP of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    stream.seek(0)
    return stream


def everything(name: str) -> bool:
    """Want every file."""
    del name
    return True


def below(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_unpack__keeps_folders_and_bytes_and_passes_others_over(tmp_path: Path) -> None:
    """Wanted files are unpacked unchanged.

    Others, and files of archivers, are not.
    """
    given = {"Teeth/a.ply": b"ply 1", "Teeth/deep/b.PLY": b"ply 2", "notes.txt": b"x", "old.zip": b"PK"}
    trash = {"__MACOSX/Teeth/._a.ply": b"ply", ".hidden/c.ply": b"ply"}
    found = unpack(packed({**given, **trash}), tmp_path, lambda name: name.lower().endswith(".ply"), ANY_DISK)
    assert below(tmp_path) == {"Teeth/a.ply": b"ply 1", "Teeth/deep/b.PLY": b"ply 2"}
    assert (sorted(found.names), found.n_others, found.n_archives) == (["Teeth/a.ply", "Teeth/deep/b.PLY"], 2, 1)


@pytest.mark.parametrize(
    "name", ["../evil.ply", "a/../../evil.ply", "/etc/evil.ply", "C:/evil.ply", "..\\evil.ply", "\\\\host\\evil.ply"]
)
def test_unpack__refuses_names_that_lead_out(tmp_path: Path, name: str) -> None:
    """Nothing is written, inside or outside."""
    folder = tmp_path / "inside"
    folder.mkdir()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("good.ply", b"ply")
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"ply")
    with pytest.raises(InputError, match=r"Mine was refused: the name .* leads out of its folder\."):
        unpack(stream, folder, everything, ANY_DISK, title="Mine")
    assert list(tmp_path.rglob("*")) == [folder]


def test_unpack__refuses_links(tmp_path: Path) -> None:
    """A symbolic link could point anywhere."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("link.ply")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(InputError, match="is a link or a device, not a file"):
        unpack(stream, tmp_path, everything, ANY_DISK)
    assert list(tmp_path.iterdir()) == []


def test_unpack__refuses_what_grows_out_of_proportion(tmp_path: Path) -> None:
    """65 MB of zeros in 65 kB are a bomb.

    The same size of noise is not.
    """
    bomb = packed({"zeros.ply": bytes(65 * 1024 * 1024)}, method=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match=r"0\.1 MB would become 0\.1 GB\. Such archives are made to fill a disk"):
        unpack(bomb, tmp_path, everything, ANY_DISK)
    assert list(tmp_path.iterdir()) == []


def test_unpack__counts_what_comes_out_and_believes_no_header(tmp_path: Path) -> None:
    """An archive that says 10 bytes and holds more is refused."""
    stream = packed({"a.ply": bytes(5000)}, method=zipfile.ZIP_DEFLATED)
    data = bytearray(stream.getvalue())
    central = data.index(b"PK\x01\x02")
    for start in (22, central + 24):
        data[start : start + 4] = (10).to_bytes(4, "little")
    with pytest.raises(InputError):
        unpack(io.BytesIO(bytes(data)), tmp_path, everything, ANY_DISK)
    assert sum(len(content) for content in below(tmp_path).values()) <= 10


@pytest.mark.parametrize(
    ("limits", "prose"),
    [
        (ArchiveLimits(most_files=1, least_free=0), "holds 2 entries; at most 1 are unpacked"),
        (ArchiveLimits(most_bytes=5, least_free=0), "at most 0.0 GB are unpacked"),
        (ArchiveLimits(most_depth=1, least_free=0), "nests 2 folders; at most 1"),
        (ArchiveLimits(least_free=10**18), "the disk has .* GB left"),
    ],
)
def test_unpack__holds_its_limits(tmp_path: Path, limits: ArchiveLimits, prose: str) -> None:
    """Limits on number, size, depth and free space."""
    with pytest.raises(InputError, match=prose):
        unpack(packed({"a.ply": b"123", "b/c.ply": b"456"}), tmp_path, everything, limits)
    assert below(tmp_path) == {}


def test_unpack__refuses_a_name_twice_whatever_its_case(tmp_path: Path) -> None:
    """On another system the second would replace the first."""
    with pytest.raises(InputError, match="twice"):
        unpack(packed({"a/B.ply": b"1", "A/b.ply": b"2"}), tmp_path, everything, ANY_DISK)


@pytest.mark.parametrize("data", [b"", b"no archive at all", b"PK\x03\x04" + bytes(40)])
def test_unpack__says_that_it_is_no_archive(tmp_path: Path, data: bytes) -> None:
    """By its content."""
    with pytest.raises(InputError, match=r"is not a ZIP file that can be read .* Pack it again\."):
        unpack(io.BytesIO(data), tmp_path, everything, ANY_DISK)


def test_unpack__finds_damage(tmp_path: Path) -> None:
    """A flipped byte is noticed by the checksum."""
    data = bytearray(packed({"a.ply": b"x" * 100}).getvalue())
    data[60] ^= 0xFF
    with pytest.raises(InputError, match="is not a ZIP file that can be read"):
        unpack(io.BytesIO(bytes(data)), tmp_path, everything, ANY_DISK)


def test_unpack__reads_japanese_names_of_old_programs(tmp_path: Path) -> None:
    """Windows Explorer writes names in its own encoding without naming it."""
    name = "化石標本.ply".encode("cp932")
    data = packed({"aaaaaaaa.ply": b"ply"}).getvalue().replace(b"aaaaaaaa.ply", name)
    unpack(io.BytesIO(data), tmp_path, everything, ANY_DISK)
    assert list(below(tmp_path)) == ["化石標本.ply"]


@given(st.text(max_size=40))
def test_safe_parts__never_leads_out(name: str) -> None:
    """Whatever a name holds, its parts are plain names, or it is refused."""
    try:
        parts = safe_parts(name, title="It")
    except InputError:
        return
    assert all(part not in ("", ".", "..") and not set(part) & set('/\\\0:<>|"?*') for part in parts)
    root = Path("/root")
    assert root.joinpath(*parts).is_relative_to(root)


def test_archive_limits__refuse_nonsense() -> None:
    """A negative limit is an error."""
    with pytest.raises(SettingError, match=r"'most_files' must be at least 0 \(got -1\)"):
        ArchiveLimits(most_files=-1)
