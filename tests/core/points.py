"""Seeded collections of points that several test modules use."""

from __future__ import annotations

import numpy as np

from core.embeddings import Embeddings


def grouped_points(n_points: int = 300, width: int = 16, groups: int = 6, seed: int = 0) -> np.ndarray:
    """Return float32 points around well separated centres, a tenth of them strewn about."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, width))
    points = centres[np.arange(n_points) % groups] + 0.15 * rng.normal(size=(n_points, width))
    strewn = np.arange(n_points) % 10 == 9
    points[strewn] = rng.normal(size=(int(strewn.sum()), width))
    return points.astype(np.float32)


def embeddings_of(points: np.ndarray, groups: int = 6) -> Embeddings:
    """Return points with ids `Top<g mod 2>/Group<g>/specimen<row>`, where g is the row's group."""
    names = (f"Top{row % groups % 2}/Group{row % groups}/specimen{row:05d}" for row in range(len(points)))
    return Embeddings(tuple(names), np.array(points, dtype=np.float32))
