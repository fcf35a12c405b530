"""Tests of map coordinates: any number of specimens, seeds, files."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from core.embeddings import Embeddings
from core.foundation import InputError, MissingStageError, SettingError
from core.maps import MapResult, MapSettings, make_map, map_in, place_on_map, read_map, trustworthiness, write_map
from tests.core.points import embeddings_of, grouped_points


@pytest.mark.parametrize("n_specimens", [1, 2, 3, 4, 6, 40])
@pytest.mark.parametrize("method", ["umap", "pca", "tsne", "pacmap"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_make_map__any_number_of_specimens(n_specimens: int, method: str, dimensions: int) -> None:
    """Coordinates are finite, with one row per specimen."""
    found = make_map(embeddings_of(grouped_points(40)[:n_specimens]), MapSettings(method=method, dimensions=dimensions))
    assert found.coordinates.shape == (n_specimens, dimensions)
    assert found.coordinates.dtype == np.float32
    assert np.isfinite(found.coordinates).all()


def test_make_map__notes_too_few_specimens_for_umap() -> None:
    """Three specimens get principal components, ten fewer neighbours, with notes."""
    assert "UMAP needs at least 4 specimens" in make_map(embeddings_of(grouped_points(40)[:3])).notes[0]
    assert "10 specimens allow 9" in make_map(embeddings_of(grouped_points(40)[:10])).notes[0]


def test_make_map__identical_embeddings() -> None:
    """Copies of one scan lie on one point."""
    found = make_map(embeddings_of(np.ones((20, 5))))
    assert not np.ptp(found.coordinates, axis=0).any()


@pytest.mark.parametrize("method", ["umap", "pca", "tsne", "pacmap"])
def test_make_map__is_reproducible(method: str) -> None:
    """Same settings, same coordinates, to the bit."""
    embeddings = embeddings_of(grouped_points(60))
    one, two = (make_map(embeddings, MapSettings(method=method, seed=7)) for _ in range(2))
    np.testing.assert_array_equal(one.coordinates, two.coordinates)


def test_make_map__keeps_groups_together() -> None:
    """Specimens of one group are nearer to each other than to those of others."""
    points = grouped_points(120, groups=3)[np.arange(120) % 10 != 9]
    groups = (np.arange(120) % 3)[np.arange(120) % 10 != 9]
    found = make_map(embeddings_of(points)).coordinates
    centres = np.stack([found[groups == group].mean(axis=0) for group in range(3)])
    away = np.linalg.norm(found[:, None] - centres[None], axis=2)
    assert (away.argmin(axis=1) == groups).mean() > 0.95


def test_make_map__no_embeddings() -> None:
    """An empty collection is an error."""
    with pytest.raises(InputError, match="no embeddings to lay out"):
        make_map(Embeddings((), np.zeros((0, 4), dtype=np.float32)))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("method", "tsme", "'method' must be one of"), ("dimensions", 4, "'dimensions' must be one of 2, 3")],
)
def test_map_settings__say_what_is_wrong(name: str, value: object, message: str) -> None:
    """Each setting is checked when it is made."""
    with pytest.raises(SettingError, match=message):
        MapSettings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_read_map__reads_what_was_written(dimensions: int, tmp_path: Path) -> None:
    """Ids and coordinates come back to the bit."""
    made = make_map(embeddings_of(grouped_points(20)), MapSettings(method="pca", dimensions=dimensions))
    write_map(tmp_path / "map.csv", made)
    back = read_map(tmp_path / "map.csv")
    assert back.ids == made.ids
    np.testing.assert_array_equal(back.coordinates, made.coordinates)


def test_read_map__missing_or_other_file(tmp_path: Path) -> None:
    """A missing file and one that is no map have different errors."""
    with pytest.raises(MissingStageError):
        read_map(tmp_path / "map.csv")
    (tmp_path / "map.csv").write_text("specimen_id,x,y\na,b,c\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not a map in CSV"):
        read_map(tmp_path / "map.csv")


def test_trustworthiness__is_high_for_a_good_map_and_low_for_a_shuffled_one() -> None:
    """Neighbours on a good map are neighbours, on a shuffled one they are not."""
    embeddings = embeddings_of(grouped_points(90))
    good = make_map(embeddings, MapSettings(method="tsne"))
    order = np.random.default_rng(0).permutation(90)
    bad = MapResult(embeddings.ids, good.coordinates[order], good.settings)
    assert trustworthiness(embeddings, good) > 0.85
    assert trustworthiness(embeddings, bad) < 0.65


def test_trustworthiness__two_specimens() -> None:
    """The trustworthiness of two specimens is 1."""
    embeddings = embeddings_of(grouped_points(20)[:2])
    assert trustworthiness(embeddings, make_map(embeddings)) == 1.0


def test_place_on_map__puts_newcomers_beside_similar_specimens() -> None:
    """A copy of a mapped specimen lands on it, and the map keeps its coordinates."""
    embeddings = embeddings_of(grouped_points(60))
    made = make_map(embeddings, MapSettings(method="pca"))
    copies = Embeddings(("new/a", "new/b"), np.array(embeddings.matrix[[3, 17]]))
    placed = place_on_map(embeddings, made, copies)
    assert placed.ids == ("new/a", "new/b")
    np.testing.assert_allclose(placed.coordinates, made.coordinates[[3, 17]], atol=1e-3)


def test_place_on_map__refuses_what_does_not_belong() -> None:
    """Another width, and a map of other specimens, are errors."""
    embeddings = embeddings_of(grouped_points(20))
    made = make_map(embeddings, MapSettings(method="pca"))
    with pytest.raises(InputError, match="have 3 dimensions, the mapped ones 16"):
        place_on_map(embeddings, made, Embeddings(("n",), np.ones((1, 3), dtype=np.float32)))
    with pytest.raises(InputError, match="has other specimens"):
        trustworthiness(embeddings_of(grouped_points(19)), made)


def test_map_in__computes_a_map_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call reads the file of the first. Other settings give another map."""
    embeddings = embeddings_of(grouped_points(3))
    first = map_in(tmp_path, embeddings)
    monkeypatch.setattr("core.maps.coordinates.make_map", lambda *_: pytest.fail("The map was made again."))
    again = map_in(tmp_path, embeddings)
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    assert again.notes == first.notes != ()
    monkeypatch.undo()
    map_in(tmp_path, embeddings, MapSettings(seed=1))
    assert len(list(tmp_path.glob("map_*.csv"))) == 2


def test_make_map__gives_umap_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """UMAP is given the exact neighbours and never searches itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts of UMAP that are not installed
        import umap.umap_

    seen = []
    fuzzy = umap.umap_.fuzzy_simplicial_set

    def note(data: np.ndarray, n_neighbors: int, *more: object, **named: object) -> object:
        seen.append(more[3:5])
        return fuzzy(data, n_neighbors, *more, **named)

    def refuse(*given: object, **named: object) -> None:
        raise AssertionError("UMAP searched by itself")

    monkeypatch.setattr(umap.umap_, "fuzzy_simplicial_set", note)
    monkeypatch.setattr(umap.umap_, "nearest_neighbors", refuse)
    monkeypatch.setattr(umap.umap_, "fast_knn_indices", refuse)
    points = grouped_points(300)
    make_map(embeddings_of(points), MapSettings(n_neighbors=6))
    [(rows, distances)] = seen
    wide = points.astype(np.float64)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    apart = 1 - unit @ unit.T
    np.fill_diagonal(apart, -1)
    np.testing.assert_array_equal(rows, np.argsort(apart, axis=1, kind="stable")[:, :6])
    np.testing.assert_allclose(distances[:, 1:], np.sort(apart, axis=1)[:, 1:6], atol=1e-6)
    assert (distances[:, 0] == 0).all()
