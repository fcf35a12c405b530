"""Tests of retrieval measures against calculations by hand."""

from __future__ import annotations

import csv
import json
from math import log2
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import average_precision_score
from sklearn.neighbors import KNeighborsClassifier

from core.collection import Labels, labels_of_categories, resolve_labels
from core.embeddings import Embeddings
from core.evaluation import EvaluationSettings, evaluate, write_evaluation
from core.evaluation.metrics import measures_of_ranks
from core.foundation import InputError, SettingError
from core.neighbours import SearchSettings, find_neighbours
from tests.core.points import embeddings_of, grouped_points


def on_a_line(places: list[float], labels: list[str | None]) -> tuple[Embeddings, Labels]:
    """Return specimens a, b, c, … at places on a line, with labels."""
    ids = tuple("abcdefghij"[: len(places)])
    return Embeddings(ids, np.array(places, dtype=np.float32)[:, None]), Labels(ids, tuple(labels), "by hand")


def measures_of(hits: list[list[bool]], depths: tuple[int, ...]) -> np.ndarray:
    """Return every measure of rankings of hits and misses."""
    relevant = np.array(hits)
    return measures_of_ranks(np.nonzero(relevant)[1] + 1, relevant.sum(axis=1), relevant.shape[1], depths)


def test_measures_of_ranks__by_hand() -> None:
    """Hits at ranks 1 and 3 of 5, two to be found.

    NN 1. First tier 1/2, second tier (first four) 2/2. All five are within 32, so precision is
    2/5, recall 1 and E = 2·(2/5)·1 / (2/5 + 1) = 4/7. DCG (1 + 1/log₂3) / (1 + 1/log₂2).
    mAP (1/1 + 2/3)/2 = 5/6. P@1 1, P@5 2/5, P@10 of five results 2/5.
    """
    found = measures_of([[True, False, True, False, False]], (1, 5, 10))
    expected = [1, 1 / 2, 1, 4 / 7, (1 + 1 / log2(3)) / 2, 5 / 6, 1, 2 / 5, 2 / 5]
    np.testing.assert_allclose(found, [expected])


def test_measures_of_ranks__e_measure_uses_the_first_32() -> None:
    """Of 40 to be found 16 are within the first 32: P 1/2, R 2/5, E 4/9."""
    hits = [rank < 16 or 60 <= rank < 84 for rank in range(100)]
    found = measures_of([hits], (1, 5, 10))
    np.testing.assert_allclose(found[0, 3], 2 * (1 / 2) * (2 / 5) / (1 / 2 + 2 / 5))


def test_measures_of_ranks__perfect_is_one() -> None:
    """All measures but E are 1 if the whole class comes first."""
    found = measures_of([[True, True, True, False]], (1, 3))
    np.testing.assert_allclose(found[0, [0, 1, 2, 4, 5, 6, 7]], 1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=60).filter(any))
def test_measures_of_ranks__average_precision_is_that_of_scikit_learn(hits: list[bool]) -> None:
    """MAP is scikit-learn's average precision, and all measures are from 0 to 1."""
    found = measures_of([hits], (1, 5, 10))[0]
    np.testing.assert_allclose(found[5], average_precision_score(hits, -np.arange(len(hits))))
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()


def test_evaluate__by_hand() -> None:
    """Five specimens on a line, x x y x y at 0 1 2 4 9.

    Rankings (labels): a: x y x y, b: x y x y (a and c are both 1 away; a first by id),
    c: x x x y, d: y x x y, e: x y x x.
    """
    embeddings, labels = on_a_line([0, 1, 2, 4, 9], ["x", "x", "y", "x", "y"])
    found = evaluate(embeddings, labels, EvaluationSettings(metric="euclidean", depths=(1, 2), n_bootstrap=0))
    assert found.ids == ("a", "b", "c", "d", "e")
    assert found.nearest_ids == ("b", "a", "b", "c", "d")
    assert found.overall["NN"] == pytest.approx(2 / 5)
    assert found.overall["first_tier"] == pytest.approx((1 / 2 + 1 / 2 + 0 + 1 / 2 + 0) / 5)
    assert found.overall["second_tier"] == pytest.approx((1 + 1 + 0 + 1 + 1) / 5)
    precision = [(1 + 2 / 3) / 2, (1 + 2 / 3) / 2, 1 / 4, (1 / 2 + 2 / 3) / 2, 1 / 2]
    assert found.overall["mAP"] == pytest.approx(sum(precision) / 5)
    assert found.per_class["y"]["mAP"] == pytest.approx((1 / 4 + 1 / 2) / 2)
    assert found.confusion == {("x", "x"): 2, ("x", "y"): 1, ("y", "x"): 2}
    assert found.worst(2) == ("c", "e")
    assert found.intervals == {}


def test_evaluate__single_members_are_results_but_no_queries() -> None:
    """The only specimen of a label is no query, stays a result and is named."""
    embeddings, labels = on_a_line([0, 1, 2], ["x", "alone", "x"])
    found = evaluate(embeddings, labels, EvaluationSettings(metric="euclidean"))
    assert found.ids == ("a", "c")
    assert found.overall["NN"] == 0.0
    assert any("1 labels have a single member" in note and "alone" in note for note in found.notes)


def test_evaluate__unlabelled_specimens_are_left_out() -> None:
    """A specimen without a label is neither query nor result."""
    embeddings, labels = on_a_line([0, 1, 2, 9], ["x", None, "x", "y"])
    found = evaluate(embeddings, labels, EvaluationSettings(metric="euclidean"))
    assert found.overall["NN"] == 1.0
    assert found.nearest_ids == ("c", "a")


def test_evaluate__nothing_to_find() -> None:
    """Labels of single specimens, and labels of other specimens, are errors."""
    embeddings, labels = on_a_line([0, 1], ["x", "y"])
    with pytest.raises(InputError, match="No label of by hand is shared by two specimens"):
        evaluate(embeddings, labels)
    with pytest.raises(InputError, match="belong to other specimens"):
        evaluate(embeddings, Labels(("a", "z"), ("x", "x"), "by hand"))


def test_evaluate__leave_one_out_votes_are_those_of_scikit_learn() -> None:
    """The accuracy is that of scikit-learn's leave-one-out classification."""
    embeddings = embeddings_of(grouped_points(90, groups=3), groups=3)
    labels = labels_of_categories(embeddings.ids)
    found = evaluate(embeddings, labels, EvaluationSettings(metric="euclidean", n_votes=1, n_bootstrap=0))
    right = 0
    for row in range(90):
        others = np.arange(90) != row
        model = KNeighborsClassifier(1).fit(embeddings.matrix[others], labels.codes[others])
        right += int(model.predict(embeddings.matrix[row : row + 1])[0] == labels.codes[row])
    assert found.vote_accuracy == pytest.approx(right / 90)


def test_evaluate__zero_vectors_are_as_far_as_in_a_search() -> None:
    """An embedding of zeros is at a cosine distance of 1 from all others."""
    rng = np.random.default_rng(5)
    points = rng.normal(size=(40, 16)).astype(np.float32) + 1
    points[7] = 0
    embeddings = Embeddings(tuple(f"{'ab'[row % 2]}/{row:02d}" for row in range(40)), points)
    found = evaluate(embeddings, labels_of_categories(embeddings.ids))
    nearest = dict(zip(found.ids, found.nearest_ids, strict=True))
    for name in embeddings.ids[:7]:
        assert nearest[name] == find_neighbours(embeddings, name, SearchSettings(1)).ids[0]
    assert "b/07" not in nearest.values()


def test_evaluate__intervals_hold_the_mean_and_are_reproducible() -> None:
    """Bootstrap intervals contain the measure and depend on the seed alone."""
    embeddings = embeddings_of(grouped_points(120))
    labels = resolve_labels("category", embeddings.ids)
    found, again = (evaluate(embeddings, labels) for _ in range(2))
    assert found.intervals == again.intervals
    for name, (low, high) in found.intervals.items():
        assert low <= found.overall[name] <= high


def test_evaluate__does_not_depend_on_blocks_or_row_order() -> None:
    """More queries than fit in a block, in another order, give the same figures."""
    embeddings = embeddings_of(grouped_points(600))
    order = np.random.default_rng(0).permutation(600)
    mixed = Embeddings(tuple(embeddings.ids[row] for row in order), embeddings.matrix[order])
    one, two = (evaluate(some, labels_of_categories(some.ids)) for some in (embeddings, mixed))
    assert one.overall == pytest.approx(two.overall)
    assert one.ids == two.ids


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("metric", "dot", "'metric' must be one of cosine, euclidean"),
        ("depths", (0,), "'depths' must be at least 1"),
        ("confidence", 1.0, "'confidence' must be above 0 and below 1"),
    ],
)
def test_evaluation_settings__say_what_is_wrong(name: str, value: object, message: str) -> None:
    """Each setting is checked when it is made."""
    with pytest.raises(SettingError, match=message):
        EvaluationSettings(**{name: value})  # type: ignore[arg-type]


def test_write_evaluation__writes_the_files_of_the_contract(tmp_path: Path) -> None:
    """JSON and CSV hold the same measures, overall and by class."""
    embeddings = embeddings_of(grouped_points(60))
    found = evaluate(embeddings, labels_of_categories(embeddings.ids))
    write_evaluation(tmp_path, found)
    report = json.loads((tmp_path / "retrieval.json").read_text(encoding="utf-8"))
    with (tmp_path / "retrieval.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["scope"] == "overall"
    assert [row["label"] for row in rows[1:]] == sorted(report["per_class"])
    for name in ("NN", "first_tier", "second_tier", "E", "DCG", "mAP", "P@1", "P@5", "P@10"):
        assert float(rows[0][name]) == pytest.approx(report["overall"][name], abs=1e-6)
    assert (tmp_path / "queries.csv").is_file()
    assert (tmp_path / "confusion.csv").read_text(encoding="utf-8").startswith("label,nearest_label,count")
