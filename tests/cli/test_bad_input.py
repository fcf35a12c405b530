"""Bad input: one line with problem, reason and advice, and the documented exit status."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import core.cli.matching_flags
from core.cli import main
from tests.fakes import write_specimens


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Call a command that must fail, and return its error line."""
    capsys.readouterr()
    assert main(list(words)) == 1
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert "Traceback" not in captured.err
    assert captured.out == ""
    return lines[0]


def put_embeddings(folder: Path, matrix: np.ndarray, ids: str) -> list[str]:
    """Write a matrix and ids, and return the flags that name them."""
    np.save(folder / "e.npy", matrix)
    (folder / "ids.txt").write_text(ids, encoding="utf-8")
    return ["--emb", str(folder / "e.npy"), "--ids", str(folder / "ids.txt")]


@pytest.mark.parametrize("command", ["render", "run"])
@pytest.mark.parametrize(
    ("files", "prose"),
    [
        ((), r"is empty\. Meshes and point clouds end in \.ply \.obj \.stl or \.off"),
        (("a.txt", "b.txt"), r"holds no specimens, only other files \(2 \.txt\)\. Meshes and point clouds end in"),
    ],
)
def test_input__without_specimens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, files: tuple[str, ...], prose: str
) -> None:
    """An empty folder, a folder of text files."""
    (tmp_path / "in").mkdir()
    for name in files:
        (tmp_path / "in" / name).write_text("no mesh", encoding="utf-8")
    where = ["--workspace", str(tmp_path / "w")] if command == "run" else ["--out", str(tmp_path / "out")]
    assert re.search(prose, refusal(capsys, command, "--in", str(tmp_path / "in"), *where))


@pytest.mark.parametrize("command", ["render", "run"])
def test_input__all_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Status 1 instead of 3, and every file is named."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ply").touch()
    (tmp_path / "in" / "b.stl").touch()
    where = ["--workspace", str(tmp_path / "w")] if command == "run" else ["--out", str(tmp_path / "out")]
    words = [command, "--in", str(tmp_path / "in"), *where, "--size", "64", "--views", "1"]
    words += ["--model", "classical"] if command == "run" else []
    assert main(words) == 1
    stderr = capsys.readouterr().err
    assert re.search(r"Passed over a: The file is empty", stderr)
    assert re.search(r"Passed over b: The file is empty", stderr)
    assert re.search(r"Error: .* 2 specimens .*The lines above tell the reason for each\.\n$", stderr)


@pytest.mark.parametrize("command", ["render", "run"])
@pytest.mark.parametrize(
    ("flags", "prose"),
    [
        (["--views", "0"], r"'views' must be at least 1 \(got 0\)"),
        (["--views", "-3"], r"'views' must be at least 1 \(got -3\)"),
        (["--size", "5"], r"'size' must be from 16 to 4096 pixels \(got 5\)"),
    ],
)
def test_settings__out_of_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, flags: list[str], prose: str
) -> None:
    """The error names the given and the allowed values.

    Nothing is written.
    """
    write_specimens(tmp_path / "in", "a")
    where = ["--workspace", str(tmp_path / "w")] if command == "run" else ["--out", str(tmp_path / "w")]
    assert re.search(prose, refusal(capsys, command, "--in", str(tmp_path / "in"), *where, *flags))
    assert not (tmp_path / "w").exists()


def test_device__cuda_without_cuda(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says that there is no CUDA, and names a device that works."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    write_specimens(tmp_path / "in", "a")
    words = ["--in", str(tmp_path / "in"), "--workspace", str(tmp_path / "w"), "--model", "efficientnet_lite2"]
    line = refusal(capsys, "run", *words, "--device", "cuda", "--no-download")
    assert re.search(r"(?i)cuda", line)
    assert re.search(r"--device (auto|cpu)", line)


@pytest.mark.parametrize("command", ["search", "search-all", "cluster", "cluster-sweep", "evaluate"])
@pytest.mark.parametrize(
    ("matrix", "ids", "prose"),
    [
        (np.eye(3), "a\nb\n", r"There are 2 ids but 3 embedding rows\. Both files must come from the same call"),
        (np.eye(2), "a\na\n", r"The id 'a' stands more than once"),
        (np.full((2, 2), np.nan), "a\nb\n", r"2 of 2 embeddings hold NaN or infinite values, first: a, b"),
        (np.array([{}, {}], dtype=object), "a\nb\n", "pickled Python objects"),
    ],
)
def test_embeddings__that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, matrix: np.ndarray, ids: str, prose: str
) -> None:
    """All commands refuse them with the same message."""
    flags = put_embeddings(tmp_path, matrix, ids)
    query = ["--query", "a"] if command == "search" else []
    assert re.search(prose, refusal(capsys, command, *flags, *query, "--out", str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["search", "search-all", "cluster", "cluster-sweep", "evaluate"])
def test_embeddings__that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """The stage that makes them is named."""
    query = ["--query", "a"] if command == "search" else []
    line = refusal(capsys, command, "--emb", str(tmp_path / "e.npy"), *query)
    assert "e.npy is not there. Run `python -m core pool` first" in line


def test_stages__without_the_stage_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Extract without views, and pool without features, name the missing stage."""
    nowhere, out = str(tmp_path / "nowhere"), str(tmp_path / "out")
    line = refusal(capsys, "extract", "--renders", nowhere, "--out", out, "--model", "classical")
    assert "Run `python -m core render` first" in line
    line = refusal(capsys, "pool", "--features", nowhere, "--out", out)
    assert "Run `python -m core extract` first" in line


def test_query__unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest ids are suggested."""
    flags = put_embeddings(tmp_path, np.eye(3), "Molars/Tarsius/amnh106010\nMolars/b\nShells/c\n")
    line = refusal(capsys, "search", *flags, "--query", "Molars/Tarsius/amnh106011")
    assert "There is no specimen 'Molars/Tarsius/amnh106011' in this collection of 3." in line
    assert "The nearest ids are Molars/Tarsius/amnh106010" in line


def test_query__ambiguous(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The end of two ids."""
    flags = put_embeddings(tmp_path, np.eye(2), "A/one\nB/one\n")
    assert "2 specimen ids end with 'one': A/one, B/one." in refusal(capsys, "search", *flags, "--query", "one")


@pytest.mark.parametrize(
    ("command", "flag"),
    [("render", "--out"), ("run", "--workspace"), ("search-all", "--out"), ("search", "--out"), ("cluster", "--out")],
)
def test_output__that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, flag: str
) -> None:
    """A file in place of a folder, which fails for the administrator as well."""
    write_specimens(tmp_path / "in", "a b")
    (tmp_path / "file").touch()
    matrix = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    flags = put_embeddings(tmp_path, matrix, "".join(f"s{row}\n" for row in range(30)))
    given = {
        "render": ["--in", str(tmp_path / "in")],
        "run": ["--in", str(tmp_path / "in"), "--model", "classical"],
        "search": [*flags, "--query", "s1"],
    }.get(command, flags)
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        line = refusal(capsys, command, *given, flag, str(target))
        assert re.search(r"cannot be written \(.*\)\. .*(another|free space)", line)


def test_labels__without_a_known_specimen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of another collection, or none at all."""
    flags = put_embeddings(tmp_path, np.eye(2), "A/one\nB/two\n")
    (tmp_path / "labels.csv").write_text("specimen_id,label\nX,1\n", encoding="utf-8")
    assert "labels.csv" in refusal(capsys, "evaluate", *flags, "--labels", str(tmp_path / "labels.csv"))
    assert "nowhere.csv" in refusal(capsys, "evaluate", *flags, "--labels", str(tmp_path / "nowhere.csv"))


def test_interrupt__prints_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C gives status 130 and no traceback."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(core.cli.matching_flags, "read_embeddings", interrupted)
    assert main(["search-all", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == ("Interrupted. Finished work is kept. Run the same command again to resume.\n")


def test_run__that_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt run is named, with the runs beside it."""
    for name in ("first", "second"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "config.json").write_text("{}", encoding="utf-8")
    for command in (["search", "--query", "x"], ["map"], ["robustness"], ["compare"], ["duplicates"]):
        gone = tmp_path / "runs" / "frist"
        assert main([*command, "--run", str(gone), "--out", str(tmp_path / "out")]) == 1
        assert capsys.readouterr().err == f"Error: There is no run {gone}. There are first, second.\n"
    assert main(["map", "--run", str(tmp_path / "nope" / "r"), "--out", str(tmp_path / "out")]) == 1
    assert "Give the folder of a run: runs/NAME of a workspace." in capsys.readouterr().err
