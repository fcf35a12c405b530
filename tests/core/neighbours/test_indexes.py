"""Tests of indexes: exact or nearly so, and checked against the embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.embeddings import Embeddings, write_embeddings
from core.foundation import InputError, MisalignedEmbeddingsError, MissingStageError, SettingError, UnknownSpecimenError
from core.neighbours import (
    NEIGHBOUR_METRICS,
    IndexSettings,
    SearchSettings,
    build_index,
    find_neighbours,
    is_written,
    measure_recall,
    read_index,
    write_index,
)


def grouped(count: int, width: int = 16) -> Embeddings:
    """Return groups of points."""
    rng = np.random.default_rng(4)
    centres = rng.normal(size=(max(1, count // 25), width))
    points = centres[rng.integers(0, len(centres), count)] + 0.3 * rng.normal(size=(count, width))
    return Embeddings(tuple(f"g/{row:05d}" for row in range(count)), points.astype(np.float32))


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
def test_build_index__flat_finds_what_a_search_finds(metric: str) -> None:
    """Ids and distances, for members and for vectors from outside."""
    embeddings = grouped(60)
    index = build_index(embeddings, IndexSettings("flat", metric))
    found, expected = index.nearest("g/00007", 5), find_neighbours(embeddings, "g/00007", SearchSettings(5, metric))
    assert (found.ids, found.distances.tolist()) == (expected.ids, expected.distances.tolist())
    outside = index.nearest_to_vector(embeddings.matrix[3], "new", 1)
    assert metric == "inner_product" or outside.ids == ("g/00003",)
    assert measure_recall(index, 5) == 1.0


@pytest.mark.parametrize(("kind", "least"), [("ivfpq", 0.8), ("hnsw", 0.95)])
def test_build_index__finds_nearly_all(kind: str, least: float) -> None:
    """With default parameters, and with exact distances."""
    embeddings = grouped(2000)
    index = build_index(embeddings, IndexSettings(kind))
    assert measure_recall(index, 10, 60) >= least
    found = index.nearest("g/00000", 3)
    exact = find_neighbours(embeddings, "g/00000", SearchSettings(2000))
    distances = dict(zip(exact.ids, exact.distances.tolist(), strict=True))
    assert found.distances.tolist() == [distances[name] for name in found.ids]


def test_build_index__accepts_one_specimen() -> None:
    """No neighbours and full recall."""
    index = build_index(grouped(1))
    assert index.nearest("g/00000", 3).ids == ()
    assert measure_recall(index) == 1.0
    with pytest.raises(UnknownSpecimenError):
        index.nearest("g/7", 3)


@pytest.mark.parametrize(
    ("given", "prose"),
    [
        ({"kind": "tree"}, "'type' must be one of flat, ivfpq, hnsw"),
        ({"lists": -1}, "'lists' must be at least 0"),
        ({"links": 1}, "'links' must be at least 2"),
        ({"kind": "ivfpq"}, r"ivfpq needs at least 1000 specimens to learn from \(there are 60\)"),
    ],
)
def test_index_settings__say_what_is_allowed(given: dict[str, object], prose: str) -> None:
    """On creation, or on building."""
    with pytest.raises(SettingError, match=prose):
        build_index(grouped(60), IndexSettings(**given))  # type: ignore[arg-type]


def test_index_settings__must_fit_the_collection() -> None:
    """Codes that do not divide the dimensions."""
    with pytest.raises(SettingError, match="'code-bytes' must divide the 16 dimensions"):
        build_index(grouped(1000), IndexSettings("ivfpq", code_bytes=5))


def test_read_index__refuses_what_belongs_to_others(tmp_path: Path) -> None:
    """Missing, of other embeddings, damaged."""
    path, embeddings = tmp_path / "i.faiss", grouped(30)
    with pytest.raises(MissingStageError, match="Make it with `python -m core index`"):
        read_index(path, embeddings)
    write_index(path, build_index(embeddings))
    assert read_index(path, embeddings).nearest("g/00001", 2).ids == find_neighbours(embeddings, "g/00001").ids[:2]
    assert is_written(path, embeddings, IndexSettings())
    assert not is_written(path, embeddings, IndexSettings("hnsw"))
    with pytest.raises(MisalignedEmbeddingsError, match=r"belongs to other embeddings \(30 specimens\)"):
        read_index(path, grouped(29))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match="is damaged"):
        read_index(path, embeddings)
    assert not is_written(path, embeddings, IndexSettings())


def test_index__on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Built once, its recall printed, searched, built again after a change."""
    write_embeddings(tmp_path, grouped(40))
    flags = ["--emb", str(tmp_path / "embeddings.npy"), "--ids", str(tmp_path / "ids.txt")]
    path = str(tmp_path / "i.faiss")
    assert main(["index", *flags, "--index-out", path, "--type", "hnsw"]) == 0
    assert "it finds 100.0% of the 10 exact neighbours" in capsys.readouterr().out
    assert main(["index", *flags, "--index-out", path, "--type", "hnsw"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    call = ["search", *flags, "--query", "00003", "--out", str(tmp_path / "out")]
    assert main([*call, "--index", path]) == 0
    by_index = (tmp_path / "out" / "knn_g__00003.csv").read_text(encoding="utf-8")
    assert main(call) == 0
    assert (tmp_path / "out" / "knn_g__00003.csv").read_text(encoding="utf-8") == by_index
    assert main([*call, "--index", path, "--only-category", "g"]) == 1
    assert "--index needs --query or --file alone" in capsys.readouterr().err
    assert main([*call, "--index", path, "--expand", "3"]) == 1
    assert "--index needs --query or --file alone" in capsys.readouterr().err
    for damaged in (tmp_path / "i.faiss", tmp_path / "i.faiss.json"):
        damaged.write_bytes(b"cut")
        assert main([*call, "--index", path]) == 1
        assert " again" in capsys.readouterr().err
        assert main(["index", *flags, "--index-out", path, "--type", "hnsw"]) == 0
        assert main([*call, "--index", path]) == 0
    write_embeddings(tmp_path, grouped(41))
    assert main([*call, "--index", path]) == 1
    assert "belongs to other embeddings" in capsys.readouterr().err
