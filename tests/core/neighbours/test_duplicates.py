"""Tests of duplicates: pairs within the threshold, identical files, groups."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from core.cli import main
from core.embeddings import Embeddings, write_embeddings
from core.foundation import SettingError
from core.neighbours import DuplicateSettings, find_duplicates, write_duplicates
from core.storage import write_json
from core.workspace import Catalogue, SpecimenRecord
from tests.strategies import collections


@given(embeddings=collections())
def test_find_duplicates__agrees_with_looking_at_every_pair(embeddings: Embeddings) -> None:
    """Every pair within the threshold, once, smaller id first."""
    found = find_duplicates(embeddings, DuplicateSettings(threshold=1.5, metric="euclidean"))
    expected = {
        tuple(sorted((one, other)))
        for place, one in enumerate(embeddings.ids)
        for other in embeddings.ids[place + 1 :]
        if np.linalg.norm(embeddings.matrix[embeddings.row_of[one]] - embeddings.matrix[embeddings.row_of[other]])
        <= 1.5
    }
    assert {(pair.specimen_id, pair.other_id) for pair in found.pairs} == expected
    assert len(found.pairs) == len(expected)
    together = {frozenset(pair) for group in found.groups for pair in expected if set(pair) <= set(group)}
    assert together == {frozenset(pair) for pair in expected}


def test_find_duplicates__takes_identical_files_for_the_same() -> None:
    """Even if their embeddings differ, but not if both hashes are missing."""
    embeddings = Embeddings(("a", "b", "c", "d"), np.eye(4, dtype=np.float32))
    found = find_duplicates(embeddings, sha256={"a": "x", "c": "x", "b": "", "d": ""})
    assert [(p.specimen_id, p.other_id, p.distance, p.kind) for p in found.pairs] == [("a", "c", 1.0, "identical file")]


def test_find_duplicates__notes_that_there_are_too_many() -> None:
    """All alike: one group, and a note that not every pair is listed."""
    found = find_duplicates(Embeddings(tuple("abcdef"), np.ones((6, 2), np.float32)), DuplicateSettings(most=2))
    assert found.groups == (tuple("abcdef"),)
    assert found.notes == ("Some specimens have more than 2 near-duplicates; only that many of each are listed.",)


@pytest.mark.parametrize(
    ("given", "prose"),
    [
        ({"threshold": -0.1}, r"'threshold' must be at least 0 \(got -0.1\)"),
        ({"metric": "inner_product"}, "'metric' must be one of cosine, euclidean"),
        ({"most": 0}, "'most' must be at least 1"),
    ],
)
def test_duplicate_settings__say_what_is_allowed(given: dict[str, object], prose: str) -> None:
    """What was given and what is allowed."""
    with pytest.raises(SettingError, match=prose):
        DuplicateSettings(**given)  # type: ignore[arg-type]


def test_duplicates__reports_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a run: near-duplicates by embedding, identical files by the catalogue."""
    points = np.eye(4, dtype=np.float32)
    points[1] = points[0]
    run = tmp_path / "runs" / "one"
    write_embeddings(run / "embeddings", Embeddings(("A/a", "A/copy", "B/b", "B/same"), points))
    write_json(run / "config.json", {"input": "here"})
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.put_specimens(SpecimenRecord("here", name, "", sha256="f" * 64) for name in ("B/b", "B/same"))
    assert main(["duplicates", "--run", str(run), "--out", str(tmp_path / "out")]) == 0
    assert "2 pairs in 2 groups within 0.002" in capsys.readouterr().out
    assert main(["duplicates", "--run", str(run), "--out", str(tmp_path / "out")]) == 0
    assert "Duplicates: nothing to do" in capsys.readouterr().out
    with (tmp_path / "out" / "duplicates.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["group", "specimen_id", "other_id", "distance", "kind"],
            ["1", "A/a", "A/copy", "0.000000", "near-duplicate"],
            ["2", "B/b", "B/same", "1.000000", "identical file"],
        ]


def test_write_duplicates__writes_a_header_alone_if_there_are_none(tmp_path: Path) -> None:
    """An empty report is a report."""
    write_duplicates(tmp_path / "d.csv", find_duplicates(Embeddings(("a",), np.ones((1, 2), np.float32))))
    assert (tmp_path / "d.csv").read_text(encoding="utf-8") == "group,specimen_id,other_id,distance,kind\n"
