"""Storage: atomic files, stable fingerprints, manifests that survive a kill."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.foundation import CoreError, InputError, SettingError, SpecimenError, WorkspaceError, file_of_specimen
from core.storage import (
    TEMPORARY_PREFIX,
    Manifest,
    fingerprint,
    read_json,
    read_npy,
    remove_unfinished,
    sha256_of_file,
    write_atomically,
    write_bytes,
    write_csv,
    write_json,
    write_npy,
)
from tests.fakes import PROJECT
from tests.strategies import ODD_NAMES, id_lists, json_values, specimen_ids


def test_write_atomically__leaves_the_old_file_where_writing_fails(tmp_path: Path) -> None:
    """A failure in the middle harms nothing and leaves no rubbish."""
    path = tmp_path / "a.txt"
    write_bytes(path, b"old")

    def half(temporary: Path) -> None:
        temporary.write_bytes(b"ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(WorkspaceError, match=r"a\.txt cannot be written \(No space left on device\).*free space"):
        write_atomically(path, half)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_atomically__names_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    """One sentence instead of a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        write_bytes(tmp_path / "file" / "a.txt", b"")


def test_write_atomically__cleans_up_after_an_interrupt(tmp_path: Path) -> None:
    """Ctrl-C while writing leaves nothing behind."""

    def interrupted(temporary: Path) -> None:
        temporary.write_bytes(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.txt", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_remove_unfinished__removes_what_a_killed_process_left(tmp_path: Path) -> None:
    """The next call clears away the half-written file of a killed one."""
    script = (
        "import os, sys; from pathlib import Path; from core.storage.files import write_atomically\n"
        "write_atomically(Path(sys.argv[1]), lambda path: (path.write_bytes(b'half'), os.kill(os.getpid(), 9)))"
    )
    target = tmp_path / "below" / "a.npy"
    subprocess.run([sys.executable, "-c", script, str(target)], cwd=PROJECT, check=False)
    left = list(tmp_path.rglob(f"{TEMPORARY_PREFIX}*"))
    assert len(left) == 1
    assert not target.exists()
    assert remove_unfinished(tmp_path) == 1
    assert list(tmp_path.rglob(f"{TEMPORARY_PREFIX}*")) == []


def test_remove_unfinished__leaves_what_a_living_process_writes(tmp_path: Path) -> None:
    """Two processes may write into one folder."""

    def look(temporary: Path) -> None:
        assert remove_unfinished(tmp_path) == 0
        temporary.write_bytes(b"whole")

    write_atomically(tmp_path / "a.txt", look)
    assert (tmp_path / "a.txt").read_bytes() == b"whole"


def test_remove_unfinished__leaves_other_machines_time(tmp_path: Path) -> None:
    """A file of another machine is taken for abandoned only after a day."""
    theirs = tmp_path / f"{TEMPORARY_PREFIX}notours-1-abc"
    theirs.touch()
    assert remove_unfinished(tmp_path) == 0
    os.utime(theirs, (0, 0))
    assert remove_unfinished(tmp_path) == 1


def test_remove_unfinished__minds_no_missing_folder(tmp_path: Path) -> None:
    """The first call of all finds nothing."""
    assert remove_unfinished(tmp_path / "nowhere") == 0


@given(value=json_values())
def test_write_json__reads_back(tmp_path: Path, value: Any) -> None:
    """Whatever JSON can hold comes back equal."""
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe"])
def test_read_json__names_a_damaged_file(tmp_path: Path, data: bytes) -> None:
    """The message names the file and the way out."""
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(WorkspaceError, match=r"a\.json cannot be read as JSON.*Delete it"):
        read_json(tmp_path / "a.json")


@given(ids=id_lists())
def test_write_csv__keeps_odd_ids(tmp_path: Path, ids: list[str]) -> None:
    """Commas, quotes, emoji and right-to-left text come back from a CSV reader."""
    write_csv(tmp_path / "a.csv", ("id", "value"), ((name, 1) for name in ids))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [["id", "value"], *([name, "1"] for name in ids)]
    assert b"\r\n" not in (tmp_path / "a.csv").read_bytes()


@given(values=st.lists(st.floats(width=32, allow_nan=False), min_size=1))
def test_read_npy__reads_what_write_npy_wrote(tmp_path: Path, values: list[float]) -> None:
    """Bit for bit."""
    array = np.array(values, dtype=np.float32)
    write_npy(tmp_path / "a.npy", array)
    assert np.array_equal(read_npy(tmp_path / "a.npy"), array)


def test_read_npy__refuses_pickled_objects(tmp_path: Path) -> None:
    """A file from somewhere else must not run code."""
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="pickled Python objects, which are never loaded"):
        read_npy(tmp_path / "a.npy")


def test_read_npy__refuses_other_files(tmp_path: Path) -> None:
    """An archive, a text and nothing at all are told apart from an array."""
    np.savez(tmp_path / "a.npz", a=np.zeros(2))
    for name, data in {"zip.npy": (tmp_path / "a.npz").read_bytes(), "text.npy": b"1 2 3", "none.npy": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name} is not a .npy file"):
            read_npy(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        read_npy(tmp_path)


@given(data=st.data())
def test_read_npy__names_a_damaged_file(tmp_path: Path, data: st.DataObject) -> None:
    """If any byte is wrong or missing, the result is an array or an `InputError`."""
    np.save(tmp_path / "whole.npy", np.arange(6, dtype=np.float32).reshape(2, 3))
    damaged = bytearray((tmp_path / "whole.npy").read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.npy").write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        assert isinstance(read_npy(tmp_path / "a.npy"), np.ndarray)
    except InputError as error:
        assert "a.npy" in error.problem


def test_fingerprint__minds_no_order_of_settings() -> None:
    """Settings are a set of names and values, not a sequence."""
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


@given(one=json_values(), two=json_values())
def test_fingerprint__tells_values_apart(one: Any, two: Any) -> None:
    """Different values differ, and so do 1, 1.0 and True."""
    assert (fingerprint(one) == fingerprint(two)) == (repr_of(one) == repr_of(two))


def repr_of(value: Any) -> str:
    """Return a text that is equal for equal JSON, whatever the order of its keys."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{repr_of(value[key])}" for key in sorted(value)) + "}"
    return "[" + ",".join(map(repr_of, value)) + "]" if isinstance(value, list) else repr(value)


def test_fingerprint__is_the_same_everywhere() -> None:
    """Kept results of an older version are found again."""
    assert fingerprint("views", {"size": 64}, ["ä"]) == "c68e48796073b8382c32695a7c5723d8"


def test_sha256_of_file__is_the_sum_that_other_tools_give(tmp_path: Path) -> None:
    """The well-known sum of an empty file."""
    (tmp_path / "a").touch()
    assert sha256_of_file(tmp_path / "a").startswith("e3b0c44298fc1c14")


@given(name=st.text())
def test_file_of_specimen__never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    """Any text gives a file below the folder, or a refusal."""
    root = tmp_path / "root"
    try:
        path = file_of_specimen(root, name, ".npy")
    except SettingError:
        return
    assert Path(os.path.normpath(path)).is_relative_to(root)
    assert path != root
    assert path.name.endswith(".npy")


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../a", "a/../../b", "a//b", ".", "a/.", "a\\b", "a\0b", "a/"])
def test_file_of_specimen__refuses_what_is_no_id(tmp_path: Path, name: str) -> None:
    """The message shows an id as it should be."""
    with pytest.raises(SettingError, match=r"is not a specimen id.*like Molars/Tarsius/amnh106010"):
        file_of_specimen(tmp_path, name, ".npy")


@given(names=id_lists(min_size=2))
def test_file_of_specimen__gives_every_id_its_own_file(tmp_path: Path, names: list[str]) -> None:
    """Two ids never share a file."""
    assert len({file_of_specimen(tmp_path, name, ".npy") for name in names}) == len(names)


@given(names=id_lists(), odd=st.sampled_from(ODD_NAMES))
def test_manifest__reads_back(tmp_path_factory: pytest.TempPathFactory, names: list[str], odd: str) -> None:
    """Every id and fact is read back, also ids that hold line ends of Unicode."""
    folder = tmp_path_factory.mktemp("manifest")
    manifest = Manifest(folder)
    for name in names:
        manifest.add(name, f"of {name}", note=odd)
    again = Manifest(folder)
    assert again.ids == sorted(names)
    assert all(again.is_done(name, f"of {name}") and not again.is_done(name, "other") for name in names)
    entry = again.get(names[0])
    assert entry is not None
    assert entry["note"] == odd


@given(names=id_lists(max_size=5), data=st.data())
def test_manifest__survives_being_cut_off_anywhere(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    """A kill in the middle of a line loses that line alone, and work resumes."""
    folder = tmp_path_factory.mktemp("manifest")
    manifest = Manifest(folder)
    for name in names:
        manifest.add(name, "made")
    whole = manifest.path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    manifest.path.write_bytes(whole[:cut])
    torn = Manifest(folder)
    ends = ends_of_lines(whole)[1:]  # the first line says that a stage works
    complete = [name for name, end in zip(names, ends, strict=True) if cut >= end - 1]
    assert torn.ids == sorted(complete)
    torn.add("new/one", "made")
    for name in names:
        torn.add(name, "made again")
    again = Manifest(folder)
    assert again.ids == sorted({*names, "new/one"})
    assert all(again.is_done(name, "made again") for name in names)


def ends_of_lines(data: bytes) -> list[int]:
    """Return the end of every line, its newline counted."""
    return [place + 1 for place, byte in enumerate(data) if byte == 10]


@given(junk=st.binary())
def test_manifest__reads_over_rubbish(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    """Whatever a disk made of the file, the lines that are whole count."""
    folder = tmp_path_factory.mktemp("manifest")
    (folder / "manifest.jsonl").write_bytes(junk + b'\n{"fingerprint": "made", "id": "a"}\n[1]\n{"id": 5}\n')
    assert Manifest(folder).is_done("a", "made")


def test_manifest__forgets(tmp_path: Path) -> None:
    """What was taken off the record stays off it in the next process."""
    manifest = Manifest(tmp_path)
    manifest.add("a", "made")
    manifest.add("b", "made")
    manifest.forget("a")
    manifest.forget("never there")
    assert manifest.ids == Manifest(tmp_path).ids == ["b"]
    manifest.add("a", "made")
    assert Manifest(tmp_path).ids == ["a", "b"]


@given(names=st.permutations(["b", "a", "c/d", "é"]))
def test_manifest__ends_in_id_order(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """The same work leaves the same bytes, in whatever order it was done."""
    folder = tmp_path_factory.mktemp("manifest")
    manifest = Manifest(folder)
    for name in names:
        manifest.add(name, "early")
        manifest.add(name, "made")
    manifest.keep_only(["a", "b", "c/d"])
    lines = [f'{{"fingerprint": "made", "id": "{name}"}}\n' for name in ("a", "b", "c/d")]
    assert manifest.path.read_text(encoding="utf-8") == "".join(lines)


def test_manifest__cannot_be_where_a_file_is(tmp_path: Path) -> None:
    """A file in place of the folder is named."""
    (tmp_path / "file").touch()
    manifest = Manifest(tmp_path / "file")
    with pytest.raises(CoreError, match="cannot be written"):
        manifest.add("a", "made")


@given(name=specimen_ids())
def test_strategies__draw_only_what_can_be_an_id(tmp_path: Path, name: str) -> None:
    """The tests' own ids are ids."""
    file_of_specimen(tmp_path, name, ".npy")


def test_write_csv__keeps_a_row_a_row(tmp_path: Path) -> None:
    """The old end of a line in a label begins no row of its own."""
    write_csv(tmp_path / "a.csv", ("label", "n"), [("one\r=cmd()\nmore", 1), ("two", 2)])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["label", "n"], ["one =cmd()\nmore", "1"], ["two", "2"]]


def test_remove_unfinished__knows_a_number_that_was_given_again(tmp_path: Path) -> None:
    """A file older than the living process of its number was left by another one."""
    from core.storage.files import _machine

    left = tmp_path / f"{TEMPORARY_PREFIX}{_machine()}-{os.getpid()}-abc.npy"
    left.touch()
    assert remove_unfinished(tmp_path) == 0
    os.utime(left, (1_000_000, 1_000_000))
    assert remove_unfinished(tmp_path) == 1


def test_write_atomically__blames_a_long_name_on_the_specimen(tmp_path: Path) -> None:
    """Others can still be written, so it is no fault of the disk."""
    with pytest.raises(SpecimenError, match=r"too long for this file system \(\d+ characters in all\)\. Give it"):
        write_npy(tmp_path / f"{'n' * 300}.npy", np.zeros(1))
    assert list(tmp_path.iterdir()) == []
