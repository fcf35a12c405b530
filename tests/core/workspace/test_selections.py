"""Selections that outlive a session: found by their token alone, bounded, safe against what addresses hold."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import core.workspace.selections
from core.workspace import Catalogue, keep_selection, kept_selection, new_token


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Return an empty catalogue."""
    return Catalogue(tmp_path / "catalogue.sqlite")


def test_keep_selection__is_found_by_its_token_in_order(catalogue: Catalogue) -> None:
    """Every token has its own; the last one kept counts; names may be anything."""
    one, two = new_token(), new_token()
    keep_selection(catalogue, one, ["b", "a"])
    keep_selection(catalogue, two, ["歯/1", "x'; DROP TABLE selections; --"])
    keep_selection(catalogue, one, ["c"])
    assert kept_selection(catalogue, one) == ("c",)
    assert kept_selection(catalogue, two) == ("歯/1", "x'; DROP TABLE selections; --")


@pytest.mark.parametrize(
    "token", ["", "0" * 32, "%", "' OR 1=1 --", "../catalogue", "0" * 31 + "\n", "É" * 32, "0" * 10**6]
)
def test_kept_selection__knows_nothing_of_other_tokens(catalogue: Catalogue, token: str) -> None:
    """What is no token, or nobody's, selects nothing."""
    keep_selection(catalogue, new_token(), ["a"])
    assert kept_selection(catalogue, token) == ()


@pytest.mark.parametrize("ids", ["{", "{}", "3", '[1, "a", null, "a"]', "[" * 100_000, b"\xff\xfe"])
def test_kept_selection__damaged_is_as_none(catalogue: Catalogue, ids: str | bytes) -> None:
    """A row that this program cannot have written gives those of its ids that are some."""
    token = new_token()
    keep_selection(catalogue, token, ["a"])
    with sqlite3.connect(catalogue.path) as connection:
        connection.execute("UPDATE selections SET ids = ?", (ids,))
    connection.close()
    assert kept_selection(catalogue, token) == (("a",) if "null" in str(ids) else ())


def test_keep_selection__forgets_the_oldest(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are not more than so many, and not more in them than so much; the newest stays."""
    monkeypatch.setattr(core.workspace.selections, "MOST_SELECTIONS", 3)
    tokens = [new_token() for _ in range(5)]
    for token in tokens:
        keep_selection(catalogue, token, [token])
    assert [bool(kept_selection(catalogue, token)) for token in tokens] == [False, False, True, True, True]
    monkeypatch.setattr(core.workspace.selections, "MOST_BYTES", 100)
    keep_selection(catalogue, tokens[0], ["x" * 70])
    assert [bool(kept_selection(catalogue, token)) for token in tokens] == [True, False, False, False, False]


def test_keep_selection__changes_no_table_that_screens_show(catalogue: Catalogue) -> None:
    """A tick makes no table out of date."""
    before = catalogue.revision()
    keep_selection(catalogue, new_token(), ["a"])
    assert catalogue.revision() == before
