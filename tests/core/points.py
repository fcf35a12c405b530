"""Seeded collections of points that several test modules use."""

from __future__ import annotations

import numpy as np

from core.embeddings import Embeddings


def grouped_points(n_points: int = 300, width: int = 16, groups: int = 6, seed: int = 0) -> np.ndarray:
    """Return float32 points around separated centres, a tenth of them outliers."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, width))
    points = centres[np.arange(n_points) % groups] + 0.15 * rng.normal(size=(n_points, width))
    outliers = np.arange(n_points) % 10 == 9
    points[outliers] = rng.normal(size=(int(outliers.sum()), width))
    return points.astype(np.float32)


def embeddings_of(points: np.ndarray, groups: int = 6) -> Embeddings:
    """Return points as embeddings of grouped ids.

    The ids are `Top<g mod 2>/Group<g>/specimen<row>` for the group g of a row.
    """
    names = (f"Top{row % groups % 2}/Group{row % groups}/specimen{row:05d}" for row in range(len(points)))
    return Embeddings(tuple(names), np.array(points, dtype=np.float32))
