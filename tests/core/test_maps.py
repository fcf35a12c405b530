"""Maps: any number of specimens, the same again with the same seed, and back from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from points import embeddings_of, grouped_points

from core.embeddings import Embeddings
from core.errors import InputError, MissingStageError, SettingError
from core.maps import MapSettings, make_map, read_map, write_map


@pytest.mark.parametrize("n_specimens", [1, 2, 3, 4, 5, 7, 40])
@pytest.mark.parametrize("method", ["umap", "pca"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_make_map__any_number_of_specimens(n_specimens: int, method: str, dimensions: int) -> None:
    """From one specimen on there are finite coordinates, one row each."""
    found = make_map(embeddings_of(grouped_points(40)[:n_specimens]), MapSettings(method=method, dimensions=dimensions))
    assert found.coordinates.shape == (n_specimens, dimensions)
    assert found.coordinates.dtype == np.float32
    assert np.isfinite(found.coordinates).all()


def test_make_map__says_when_umap_has_too_few_specimens() -> None:
    """Three specimens get principal components, 10 fewer neighbours; both are said."""
    assert "UMAP needs at least 4 specimens" in make_map(embeddings_of(grouped_points(40)[:3])).notes[0]
    assert "10 specimens allow 9" in make_map(embeddings_of(grouped_points(40)[:10])).notes[0]


def test_make_map__identical_embeddings() -> None:
    """Copies of one scan lie on one point."""
    found = make_map(embeddings_of(np.ones((20, 5))))
    assert not np.ptp(found.coordinates, axis=0).any()


def test_make_map__is_the_same_again() -> None:
    """Same settings, same coordinates, to the bit."""
    embeddings = embeddings_of(grouped_points(60))
    one, two = (make_map(embeddings, MapSettings(seed=7)) for _ in range(2))
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
    """Nothing to lay out is an error."""
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
    """A missing file and one that is no map are told apart."""
    with pytest.raises(MissingStageError):
        read_map(tmp_path / "map.csv")
    (tmp_path / "map.csv").write_text("specimen_id,x,y\na,b,c\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not a map in CSV"):
        read_map(tmp_path / "map.csv")
