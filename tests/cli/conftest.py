"""Embeddings of three groups, for the tests of several commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.embeddings import Embeddings, write_embeddings

GROUPS = {"Ammonoids/Oxycone": 12, "Ammonoids/Serpenticone": 12, "Teeth": 10}


@pytest.fixture
def embeddings(tmp_path: Path) -> list[str]:
    """Write embeddings of three groups and return the flags that name them."""
    rng = np.random.default_rng(3)
    ids = [f"{group}/s{number:02d}" for group, count in GROUPS.items() for number in range(count)]
    centres = {group: rng.normal(size=24) * 3 for group in GROUPS}
    points = np.stack([centres[name.rsplit("/", 1)[0]] + rng.normal(size=24) * 0.2 for name in ids])
    write_embeddings(tmp_path / "embeddings", Embeddings(tuple(ids), points.astype(np.float32)))
    return ["--emb", str(tmp_path / "embeddings/embeddings.npy"), "--ids", str(tmp_path / "embeddings/ids.txt")]
