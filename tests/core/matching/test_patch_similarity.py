"""Tests of maps over patches, of a transformer and a convolutional network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch

from core.backbones import Backbone, describe
from core.features import FeatureSettings
from core.foundation import SettingError
from core.matching import PatchReader, ViewPair, open_patches, paint_views
from core.matching.patch_similarity import patch_similarities, rescaled_inside
from core.views import Views


def small_transformer() -> Backbone:
    """Return a vision transformer with 4 × 4 patches, three heads and random weights."""
    torch.manual_seed(0)
    network = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2, num_classes=0).eval()
    spec = replace(describe("dinov2_vits14"), dimensions=192, image_size=64, patch_size=16)
    return Backbone(spec, 64, None, network)


@pytest.fixture
def views() -> np.ndarray:
    """Return three pictures of noise."""
    return np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), dtype=np.uint8)


def test_patch_reader__returns_the_attention_of_the_class_token(views: np.ndarray) -> None:
    """The same as the softmax of the last block, averaged over the heads."""
    backbone = small_transformer()
    maps = PatchReader(backbone)(views)
    attention = backbone.module.blocks[-1].attn
    attention.fused_attn = False
    seen: list[torch.Tensor] = []
    attention.attn_drop.register_forward_hook(lambda *given: seen.append(given[2]))
    pixels = torch.from_numpy(views).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(part).view(1, 3, 1, 1) for part in (backbone.spec.mean, backbone.spec.std))
    with torch.inference_mode():
        tokens = backbone.module.forward_features((pixels - mean) / std)
    expected = seen[0].mean(dim=1)[:, 0, 1:].reshape(3, 4, 4).numpy()
    assert np.allclose(maps.attention, expected / expected.max(axis=(1, 2), keepdims=True), atol=1e-3)
    assert maps.attention.max() == 1
    patches = tokens[:, 1:].numpy().reshape(3, 4, 4, -1)
    assert np.allclose(maps.tokens, patches / np.linalg.norm(patches, axis=3, keepdims=True), atol=1e-4)
    assert maps.is_specimen.all()


def test_patch_similarities__is_highest_for_a_repeated_part(views: np.ndarray) -> None:
    """A view equals itself, and the background is left out on both sides."""
    masks = np.zeros((3, 64, 64), dtype=bool)
    masks[:, :32, 16:] = True
    maps = PatchReader(small_transformer())(views, masks)
    assert maps.is_specimen.sum() == 3 * 6
    same = patch_similarities(maps, 1, maps, 1)
    assert np.allclose(same[maps.is_specimen[1]], 1, atol=1e-5)
    assert np.all(same[~maps.is_specimen[1]] == 0)
    other = patch_similarities(maps, 0, maps, 2)
    assert np.all(other <= 1 + 1e-5)
    assert other[maps.is_specimen[0]].max() < 1


def test_patch_reader__reads_the_feature_map_of_a_convolutional_network() -> None:
    """The embedded network has cells, with the length of activations as attention."""
    reader = open_patches(FeatureSettings(model="efficientnet_lite2", image_size=96, download=False))
    picture = np.full((1, 96, 96, 3), 255, dtype=np.uint8)
    picture[0, 8:40, 8:40] = np.random.default_rng(1).integers(0, 255, (32, 32, 3))
    maps = reader(picture)
    assert maps.tokens.shape == (1, 3, 3, maps.tokens.shape[3])
    assert maps.attention.max() == 1
    assert np.allclose(np.linalg.norm(maps.tokens, axis=3), 1, atol=1e-5)
    again = reader(np.concatenate([picture, picture[:, ::-1]]))
    assert np.allclose(again.attention[0], maps.attention[0], atol=1e-4)
    assert np.abs(again.attention[1] - maps.attention[0]).max() > 0.01


def test_open_patches__refuses_what_has_none() -> None:
    """The classical backbone has none, and joined backbones use their network."""
    with pytest.raises(SettingError, match=r"classical backbone has no patches.*pairs of views"):
        open_patches(FeatureSettings(model="classical"))
    joined = open_patches(FeatureSettings(model="classical+efficientnet_lite2", download=False))
    assert isinstance(joined, PatchReader)


def test_rescaled_inside__uses_the_whole_scale_inside() -> None:
    """From the lowest to the highest of the specimen; a constant map is 1."""
    shown = np.array([[True, True], [True, False]])
    values = np.array([[0.6, 0.8], [0.7, 0.1]], dtype=np.float32)
    assert np.allclose(rescaled_inside(values, shown), [[0, 1], [0.5, 0]])
    assert rescaled_inside(np.full((2, 2), 0.5, np.float32), shown).tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize("what", ["patches", "attention"])
def test_paint_views__paints_the_views_of_the_pairs_alone(views: np.ndarray, what: str) -> None:
    """All others stay as they are, and the background of a painted one, too."""
    masks = np.zeros((3, 64, 64), dtype=bool)
    masks[:, 16:48, 16:48] = True
    seen = Views(views, masks, np.tile(np.eye(4), (3, 1, 1)))
    one, other = paint_views(what, PatchReader(small_transformer()), seen, seen, (ViewPair(0, 2, 0.9),))
    assert np.array_equal(one[1:], views[1:])
    assert np.array_equal(other[:2], views[:2])
    assert not np.array_equal(one[0, 16:48, 16:48], views[0, 16:48, 16:48])
    assert np.array_equal(one[0, :4, :4], views[0, :4, :4])
    with pytest.raises(SettingError, match="'show' must be one of patches, attention"):
        paint_views("where", PatchReader(small_transformer()), seen, seen, ())
