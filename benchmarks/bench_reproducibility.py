"""Differences of embeddings between engines, precisions, threads and batches.

The bounds in docs/reproducibility.md come from this benchmark.

    python -m benchmarks.bench_reproducibility
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.backbones import EngineSettings
from core.collection import SampleSettings, make_samples
from core.embeddings import pool_views
from core.features import FeatureSettings, open_extractor
from core.meshes import read_mesh
from core.views import ViewSettings, render_views

BASE = EngineSettings(engine="openvino", precision="fp32", device="cpu")
OTHERS = {
    "the same again": BASE,
    "one view at a time": replace(BASE, batch_size=1),
    "OpenVINO, one thread": replace(BASE, threads=1),
    "OpenVINO bf16": replace(BASE, precision="bf16"),
    "torch fp32": replace(BASE, engine="torch"),
    "torch fp32, one thread": replace(BASE, engine="torch", threads=1),
    "torch bf16": replace(BASE, engine="torch", precision="bf16"),
}


def main() -> None:
    """Describe some samples in every way and print the distances from the first way."""
    with tempfile.TemporaryDirectory() as folder:
        make_samples(Path(folder), SampleSettings(per_category=1))
        paths = sorted(path for path in Path(folder).rglob("*") if path.suffix in (".ply", ".stl", ".obj", ".off"))[:10]
        meshes = [read_mesh(path) for path in paths]
    settings = ViewSettings(views=6, size=224)
    pictures = [render_views(mesh, settings, threads=1) for mesh in meshes]
    same = all(
        np.array_equal(render_views(mesh, settings, threads=4).images, views.images)
        for mesh, views in zip(meshes, pictures, strict=True)
    )
    print(f"{len(meshes)} specimens, {os.cpu_count()} processors; pictures by one and by four threads equal: {same}")
    first = embeddings(BASE, pictures)
    gap = nearest_gap(first)
    print(f"nearest two specimens lie at cosine distance {gap:.4f}")
    for name, changed in OTHERS.items():
        other = embeddings(changed, pictures)
        apart = float((1 - (unit(first) * unit(other)).sum(axis=1)).max())
        largest = float(np.abs(first - other).max() / np.abs(first).max())
        same_order = np.array_equal(nearest(first), nearest(other))
        print(
            f"  {name:24} equal to the byte: {np.array_equal(first, other)!s:5}  cosine distance at most {apart:.1e}  "
            f"largest difference {largest:.1e} of the largest value  same nearest: {same_order}"
        )


def embeddings(engine: EngineSettings, pictures: list) -> np.ndarray:
    """Return (n, d) embeddings."""
    extractor = open_extractor(FeatureSettings(model="efficientnet_lite2", download=False, engine=engine))
    return np.stack([pool_views(extractor(views.images, views.masks), "mean") for views in pictures])


def unit(rows: np.ndarray) -> np.ndarray:
    """Return rows normalised to length 1, in double precision."""
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def nearest(rows: np.ndarray) -> np.ndarray:
    """Return the nearest other row of every row."""
    alike = unit(rows) @ unit(rows).T
    np.fill_diagonal(alike, -2)
    return alike.argmax(axis=1)


def nearest_gap(rows: np.ndarray) -> float:
    """Return the smallest cosine distance between two rows."""
    alike = unit(rows) @ unit(rows).T
    np.fill_diagonal(alike, -2)
    return float(1 - alike.max())


if __name__ == "__main__":
    main()
