"""Embeddings: ids and rows are written, read and checked together."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from core.embeddings import Embeddings, read_embeddings, select_rows, write_embeddings
from core.foundation import InputError, MisalignedEmbeddingsError, MissingStageError, category_of, top_category_of
from tests.strategies import collections


def read_from(folder: Path) -> Embeddings:
    """Read the embeddings of a folder under the usual names."""
    return read_embeddings(folder / "embeddings.npy", folder / "ids.txt")


def put(folder: Path, matrix: np.ndarray, ids: str) -> None:
    """Write a matrix and the text of its ids without checks."""
    np.save(folder / "embeddings.npy", matrix)
    (folder / "ids.txt").write_text(ids, encoding="utf-8")


@pytest.mark.parametrize(
    ("specimen_id", "category", "top"),
    [("Molars/Tarsius/amnh1", "Molars/Tarsius", "Molars"), ("Shells/a", "Shells", "Shells"), ("a", "", "")],
)
def test_category_of__is_the_folders_above(specimen_id: str, category: str, top: str) -> None:
    """The contract's words: folders above, and the first of them."""
    assert (category_of(specimen_id), top_category_of(specimen_id)) == (category, top)


@given(st.text("a./ é\n", max_size=12))
def test_category_of__is_what_paths_say(specimen_id: str) -> None:
    """Ids with doubled slashes or dots have the category that paths have."""
    parent = str(PurePosixPath(specimen_id).parent)
    assert category_of(specimen_id) == ("" if parent == "." else parent)


@given(embeddings=collections())
def test_write_embeddings__reads_back(tmp_path: Path, embeddings: Embeddings) -> None:
    """Ids, order and every bit of every row."""
    write_embeddings(tmp_path, embeddings)
    again = read_from(tmp_path)
    assert again.ids == embeddings.ids
    assert again.matrix.dtype == np.float32
    assert np.array_equal(again.matrix, embeddings.matrix)
    assert not again.matrix.flags.writeable


@given(embeddings=collections())
def test_write_embeddings__puts_the_same_into_parquet(tmp_path: Path, embeddings: Embeddings) -> None:
    """Columns id, category and vector, for use as a table."""
    write_embeddings(tmp_path, embeddings)
    table = pq.read_table(tmp_path / "embeddings.parquet")
    assert table.column_names == ["id", "category", "vector"]
    assert tuple(table["id"].to_pylist()) == embeddings.ids
    assert tuple(table["category"].to_pylist()) == embeddings.categories
    assert np.array_equal(np.array(table["vector"].to_pylist(), dtype=np.float32), embeddings.matrix)


@pytest.mark.parametrize("renamed", range(4))
def test_write_embeddings__never_leaves_rows_beside_other_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    """Killed after any of its renames, the old ids are gone, not wrong."""
    write_embeddings(tmp_path, Embeddings(("a", "b"), np.eye(2, dtype=np.float32)))
    replace, left = Path.replace, iter([True] * renamed)

    def killed(path: Path, target: Path) -> Path:
        if next(left, False):
            return replace(path, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_embeddings(tmp_path, Embeddings(("b", "c"), np.eye(2, dtype=np.float32)))
    with pytest.raises(MissingStageError, match=r"ids\.txt is not there"):
        read_from(tmp_path)


def test_read_embeddings__reads_what_editors_make_of_ids(tmp_path: Path) -> None:
    """A byte order mark and the line ends of Windows do not become part of the ids."""
    put(tmp_path, np.eye(2), "")
    (tmp_path / "ids.txt").write_bytes(b"\xef\xbb\xbfa/b\r\nc\r\n\r\n")
    assert read_from(tmp_path).ids == ("a/b", "c")


@pytest.mark.parametrize(
    ("matrix", "ids", "kind", "prose"),
    [
        (np.eye(3), "a\nb\n", MisalignedEmbeddingsError, r"There are 2 ids but 3 embedding rows.*same call"),
        (np.eye(2), "a\na\n", MisalignedEmbeddingsError, "The id 'a' stands more than once"),
        (np.ones(2), "a\nb\n", MisalignedEmbeddingsError, r"two axes \(N, D\); this one has the shape \(2,\)"),
        (np.array([[1.0], [np.nan]]), "a\nb\n", InputError, "1 of 2 embeddings hold NaN .*first: b.*--overwrite"),
        (np.array([[1e300], [1.0]]), "a\nb\n", InputError, "1 of 2 embeddings hold NaN or infinite values, first: a"),
        (np.array([[1], [2]]), "a\nb\n", InputError, "does not hold floating-point numbers"),
        (np.array([["x"], ["y"]]), "a\nb\n", InputError, "does not hold floating-point numbers"),
    ],
)
def test_read_embeddings__says_what_is_wrong(
    tmp_path: Path, matrix: np.ndarray, ids: str, kind: type[Exception], prose: str
) -> None:
    """Every mismatch has its own sentence."""
    put(tmp_path, matrix, ids)
    with pytest.raises(kind, match=prose):
        read_from(tmp_path)


def test_read_embeddings__says_which_stage_is_missing(tmp_path: Path) -> None:
    """Nothing there yet: the stage that makes it is named."""
    with pytest.raises(MissingStageError, match=r"embeddings\.npy is not there\. Run `python -m core pool` first"):
        read_from(tmp_path)


def test_read_embeddings__refuses_ids_that_are_no_text(tmp_path: Path) -> None:
    """Another encoding than UTF-8 is named as such."""
    put(tmp_path, np.eye(1), "")
    (tmp_path / "ids.txt").write_bytes("Zähne\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"ids\.txt is not UTF-8 text.*Save it as UTF-8"):
        read_from(tmp_path)


def test_read_embeddings__refuses_pickles(tmp_path: Path) -> None:
    """A matrix from somewhere else must not run code."""
    put(tmp_path, np.array([[{}]], dtype=object), "a\n")
    with pytest.raises(InputError, match="pickled Python objects"):
        read_from(tmp_path)


@given(embeddings=collections(), data=st.data())
def test_select_rows__keeps_ids_with_their_rows(embeddings: Embeddings, data: st.DataObject) -> None:
    """In any order, a row stays with its id."""
    rows = data.draw(st.lists(st.integers(0, len(embeddings) - 1), unique=True))
    chosen = select_rows(embeddings, rows)
    for name, row in zip(chosen.ids, chosen.matrix, strict=True):
        assert np.array_equal(row, embeddings.matrix[embeddings.row_of[name]])
