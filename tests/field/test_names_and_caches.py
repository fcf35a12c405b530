"""Names of files that are no ids, and caches that are damaged, full, or shared by many processes."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.backbones import EngineSettings, TokenSettings, open_engine
from core.cli import main
from core.clusters import ClusterSettings
from core.collection import file_of, take_inventory
from core.foundation import ids_of_names, place_compiled_code
from core.pipeline import RunReport, RunSettings, pool_folder, run_pipeline
from core.storage import keep_cached, read_cached, write_npy
from core.views import ViewSettings
from core.workspace import Catalogue, Workspace
from tests.core.networks import pictures, tiny_backbone
from tests.fakes import PROJECT, FakeExtractor, rows_of, write_specimen

SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
CAFE = os.fsdecode(b"caf\xe9")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")


def run(workspace: Workspace, meshes: Path | None = None) -> RunReport:
    """Run with the fake extractor."""
    return run_pipeline(workspace, SETTINGS, meshes=meshes, extractor=FakeExtractor())


def ids_in(workspace: Workspace) -> list[str]:
    """Return the ids of the run."""
    return workspace.run("run").ids_path.read_bytes().decode("utf-8").split("\n")[:-1]


@on_linux
def test_run__keeps_files_apart_whose_names_escape_to_the_same_id(workspace: Workspace) -> None:
    r"""`a\nb.off`, `a%0Ab.off` and `a%250Ab.off` are three specimens with embeddings of their own."""
    names = ["a\nb", "a%0Ab", "a%250Ab", "plain"]
    for at, name in enumerate(names):
        write_specimen(workspace.meshes / f"{name}.off", stretch=1 + at)
    report = run(workspace)
    assert (report.done, report.failures) == (4, ())
    ids = ids_in(workspace)
    assert len(ids) == 4
    assert len({(workspace.run("run").embeddings / f"{name}.npy").read_bytes() for name in ids}) == 4
    found = {specimen.specimen_id: specimen.path for specimen in take_inventory(workspace.meshes).specimens}
    assert {file_of(workspace.run("run"), name) for name in ids} == set(found.values())
    assert {name: file_of(workspace.run("run"), name) for name in ids} == found
    assert run(workspace).done == 0
    rows = rows_of(workspace.run("run").knn_results / f"{ids[0]}.csv")
    assert {row["query_id"] for row in rows} == {ids[0]}


@on_linux
@pytest.mark.parametrize("folders", [("A\nB", "A%0AB"), (CAFE, "caf%E9"), ("A\u2028B", "A%E2%80%A8B")])
def test_take_inventory__keeps_folders_apart_whose_names_escape_alike(tmp_path: Path, folders: tuple[str, str]) -> None:
    """Meshes and photographs in two folders of such names."""
    for folder in folders:
        write_specimen(tmp_path / folder / "scans" / "a.off")
        (tmp_path / folder / "photographs").mkdir()
        with (tmp_path / folder / "photographs" / "1.png").open("wb") as stream:
            Image.new("RGB", (8, 8)).save(stream, "PNG")
    specimens = take_inventory(tmp_path).specimens
    assert len({specimen.specimen_id for specimen in specimens}) == len({specimen.path for specimen in specimens}) == 4


@pytest.mark.specimens("a b")
def test_run__keeps_a_specimen_called_embeddings(workspace: Workspace) -> None:
    """Its own embedding is not written where the matrix lies."""
    for name in ("embeddings", "embeddings_projected"):
        write_specimen(workspace.meshes / f"{name}.off")
    assert run(workspace).done == 4
    assert ids_in(workspace) == ["a", "b", "embeddings.off", "embeddings_projected.off"]
    assert np.load(workspace.run("run").matrix_path).shape == (4, 16)
    assert run(workspace).done == 0


def test_pool__keeps_features_apart_whose_names_escape_alike(tmp_path: Path) -> None:
    """Features that a user laid there, with ends of lines in their names."""
    names = ["a\nb", "a%0Ab", "embeddings", "c"] if sys.platform != "win32" else ["embeddings", "c"]
    for at, name in enumerate(names):
        write_npy(tmp_path / "features" / f"{name}.npy", np.full((2, 3), at + 1.0, np.float32))
    assert pool_folder(tmp_path / "features", tmp_path / "out").done == len(names)
    ids = (tmp_path / "out" / "ids.txt").read_text(encoding="utf-8").split("\n")[:-1]
    matrix = np.load(tmp_path / "out" / "embeddings.npy")
    assert dict(zip(ids, matrix[:, 0].tolist(), strict=True)) == dict(
        sorted(zip(ids_of_names(sorted(names)), [names.index(name) + 1.0 for name in sorted(names)], strict=True))
    )


@on_linux
@pytest.mark.specimens("plain")
def test_run__reads_folders_and_files_whose_names_are_no_text(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder, scans, photographs, the input folder, and a file that cannot be used."""
    folder = tmp_path / f"scans {CAFE}"
    for name in ("a", f"b{CAFE}"):
        write_specimen(folder / CAFE / f"{name}.off")
    (folder / "crab").mkdir()
    with (folder / "crab" / f"{CAFE}.png").open("wb") as stream:
        Image.new("RGB", (8, 8)).save(stream, "PNG")
    (folder / f"empty {CAFE}.ply").touch()
    report = run(workspace, folder)
    assert (report.done, [failure.specimen_id for failure in report.failures]) == (3, ["empty caf%E9"])
    assert ids_in(workspace) == ["caf%E9/a", "caf%E9/bcaf%E9", "crab"]
    assert run(workspace, folder).unchanged == 3
    assert workspace.run("run").config()["input"] == str(folder)
    records = Catalogue(workspace.catalogue_path).specimens(str(folder))
    assert Path(records["caf%E9/bcaf%E9"].path) == folder / CAFE / f"b{CAFE}.off"
    assert file_of(workspace.run("run"), "caf%E9/bcaf%E9") == folder / CAFE / f"b{CAFE}.off"
    for command in ("table", "measure"):
        out = tmp_path / f"{command} {CAFE}.csv"
        assert main([command, "--workspace", str(workspace.root), "--out", str(out)]) in (0, 3)
        assert "caf%E9/a" in {row["specimen_id"] for row in rows_of(out)}
    capsys.readouterr()
    assert main(["run", "--workspace", str(workspace.root), "--in", str(tmp_path / CAFE)]) == 1
    assert "caf\\xe9 does not exist" in capsys.readouterr().err


@on_linux
def test_workspace__may_lie_in_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    """Everything that a run writes lies below such a folder."""
    from core.workspace import open_workspace

    workspace = open_workspace(tmp_path / CAFE)
    write_specimen(workspace.meshes / "a.off")
    write_specimen(workspace.meshes / "b.off")
    assert run(workspace).done == 2
    assert run(workspace).unchanged == 2
    assert workspace.run("run").config()["input"] == str(workspace.meshes)


@pytest.fixture
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder for converted networks."""
    monkeypatch.setenv("FOSSILVIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "openvino"


def features_of_network() -> np.ndarray:
    """Return features of a small network by OpenVINO."""
    backbone = tiny_backbone()
    return np.asarray(
        open_engine(backbone, TokenSettings(), EngineSettings("openvino", "cpu", "fp32")).run(pictures(2, 56))
    )


def cut(path: Path) -> None:
    """Cut a file to half of its length."""
    os.truncate(path, path.stat().st_size // 2)


def zero(path: Path) -> None:
    """Write zeros in place of the content, as a power failure leaves it."""
    path.write_bytes(bytes(path.stat().st_size))


def change_one_byte(path: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)


def test_converted_network__is_mended_if_it_is_damaged(networks: Path) -> None:
    """Cut, zeroed, changed or missing files, and an entry of an earlier version: the same features."""
    expected = features_of_network()
    (entry,) = (path for path in networks.iterdir() if path.is_dir())
    damages: list[tuple[str, Callable[[Path], None]]] = [
        ("model.bin", cut),
        ("model.bin", zero),
        ("model.bin", change_one_byte),
        ("model.xml", cut),
        ("model.bin", Path.unlink),
        ("made_from.json", zero),
        ("made_from.json", lambda path: path.write_text(json.dumps({"backbone": "x"})) and None),
    ]
    for name, damage in damages:
        damage(entry / name)
        assert np.array_equal(features_of_network(), expected), (name, damage)
        assert read_cached(entry, ["model.xml", "model.bin"]) is not None
    assert [path.name for path in networks.iterdir() if path.is_dir()] == [entry.name]


def test_converted_network__is_not_mapped(networks: Path) -> None:
    """A process that uses a network goes on if its files are cut; a mapped file would end it."""
    expected = features_of_network()
    (entry,) = (path for path in networks.iterdir() if path.is_dir())
    backbone = tiny_backbone()
    engine = open_engine(backbone, TokenSettings(), EngineSettings("openvino", "cpu", "fp32"))
    for path in entry.iterdir():
        os.truncate(path, 0)
    assert np.array_equal(engine.run(pictures(2, 56)), expected)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("basic_ios::clear: iostream")])
def test_converted_network__is_used_though_the_disk_is_full(
    networks: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """The network is converted in memory, a warning says so, and nothing half-written stays."""
    import openvino

    expected = features_of_network()
    (entry,) = (path for path in networks.iterdir() if path.is_dir())
    zero(entry / "model.bin")

    def save_model(model: object, path: Path, **settings: object) -> None:
        del model, settings
        path.write_bytes(b"part")
        raise error

    monkeypatch.setattr(openvino, "save_model", save_model)
    with caplog.at_level(logging.WARNING, "core"):
        assert np.array_equal(features_of_network(), expected)
    assert "cannot be kept in" in caplog.text
    assert [path.name for path in networks.iterdir() if path.is_dir()] == [entry.name]


def test_converted_network__is_used_though_the_folder_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file stands where the cache folder would be."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("FOSSILVIT_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING, "core"):
        assert features_of_network().shape == (2, 48)
    assert "set FOSSILVIT_CACHE to another folder" in caplog.text


_MAKER = """
import sys
from pathlib import Path
from core.storage import cache_lock, keep_cached, read_cached
entry, log = Path(sys.argv[1]), Path(sys.argv[2])
def write(new):
    with log.open("a") as stream:
        stream.write("made\\n")
    (new / "weights").write_bytes(bytes(range(256)) * 40_000)
content = read_cached(entry, ["weights"])
if content is None:
    with cache_lock(entry):
        content = read_cached(entry, ["weights"])
        if content is None:
            keep_cached(entry, write, {})
            content = read_cached(entry, ["weights"])
assert content["weights"] == bytes(range(256)) * 40_000
"""


def test_cache__is_filled_once_by_nine_processes_at_once(tmp_path: Path) -> None:
    """One makes the entry, the others wait for it; all read the same bytes."""
    command = [sys.executable, "-c", _MAKER, str(tmp_path / "cache" / "entry"), str(tmp_path / "log")]
    children = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) for _ in range(9)]
    ended = [(child.communicate()[1], child.returncode) for child in children]
    assert ended == [(b"", 0)] * 9
    assert (tmp_path / "log").read_text() == "made\n"


def test_cache__has_readers_while_an_entry_is_replaced(tmp_path: Path) -> None:
    """A reader gets the old entry, the new one or none, and never a part of one."""
    entry = tmp_path / "entry"
    contents = [bytes([value]) * 300_000 for value in range(2)]
    keep_cached(entry, lambda new: (new / "a").write_bytes(contents[0]), {})
    stop = threading.Event()
    seen: set[object] = set()

    def read() -> None:
        while not stop.is_set():
            found = read_cached(entry, ["a"])
            seen.add(None if found is None else contents.index(found["a"]))

    reader = threading.Thread(target=read)
    reader.start()
    for at in range(60):
        keep_cached(entry, lambda new, at=at: (new / "a").write_bytes(contents[at % 2]), {})  # type: ignore[misc]
    stop.set()
    reader.join()
    assert seen <= {0, 1, None}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["entry"]


_COMPILED = """
from core.foundation import njit
@njit(cache=True)
def doubled(number):
    return number * 2
print(doubled(21))
"""


def compiled(folder: Path, **settings: object) -> str:
    """Return what a program with a compiled function prints, and its warnings."""
    (folder / "program.py").write_text(_COMPILED, encoding="utf-8")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "numba"), "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(
        [sys.executable, str(folder / "program.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        **settings,  # type: ignore[call-overload]
    )
    return str(ended.stdout + ended.stderr)


@pytest.mark.parametrize("suffix", [".nbc", ".nbi"])
@pytest.mark.parametrize("damage", [cut, zero, lambda path: os.truncate(path, 0)])
def test_compiled_functions__are_compiled_again_if_their_files_are_damaged(
    tmp_path: Path, suffix: str, damage: Callable[[Path], None]
) -> None:
    """A file that a power failure cut does not stop every later start."""
    assert compiled(tmp_path) == "42\n"
    (path,) = (tmp_path / "numba").rglob(f"*{suffix}")
    damage(path)
    assert [compiled(tmp_path) for _ in range(2)] == ["42\n"] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is that of POSIX")
def test_compiled_functions__work_on_a_full_disk(tmp_path: Path) -> None:
    """The function runs, and one warning says that it is not kept."""
    import resource

    said = compiled(tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
    assert said.startswith("42\n")
    assert said.count("Compiled functions cannot be kept") == 1


def test_place_compiled_code__takes_a_folder_of_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a writable home: in FOSSILVIT_CACHE, else a private folder, never one that another may write."""
    (tmp_path / "file").touch()
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "file" / "numba")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("FOSSILVIT_CACHE", str(tmp_path / "cache"))
    assert placed(monkeypatch) == tmp_path / "cache" / "numba"
    monkeypatch.delenv("FOSSILVIT_CACHE")
    own = placed(monkeypatch)
    assert own.parent == tmp_path
    if hasattr(os, "getuid"):
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        own.chmod(0o777)
        assert placed(monkeypatch) != own
        own.rmdir()
        own.symlink_to(tmp_path)
        assert placed(monkeypatch) not in (own, tmp_path)


def placed(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that is chosen for compiled functions."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    place_compiled_code()
    return Path(os.environ["NUMBA_CACHE_DIR"])


def test_place_compiled_code__leaves_a_folder_that_was_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's own setting wins."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    place_compiled_code()
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path)


def test_search__warns_if_two_ids_have_one_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`a/b` and `a__b` are written as knn_a__b.csv, as the names of these files are fixed."""
    from core.neighbours import Neighbours, write_neighbours

    first = Neighbours("a/b", ("c",), np.array([0.5]))
    second = replace(first, query_id="a__b")
    path = tmp_path / "knn_a__b.csv"
    write_neighbours(path, first, overwrite=False)
    with caplog.at_level(logging.WARNING, "core"):
        write_neighbours(path, second, overwrite=False)
    assert "held the neighbours of a/b" in caplog.text
