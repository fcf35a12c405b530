"""Selections that outlive a session: found by token, limited, safe."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import core.workspace.selections
from core.workspace import Catalogue, new_token, read_selection, write_selection


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Return an empty catalogue."""
    return Catalogue(tmp_path / "catalogue.sqlite")


def test_write_selection__is_found_by_its_token_in_order(catalogue: Catalogue) -> None:
    """Every token has its own ids, the last ones written, with any characters."""
    one, two = new_token(), new_token()
    write_selection(catalogue, one, ["b", "a"])
    write_selection(catalogue, two, ["歯/1", "x'; DROP TABLE selections; --"])
    write_selection(catalogue, one, ["c"])
    assert read_selection(catalogue, one) == ("c",)
    assert read_selection(catalogue, two) == ("歯/1", "x'; DROP TABLE selections; --")


@pytest.mark.parametrize(
    "token", ["", "0" * 32, "%", "' OR 1=1 --", "../catalogue", "0" * 31 + "\n", "É" * 32, "0" * 10**6]
)
def test_read_selection__knows_nothing_of_other_tokens(catalogue: Catalogue, token: str) -> None:
    """An unknown or malformed token selects nothing."""
    write_selection(catalogue, new_token(), ["a"])
    assert read_selection(catalogue, token) == ()


@pytest.mark.parametrize("ids", ["{", "{}", "3", '[1, "a", null, "a"]', "[" * 100_000, b"\xff\xfe"])
def test_read_selection__damaged_is_as_none(catalogue: Catalogue, ids: str | bytes) -> None:
    """A damaged row gives those of its values that are ids."""
    token = new_token()
    write_selection(catalogue, token, ["a"])
    with sqlite3.connect(catalogue.path) as connection:
        connection.execute("UPDATE selections SET ids = ?", (ids,))
    connection.close()
    assert read_selection(catalogue, token) == (("a",) if "null" in str(ids) else ())


def test_write_selection__forgets_the_oldest(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Number and total size of selections are limited, and the newest are kept."""
    monkeypatch.setattr(core.workspace.selections, "MOST_SELECTIONS", 3)
    tokens = [new_token() for _ in range(5)]
    for token in tokens:
        write_selection(catalogue, token, [token])
    assert [bool(read_selection(catalogue, token)) for token in tokens] == [False, False, True, True, True]
    monkeypatch.setattr(core.workspace.selections, "MOST_BYTES", 100)
    write_selection(catalogue, tokens[0], ["x" * 70])
    assert [bool(read_selection(catalogue, token)) for token in tokens] == [True, False, False, False, False]


def test_write_selection__changes_no_table_that_screens_show(catalogue: Catalogue) -> None:
    """A tick makes no table out of date."""
    before = catalogue.revision()
    write_selection(catalogue, new_token(), ["a"])
    assert catalogue.revision() == before
