"""The classical descriptor: invariance, sensitivity, and finite values."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.features import describe_views
from core.features.classical import WEIGHTS, ZERNIKE_ORDER, masks_from_background
from core.meshes import Mesh
from core.views import ViewSettings, render_views

MOMENTS = len([1 for n in range(ZERNIKE_ORDER + 1) for _ in range(n % 2, n + 1, 2)])
HOG = (3690 - 2 * MOMENTS) // 2
PARTS = {
    "silhouette": slice(0, MOMENTS),
    "depth": slice(MOMENTS, 2 * MOMENTS),
    "upright": slice(2 * MOMENTS, 2 * MOMENTS + HOG),
    "turned": slice(2 * MOMENTS + HOG, None),
}


def blob(size: int = 128, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return picture, mask and depth of a lumpy long thing."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    height = sum(
        rng.uniform(0.3, 1) * np.exp(-((x - a) ** 2 / 0.01 + (y - b) ** 2 / 0.004))
        for a, b in zip((-0.25, -0.08, 0.1, 0.2), (0.02, -0.05, 0.03, -0.06), strict=True)
    )
    mask = height > 0.12
    depth = np.where(mask, 3 - 0.5 * height, np.inf).astype(np.float32)
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[mask] = (60 + 150 * np.clip(height, 0, 1))[mask][:, None].astype(np.uint8)
    return picture[None], mask[None], depth[None]


def test_describe_views__gives_every_part_its_weight() -> None:
    """Squared norms are the weights, whatever the view shows."""
    row = describe_views(*blob())[0]
    for name, part in PARTS.items():
        assert float((row[part] ** 2).sum()) == pytest.approx(WEIGHTS[name], rel=1e-5)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_describe_views__moments_do_not_notice_turning(turns: int) -> None:
    """A view turned by a right angle has the same moments of silhouette and of depth."""
    picture, mask, depth = blob()
    turned = [np.rot90(array, turns, axes=(1, 2)) for array in (picture, mask, depth)]
    one, other = describe_views(picture, mask, depth)[0], describe_views(*(np.ascontiguousarray(a) for a in turned))[0]
    for name in ("silhouette", "depth"):
        np.testing.assert_allclose(one[PARTS[name]], other[PARTS[name]], atol=2e-3)
    assert float(one[PARTS["turned"]] @ other[PARTS["turned"]]) > 0.97 * WEIGHTS["turned"]
    if turns % 2:
        assert float(one[PARTS["upright"]] @ other[PARTS["upright"]]) < 0.9 * WEIGHTS["upright"]


def test_describe_views__moments_do_not_notice_moving_or_zooming() -> None:
    """The disc moves and scales with the mask."""
    picture, mask, depth = blob(256)
    matrix = np.array([[0.6, 0, 20], [0, 0.6, 60]])
    moved = cv2.warpAffine(mask[0].astype(np.uint8), matrix, (256, 256), flags=cv2.INTER_AREA)[None] > 0
    near = np.where(mask[0], depth[0], 0)
    moved_depth = cv2.warpAffine(near, matrix, (256, 256), flags=cv2.INTER_NEAREST)[None]
    moved_depth = np.where(moved & (moved_depth > 0), moved_depth, np.inf).astype(np.float32)
    one, other = describe_views(picture, mask, depth)[0], describe_views(picture, moved, moved_depth)[0]
    for name in ("silhouette", "depth"):
        part = PARTS[name]
        assert float(one[part] @ other[part]) > 0.99 * WEIGHTS[name]


@given(st.floats(-2, 50))
@settings(max_examples=10)
def test_describe_views__does_not_notice_how_far_the_camera_is(offset: float) -> None:
    """Depth counts from its mean, so that only relief remains."""
    picture, mask, depth = blob()
    moved = (depth + np.float32(offset)).astype(np.float32)
    np.testing.assert_allclose(describe_views(picture, mask, moved), describe_views(picture, mask, depth), atol=2e-3)


def test_describe_views__notices_relief_that_the_silhouette_hides() -> None:
    """A bowl and a dome of one outline differ in depth alone."""
    picture, mask, depth = blob()
    dented = np.where(mask, 6 - depth, np.inf).astype(np.float32)
    dented[0, 60:70, 60:70] = 3.4
    one, other = describe_views(picture, mask, depth)[0], describe_views(picture, mask, dented)[0]
    np.testing.assert_array_equal(one[PARTS["silhouette"]], other[PARTS["silhouette"]])
    assert float(one[PARTS["depth"]] @ other[PARTS["depth"]]) < 0.95 * WEIGHTS["depth"]


@pytest.mark.parametrize("kind", ["white", "one pixel", "two pixels", "full", "line"])
def test_describe_views__is_finite_for_views_of_almost_nothing(kind: str) -> None:
    """An empty picture, a speck, a line and a full picture are described."""
    picture = np.full((1, 64, 64, 3), 255, np.uint8)
    mask = np.zeros((1, 64, 64), bool)
    shown = {"one pixel": np.s_[0, 5, 5], "two pixels": np.s_[0, 5, 5:7], "full": np.s_[0], "line": np.s_[0, 9, :]}
    if kind in shown:
        mask[shown[kind]] = True
        picture[mask] = 90
    row = describe_views(picture, mask, np.where(mask, 3.0, np.inf).astype(np.float32))
    assert row.shape == (1, 3690)
    assert np.isfinite(row).all()


def test_describe_views__treats_every_view_by_itself() -> None:
    """A view's row does not depend on its companions."""
    three = [blob(seed=seed) for seed in range(3)]
    together = describe_views(*(np.concatenate([views[k] for views in three]) for k in range(3)))
    for row, views in zip(together, three, strict=True):
        np.testing.assert_array_equal(describe_views(*views)[0], row)


def test_describe_views__does_without_masks_and_depth() -> None:
    """From pictures alone the background is found, and brightness replaces depth."""
    picture, mask, _ = blob()
    np.testing.assert_array_equal(masks_from_background(picture), mask)
    np.testing.assert_array_equal(describe_views(picture), describe_views(picture, mask))


def test_describe_views__tells_rendered_forms_apart() -> None:
    """Long boxes are more like one another than like a cube, in any position."""
    rng = np.random.default_rng(3)

    def box(*sides: float) -> np.ndarray:
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float) * sides
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        triangles = np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))], np.int32)
        views = render_views(Mesh(corners @ turn.T, triangles), ViewSettings(size=96), with_depth=True)
        return describe_views(views.images, views.masks, views.depth).mean(axis=0)

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    long, longer, cube = box(1, 1, 4), box(1, 1.1, 4.4), box(1, 1, 1)
    assert cosine(long, longer) > max(cosine(long, cube), cosine(longer, cube))
