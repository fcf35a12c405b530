"""Retrieval quality of shadings: NN, first tier and mAP for every variant.

    python -m benchmarks.shading FOLDER [FOLDER …] [--model efficientnet_lite2] [--only WORDS]

A folder holds specimens in folders of their label (the first folder counts). The table in
`docs/rendering.md` was made with it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.features import Extractor, FeatureSettings, open_extractor
from core.meshes import SUFFIXES, Mesh, read_mesh
from core.views import ViewSettings, render_views

BASE = ViewSettings(views=12, size=224)
VARIANTS: dict[str, ViewSettings] = {
    "clay (default)": BASE,
    "occlusion": replace(BASE, shading="occlusion"),
    "headlight": replace(BASE, shading="headlight"),
    "key light": replace(BASE, shading="key"),
    "flat normals": replace(BASE, normals="flat"),
    "no antialiasing": replace(BASE, antialias=1),
    "one zoom a specimen": replace(BASE, framing="specimen"),
    "headlight, one zoom": replace(BASE, shading="headlight", framing="specimen"),
    "black background": replace(BASE, background="black"),
    "gray background": replace(BASE, background="gray"),
    "depth": replace(BASE, appearance="depth"),
    "normals": replace(BASE, appearance="normals"),
    "aligned": replace(BASE, align=True),
    "dodecahedron, 20 views": replace(BASE, layout="dodecahedron", views=20),
    "ring": replace(BASE, layout="ring"),
}


def as_cloud(mesh: Mesh) -> Mesh:
    """Return 20,000 points spread evenly over a mesh, like a scan."""
    rng = np.random.default_rng(0)
    corners = mesh.vertices[mesh.faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = corners[rng.choice(len(areas), 20_000, p=areas / areas.sum())]
    along = rng.random((20_000, 2))
    outside = along.sum(axis=1) > 1
    along[outside] = 1 - along[outside]
    points = chosen[:, 0] + np.einsum("nk,nki->ni", along, chosen[:, 1:] - chosen[:, :1])
    return Mesh(points, np.empty((0, 3), np.int32))


def embed(meshes: list[Mesh], settings: ViewSettings, extract: Extractor) -> np.ndarray:
    """Return the pooled, normalised embedding of every mesh."""
    rows = []
    for mesh in meshes:
        views = render_views(mesh, settings)
        row = extract(views.images, views.masks).mean(axis=0)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


def judge(rows: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Return nearest neighbour, first tier and mAP.

    The measures are those of the Princeton Shape Benchmark (Shilane et al., 2004).
    """
    similarity = rows @ rows.T
    np.fill_diagonal(similarity, -np.inf)
    order = np.argsort(-similarity, axis=1)[:, :-1]
    right = labels[order] == labels[:, None]
    sizes = right.sum(axis=1)
    kept = sizes > 0
    right, sizes = right[kept], sizes[kept]
    tier = np.array([row[:size].mean() for row, size in zip(right, sizes, strict=True)])
    precision = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    average = (precision * right).sum(axis=1) / sizes
    return float(right[:, 0].mean()), float(tier.mean()), float(average.mean())


def main() -> None:
    """Print a Markdown table for every folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", default="efficientnet_lite2")
    parser.add_argument("--only", default="", help="only variants whose name holds one of these words, by comma")
    arguments = parser.parse_args()
    extract = open_extractor(FeatureSettings(model=arguments.model, image_size=BASE.size))
    words = [word.strip() for word in arguments.only.split(",")]
    for folder in arguments.folders:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        meshes = [read_mesh(path) for path in paths]
        labels = np.array([path.relative_to(folder).parts[0] for path in paths])
        print(
            f"\n{folder.name}, {arguments.model}\n\n| variant | NN | first tier | mAP |\n|---|---|---|---|", flush=True
        )
        for name, settings in VARIANTS.items():
            if any(word in name for word in words):
                figures = judge(embed(meshes, settings, extract), labels)
                print(f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |", flush=True)
        clouds = [as_cloud(mesh) for mesh in meshes[::8]]
        pairs = embed(meshes[::8], BASE, extract), embed(clouds, BASE, extract)
        same = (pairs[0] * pairs[1]).sum(axis=1)
        nearest = (pairs[1] @ pairs[0].T).argmax(axis=1) == np.arange(len(clouds))
        print(
            f"\nmesh to its own points: median cosine {np.median(same):.3f}, own mesh is nearest {nearest.mean():.3f}"
        )


if __name__ == "__main__":
    main()
