"""Maps over the patches of views: attention, and similarity to another view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from core.backbones import Backbone, TokenSettings, load_backbone
from core.features import FeatureSettings, fit_images
from core.foundation import SettingError

# Share of a cell that must show the specimen.
_LEAST_SHARE = 0.2
_AT_ONCE = 8


@dataclass(frozen=True)
class PatchMaps:
    """Tokens and attention of every cell of some views.

    Parameters
    ----------
    tokens : (v, g, h, d) float32
        One vector of length 1 per cell; read-only.
    attention : (v, g, h) float32
        Attention of each cell, 0 to 1; read-only.
    is_specimen : (v, g, h) bool
        Which cells show the specimen; all of them without masks.
    """

    tokens: Float32[np.ndarray, "v g h d"]
    attention: Float32[np.ndarray, "v g h"]
    is_specimen: Bool[np.ndarray, "v g h"]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.tokens, self.attention, self.is_specimen):
            array.setflags(write=False)


class PatchReader:
    """A network that returns cells of views instead of one vector per view.

    For a vision transformer, tokens are the patch tokens of the last block, and attention is that
    of the class token to the patches there, averaged over the heads (Caron et al. 2021, DINO),
    before rotary positions. For a convolutional network, tokens are the cells of the last feature
    map, and attention is the length of their activations (Zagoruyko & Komodakis 2017).

    Parameters
    ----------
    backbone : Backbone
        A network.

    Raises
    ------
    SettingError
        If the backbone is not a network.
    """

    def __init__(self, backbone: Backbone) -> None:
        if not backbone.spec.is_network:
            raise SettingError(
                "The classical backbone has no patches to compare.",
                advice="Look at the pairs of views, or use a run of a network.",
            )
        self._backbone = backbone

    def __call__(
        self, images: UInt8[np.ndarray, "v a b 3"], masks: Bool[np.ndarray, "v a b"] | None = None
    ) -> PatchMaps:
        """Return the maps of some views.

        Parameters
        ----------
        images : (v, a, b, 3) uint8
            Views, all of the same size.
        masks : (v, a, b) bool, optional
            Pixels of the specimen.
        """
        import torch

        fitted = np.array(fit_images(images, self._backbone.image_size))
        tokens, attention = [], []
        with torch.inference_mode():
            for start in range(0, len(fitted), _AT_ONCE):
                one, other = self._look(torch.from_numpy(fitted[start : start + _AT_ONCE]))
                tokens.append(one)
                attention.append(other)
        cells = np.concatenate(tokens)
        looked = np.concatenate(attention)
        top = looked.max(axis=(1, 2), keepdims=True)
        lengths = np.linalg.norm(cells, axis=3, keepdims=True)
        return PatchMaps(
            np.asarray(cells / np.maximum(lengths, 1e-12), dtype=np.float32),
            np.asarray(looked / np.maximum(top, 1e-12), dtype=np.float32),
            _shown(masks, cells.shape[:3]),
        )

    def _look(self, images: object) -> tuple[np.ndarray, np.ndarray]:
        from core.backbones import FeatureHead

        network = self._backbone.module
        head = FeatureHead(self._backbone, TokenSettings(), dense=True).eval()
        pixels = images.permute(0, 3, 1, 2).float() * head.scale + head.offset  # type: ignore[attr-defined]
        features = network.forward_features(pixels)
        if features.ndim == 4:
            cells = features.permute(0, 2, 3, 1).float().numpy()
            return cells, np.linalg.norm(cells, axis=3)
        patches = features[:, head.prefix :].float().numpy()
        side = round(patches.shape[1] ** 0.5)
        cells = patches.reshape(len(patches), side, side, -1)
        if not head.has_class_token:
            return cells, np.linalg.norm(cells, axis=3)
        query, key = (
            FeatureHead(self._backbone, TokenSettings(facet=facet), dense=True).eval()(images)[1].float()
            for facet in ("query", "key")
        )
        n_heads = int(network.blocks[-1].attn.num_heads)
        apart = [part.reshape(*part.shape[:2], n_heads, -1) for part in (query, key)]
        asked, answers = apart[0][:, 0], apart[1][:, 1:]
        scores = (asked[:, None] * answers).sum(dim=3) / answers.shape[3] ** 0.5
        attention = scores.softmax(dim=1).mean(dim=2).numpy()
        return cells, attention.reshape(len(attention), side, side)


def open_patches(settings: FeatureSettings) -> PatchReader:
    """Load the backbone of some features as a reader of patches.

    If several backbones are joined, the first network is used.

    Raises
    ------
    SettingError
        If none of them is a network.
    WeightsError
        If its weights are not available.
    """
    names = [name for name in settings.models if name != "classical"] or list(settings.models)
    alone = replace(settings, model=names[0], model_weights=())
    return PatchReader(
        load_backbone(alone.model, image_size=alone.image_size, weights=alone.weights, download=alone.download)
    )


def patch_similarities(maps: PatchMaps, view: int, other: PatchMaps, other_view: int) -> Float32[np.ndarray, "g h"]:
    """Return the highest similarity of every cell to the cells of another view.

    Cosine similarity of deep features (Amir, Gandelsman, Bagon & Dekel 2021, Deep ViT features as
    dense visual descriptors). Only cells that show a specimen are compared; the others are 0.

    Parameters
    ----------
    maps, other : PatchMaps
        Maps of the views of two specimens.
    view, other_view : int
        Numbers of the two views, from 0.
    """
    mine, theirs = maps.is_specimen[view], other.is_specimen[other_view]
    similarities = np.zeros(mine.shape, dtype=np.float32)
    if mine.any() and theirs.any():
        similarity = maps.tokens[view][mine] @ other.tokens[other_view][theirs].T
        similarities[mine] = np.maximum(similarity.max(axis=1), 0)
    return similarities


def rescaled_inside(values: Float32[np.ndarray, "g h"], shown: Bool[np.ndarray, "g h"]) -> Float32[np.ndarray, "g h"]:
    """Return values of the specimen's cells rescaled to 0 to 1, and 0 elsewhere."""
    inside = values[shown]
    if not inside.size or float(np.ptp(inside)) < 1e-9:
        return np.where(shown, np.float32(1), np.float32(0)) * (values > 0).astype(np.float32)
    spread = (values - inside.min()) / float(np.ptp(inside))
    return np.asarray(np.where(shown, spread, 0), dtype=np.float32)


def _shown(masks: np.ndarray | None, shape: tuple[int, ...]) -> Bool[np.ndarray, "v g h"]:
    import cv2

    if masks is None:
        return np.ones(shape, dtype=bool)
    _, rows, columns = shape
    shares = [cv2.resize(mask.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA) for mask in masks]
    shown = np.stack(shares) >= _LEAST_SHARE
    shown[~shown.any(axis=(1, 2))] = True
    return shown
