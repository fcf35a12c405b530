"""Tests of whitening in files: kept, read, refused for other embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.embeddings import Embeddings, select_rows
from core.foundation import InputError, MisalignedEmbeddingsError, MissingStageError, SettingError
from core.matching import MatchSettings
from core.matching.view_sets import learn_whitening
from core.matching.whitening_files import open_whitening, read_whitening, write_whitening

SETS = {f"s{row}": np.random.default_rng(row).normal(size=(4, 6)).astype(np.float32) for row in range(12)}
COLLECTION = Embeddings(tuple(SETS), np.stack([views.mean(axis=0) for views in SETS.values()]))


@pytest.mark.parametrize("whiten", [0, 3])
def test_write_whitening__is_read_back_to_the_last_bit(tmp_path: Path, whiten: int) -> None:
    """Centred alone, or with axes."""
    learned = learn_whitening(COLLECTION.ids, SETS.__getitem__, whiten)
    write_whitening(tmp_path / "p.npy", learned, COLLECTION)
    found = read_whitening(tmp_path / "p.npy", COLLECTION)
    assert found.fingerprint == learned.fingerprint
    assert np.array_equal(found(SETS["s1"]), learned(SETS["s1"]))


def test_read_whitening__refuses_other_embeddings_and_damage(tmp_path: Path) -> None:
    """Each with what to do."""
    path = tmp_path / "p.npy"
    with pytest.raises(MissingStageError, match="is not there"):
        read_whitening(path, COLLECTION)
    write_whitening(path, learn_whitening(COLLECTION.ids, SETS.__getitem__, 2), COLLECTION)
    with pytest.raises(MisalignedEmbeddingsError, match=r"learned from other embeddings than these 5\. .*--projection"):
        read_whitening(path, select_rows(COLLECTION, range(5)))
    np.save(path, np.ones((3, 6), np.float32))
    with pytest.raises(InputError, match=r"is not what p\.npy\.json says"):
        read_whitening(path, COLLECTION)


def test_open_whitening__learns_once_for_the_same_collection(tmp_path: Path) -> None:
    """Kept beside the run, learned again for others, never replaced if given."""
    read: list[str] = []

    def views_of(name: str) -> np.ndarray:
        read.append(name)
        return SETS[name]

    settings = MatchSettings("maxsim", whiten=3)
    first = open_whitening(COLLECTION, views_of, settings, tmp_path)
    again = open_whitening(COLLECTION, views_of, settings, tmp_path)
    assert first is not None
    assert again is not None
    assert (len(read), again.fingerprint) == (12, first.fingerprint)
    assert open_whitening(COLLECTION, views_of, MatchSettings(), tmp_path) is None
    with pytest.raises(MisalignedEmbeddingsError):
        open_whitening(select_rows(COLLECTION, range(6)), views_of, settings, tmp_path, tmp_path / "whitened_3.npy")
    for whiten in (2, 5, 0):
        other = MatchSettings("maxsim", whiten=whiten, center=not whiten)
        with pytest.raises(SettingError, match=f"holds 3 whitened axes, not {whiten}. Give --whiten 3"):
            open_whitening(COLLECTION, views_of, other, tmp_path, tmp_path / "whitened_3.npy")
    fewer = open_whitening(select_rows(COLLECTION, range(6)), views_of, settings, tmp_path)
    assert fewer is not None
    assert fewer.fingerprint != first.fingerprint
