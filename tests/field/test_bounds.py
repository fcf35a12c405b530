"""Small files that stand for more than fits into memory are refused in words, or take little of it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from core.cli import main
from core.foundation import PROJECT, InputError, memory_share, share_memory
from core.storage import read_table

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
NO_STRINGS = b'<sst xmlns="' + MAIN + b'"></sst>'
STRINGS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
CHILD = """
import json, resource, sys
from pathlib import Path
from core.foundation import CoreError
from core.storage import read_table
from core.views import read_photographs
paths = json.loads(sys.argv[1])
read_photographs([Path(paths[0])], 64)
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    found = list(read_photographs([Path(paths[1])], 64).shape)
except CoreError as error:
    found = str(error)
print(json.dumps([found, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)]))
"""


def in_child(tmp_path: Path, picture: Path, limit: int = 0) -> tuple[object, int]:
    """Read a photograph in a child; return its shape or the error, and the bytes it took at most."""
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    paths = json.dumps([str(tmp_path / "small.png"), str(picture)])
    done = subprocess.run(
        [sys.executable, "-c", CHILD, paths, str(limit)], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    found, taken = json.loads(done.stdout)
    return found, taken


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in kilobytes on Linux alone")
@pytest.mark.parametrize(
    ("mode", "suffix", "most"),
    [("RGB", "png", 6), ("L", "png", 3), ("RGBA", "png", 11), ("P", "png", 8), ("I;16", "png", 6), ("CMYK", "jpg", 11)],
)
def test_read_photographs__takes_few_bytes_a_pixel(tmp_path: Path, mode: str, suffix: str, most: int) -> None:
    """It was 20 to 33 bytes a pixel; the peak of a child is measured."""
    side = 5000
    picture = tmp_path / f"a.{suffix}"
    Image.new(mode, (side, side)).save(picture)
    found, taken = in_child(tmp_path, picture)
    assert found == [1, 64, 64, 3]
    assert taken < most * side**2


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of the address space is Linux's")
def test_read_photographs__refuses_what_the_machine_cannot_hold(tmp_path: Path) -> None:
    """A few hundred kilobytes of PNG that would take a gigabyte are refused before they are decoded."""
    Image.new("RGBA", (11_000, 11_000)).save(tmp_path / "a.png")
    found, taken = in_child(tmp_path, tmp_path / "a.png", 1_800_000_000)
    assert re.search(r"a\.png would take 1\.5 GB of memory, and \d\.\d GB are free for it", str(found))
    assert taken < 100_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in kilobytes on Linux alone")
def test_read_photographs__reduces_a_large_jpeg_while_it_is_decoded(tmp_path: Path) -> None:
    """A JPEG of 200 megapixels, as telephones write, takes less than a byte and a half a pixel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        Image.new("RGB", (16_320, 12_240), "gray").save(tmp_path / "a.jpg")
        Image.new("L", (14_000, 14_000)).save(tmp_path / "a.png")
    found, taken = in_child(tmp_path, tmp_path / "a.jpg")
    assert found == [1, 64, 64, 3]
    assert taken < 1.5 * 16_320 * 12_240
    found, _ = in_child(tmp_path, tmp_path / "a.png")
    assert str(found).startswith("a.png has more than 170 megapixels")


def test_memory_share__is_divided_among_processes() -> None:
    """Each of several processes may take its part."""
    alone = memory_share()
    share_memory(4)
    try:
        assert memory_share() < alone / 2
    finally:
        share_memory(1)


def hostile(tmp_path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Return a workbook of two rows with one part changed; the texts are in a part of their own."""
    book, stream = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["id", "n"])
    book.active.append(["a", 1])
    book.save(stream)
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(STRINGS, change(NO_STRINGS) if part == STRINGS else NO_STRINGS)
        for entry in source.infolist():
            data = source.read(entry).replace(b"</Types>", STRINGS_TYPE + b"</Types>")
            target.writestr(entry.filename, change(data) if entry.filename == part else data)
    return tmp_path / "t.xlsx"


def behind(data: bytes, rows: bytes) -> bytes:
    """Return a sheet with more rows."""
    return data.replace(b"</sheetData>", rows + b"</sheetData>")


def test_read_table__a_size_that_a_sheet_has_not(tmp_path: Path) -> None:
    """A sheet that says it is A1:XFD1048576 has the rows that it has."""
    path = hostile(tmp_path, SHEET, lambda data: re.sub(rb'(dimension ref=")[^"]*', rb"\1A1:XFD1048576", data))
    assert read_table(path).rows == (("a", 1),)


@pytest.mark.parametrize(
    ("part", "change", "sentence"),
    [
        (SHEET, lambda data: behind(data, b'<row r="99999999999"><c><v>1</v></c></row>'), "more than 1,048,576 rows"),
        (
            SHEET,
            lambda data: behind(data, b"".join(b'<row r="%d"><c r="XFD%d"/></row>' % (at, at) for at in range(3, 999))),
            "more than 5,000,000 cells",
        ),
        (SHEET, lambda data: behind(data, (b"<row>" + b"<c/>" * 20_000 + b"</row>")), "20,000 columns"),
        (SHEET, lambda data: behind(data, b"<row>" + b"<c/>" * 4_900_000 + b"</row>"), "more than 16 MB"),
        (SHEET, lambda data: behind(data, (b"<row>" + b"<c/>" * 9 + b"</row>") * 2_500_000), "more cells than can be"),
        (STRINGS, lambda data: data.replace(b"</sst>", b"<si><t/></si>" * 9_000_000 + b"</sst>"), "more cells than"),
        (
            STRINGS,
            lambda data: data.replace(b"</sst>", b"<si><t>" + b"x" * 20_000_000 + b"</t></si></sst>"),
            "more than 16 MB",
        ),
        ("xl/styles.xml", lambda data: data.replace(b"</styleSheet>", b" " * 30_000_000 + b"</styleSheet>"), "30 MB"),
        (SHEET, lambda data: data.replace(b"<worksheet", b"<!DOCTYPE a><worksheet", 1), "document type"),
    ],
    ids=["far row", "far column", "columns", "one row", "empty cells", "texts", "one text", "styles", "entities"],
)
def test_read_table__bounds_of_a_workbook(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes], sentence: str
) -> None:
    """A workbook of a few kilobytes that unpacks to millions of cells is refused."""
    with pytest.raises(InputError, match=sentence):
        read_table(hostile(tmp_path, part, change))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (",".join(map(str, range(20_000))) + "\n", "20,000 columns; at most 16,384"),
        ("id,n\nb" + ",1" * 16_000 + "\n" + "c,2\n" * 1000, "1,001 rows|1,002 rows"),
        ("id,n\na," + "x" * 140_000 + "\n", "is no CSV .*field larger than field limit"),
    ],
)
def test_read_table__bounds_of_a_csv(tmp_path: Path, text: str, sentence: str) -> None:
    """Columns, cells up to the widest row, and single cells are bounded."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_table(tmp_path / "t.csv")


def test_read_table__many_columns_of_one_name(tmp_path: Path) -> None:
    """Sixteen thousand columns of one name get different ones."""
    (tmp_path / "t.csv").write_text("id," + ",".join(["a"] * 16_000) + "\nb" + ",1" * 16_000 + "\n")
    assert len(set(read_table(tmp_path / "t.csv").columns)) == 16_001


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nworkspace: *b\n",
        "a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nworkspace: {<<: [*b, *b]}\n",
        "workspace: &w data\nfile: *w\n",
    ],
)
def test_config__refuses_aliases(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A few lines of aliases stand for more values than fit into memory."""
    (tmp_path / "c.yaml").write_text(text)
    assert main(["metadata", "--config", str(tmp_path / "c.yaml")]) == 1
    assert "aliases are not read. Write the value itself." in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_config__encodings(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    """Marks and UTF-16 are read."""
    (tmp_path / "c.yaml").write_bytes(f"workspace: {tmp_path}/data\nfile: nowhere.csv\n".encode(encoding))
    assert main(["metadata", "--config", str(tmp_path / "c.yaml")]) == 1
    assert "The table 'nowhere.csv' is not there" in capsys.readouterr().err
