"""Explanations of a match: the most similar pairs of views, and their parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from core.embeddings import unit_rows
from core.features import Extractor
from core.foundation import SettingError
from core.matching.patch_similarity import PatchReader, patch_similarities, rescaled_inside
from core.matching.view_sets import best_pairs
from core.matching.whitening import Whitening
from core.storage import write_bytes
from core.views import Views

PAINTED = ("patches", "attention")
SHOWN = ("views", "where", *PAINTED)
_CAPTION_PIXELS = 22
_GAP_PIXELS = 8


@dataclass(frozen=True)
class ViewPair:
    """A view of one specimen and a similar view of another.

    Parameters
    ----------
    query_view, other_view : int
        Numbers of the views, from 0.
    similarity : float
        Cosine similarity of their features, after whitening if there is any.
    """

    query_view: int
    other_view: int
    similarity: float


def explain(
    query: Float32[np.ndarray, "v d"],
    other: Float32[np.ndarray, "w d"],
    *,
    count: int = 4,
    whitening: Whitening | None = None,
) -> tuple[ViewPair, ...]:
    """Return the pairs of views by which two specimens match, best first.

    Parameters
    ----------
    query, other : (v, d), (w, d) float32
        View features.
    count : int
        Number of pairs; a view is in one pair at most.
    whitening : Whitening, optional
        The whitening of the matcher.

    Raises
    ------
    SettingError
        If `count` is below 1.

    Examples
    --------
    >>> views = np.eye(3, dtype=np.float32)
    >>> [(pair.query_view, pair.other_view) for pair in explain(views, views[::-1], count=2)]
    [(0, 2), (1, 1)]
    """
    if count < 1:
        raise SettingError("'pairs' must be at least 1 (got {count}).", count=count)
    if whitening is not None:
        query, other = whitening(query), whitening(other)
    return tuple(ViewPair(*pair) for pair in best_pairs(query, other, count))


def occlusion_map(
    extractor: Extractor,
    image: UInt8[np.ndarray, "h w 3"],
    target: Float32[np.ndarray, " d"],
    *,
    mask: Bool[np.ndarray, "h w"] | None = None,
    cells: int = 8,
    whitening: Whitening | None = None,
) -> Float32[np.ndarray, "h w"]:
    """Return how much each part of a view adds to its similarity to another view.

    Squares of the view, two cells wide, are covered with the colour of its corner, one after the
    other. The contribution of a part is the drop in similarity without it (occlusion: Zeiler &
    Fergus 2014, Visualizing and understanding convolutional networks). It works with every
    backbone that takes images only.

    Parameters
    ----------
    extractor : Extractor
        The extractor of the features.
    image : (h, w, 3) uint8
        The view.
    target : (d,) float32
        Features of the other view.
    mask : (h, w) bool, optional
        Pixels of the specimen. Covered pixels leave the mask, and pixels outside of it are 0. The
        whole image if None.
    cells : int
        Cells per side; features of (cells - 1)² images are extracted.
    whitening : Whitening, optional
        As for `explain`.

    Returns
    -------
    (h, w) float32
        1 at the part with the largest drop, 0 without a drop; all 0 if no part has one.

    Raises
    ------
    SettingError
        If there are fewer than 2 cells, or the backbone uses depth.
    """
    import cv2

    if cells < 2:
        raise SettingError("'cells' must be at least 2 (got {cells}).", cells=cells)
    if extractor.identity.get("uses_depth"):
        raise SettingError("This backbone also uses depth, so that parts of an image do not show where it matched.")
    height, width = image.shape[:2]
    rows, columns = (np.linspace(0, side, cells + 1).astype(int) for side in (height, width))
    mask = np.ones((height, width), dtype=bool) if mask is None else mask
    covered, masks = (np.repeat(part[None], (cells - 1) ** 2 + 1, axis=0) for part in (image, mask))
    for number in range((cells - 1) ** 2):
        row, column = divmod(number, cells - 1)
        square = number, slice(rows[row], rows[row + 2]), slice(columns[column], columns[column + 2])
        covered[square], masks[square] = image[0, 0], False
    features = extractor(covered, masks)
    prepare = unit_rows if whitening is None else whitening
    similarity = prepare(features) @ prepare(target[None])[0]
    drops = np.maximum(similarity[-1] - similarity[:-1], 0).reshape(cells - 1, cells - 1).astype(np.float32)
    # A covered square is centred on a corner of four cells; the outermost cells have no outer corner.
    drawn = mask * cv2.resize(np.pad(drops, 1, mode="edge"), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(drawn / max(float(drawn.max()), 1e-6), dtype=np.float32)


def overlay_heatmap(image: UInt8[np.ndarray, "h w 3"], where: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Return an image with a heat map over it, from blue at 0 to yellow at 1."""
    import cv2

    colours = cv2.applyColorMap(np.rint(where * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
    share = 0.65 * where[..., None]
    return np.asarray(np.rint(image * (1 - share) + colours * share), dtype=np.uint8)


def occlusion_picture(
    extractor: Extractor, views: Views, number: int, target: Float32[np.ndarray, " d"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return a view with its `occlusion_map` for another view over it."""
    image = views.images[number]
    return overlay_heatmap(image, occlusion_map(extractor, image, target, mask=views.masks[number]))


def paint_views(
    what: str, reader: PatchReader, query: Views, other: Views, pairs: tuple[ViewPair, ...]
) -> tuple[UInt8[np.ndarray, "v h w 3"], UInt8[np.ndarray, "u h w 3"]]:
    """Return the views of two specimens, with heat maps over the views of the pairs.

    Parameters
    ----------
    what : {"patches", "attention"}
        Similarity of each patch to the other view, or attention of the network.
    reader : PatchReader
        The network.
    query, other : Views
        Rendered views.
    pairs : tuple of ViewPair
        As `explain` returns them.

    Raises
    ------
    SettingError
        If `what` is anything else.
    """
    if what not in PAINTED:
        raise SettingError("'show' must be one of {allowed} (got {what}).", allowed=", ".join(PAINTED), what=what)
    painted = np.array(query.images), np.array(other.images)
    chosen = [pair.query_view for pair in pairs], [pair.other_view for pair in pairs]
    maps = [reader(v.images[rows], v.masks[rows]) for v, rows in zip((query, other), chosen, strict=True)]
    for number, pair in enumerate(pairs):
        for side, view in ((0, pair.query_view), (1, pair.other_view)):
            if what == "attention":
                values = maps[side].attention[number]
            else:
                values = patch_similarities(maps[side], number, maps[1 - side], number)
            shown = rescaled_inside(values, maps[side].is_specimen[number])
            painted[side][view] = overlay_heatmap(painted[side][view], _enlarged(shown, painted[side].shape[1:3]))
    return painted


def _enlarged(values: Float32[np.ndarray, "g h"], size: tuple[int, int]) -> Float32[np.ndarray, "rows columns"]:
    import cv2

    drawn = cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(drawn, 0, 1), dtype=np.float32)


def draw_pairs(
    pairs: tuple[ViewPair, ...],
    query_images: UInt8[np.ndarray, "v h w 3"],
    other_images: UInt8[np.ndarray, "u h w 3"],
) -> UInt8[np.ndarray, "height width 3"]:
    """Return one image of all pairs.

    Each column is a pair: the query above, the other below, the similarity between them.

    Parameters
    ----------
    pairs : tuple of ViewPair
        As `explain` returns them.
    query_images, other_images : (v, h, w, 3) and (u, h, w, 3) uint8
        The views, all of the same size.
    """
    import cv2

    height, width = query_images.shape[1:3]
    columns = []
    for pair in pairs:
        caption = np.full((_CAPTION_PIXELS, width, 3), 255, dtype=np.uint8)
        text = f"{pair.similarity:.3f}  ({pair.query_view} = {pair.other_view})"
        cv2.putText(caption, text, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
        columns.append(np.vstack([query_images[pair.query_view], caption, other_images[pair.other_view]]))
        columns.append(np.full((2 * height + _CAPTION_PIXELS, _GAP_PIXELS, 3), 255, dtype=np.uint8))
    return np.hstack(columns[:-1])


def write_picture(path: Path, picture: UInt8[np.ndarray, "h w 3"]) -> None:
    """Write an image as PNG, atomically."""
    write_bytes(path, as_png(picture))


def as_png(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """Return an image encoded as PNG."""
    import cv2

    _, png = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    return bytes(png.tobytes())
