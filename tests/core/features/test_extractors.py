"""Features: settings, image sizes, joined backbones, dense tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.backbones import EngineSettings, TokenSettings, open_engine
from core.features import (
    FeatureSettings,
    NetworkExtractor,
    extract_with_tokens,
    fit_images,
    open_extractor,
    open_tokens,
    views_at_once,
)
from core.features.extractors import ClassicalExtractor
from core.features.joined import JoinedExtractor
from core.foundation import InputError, SettingError, WeightsError
from core.storage import fingerprint
from tests.core.networks import pictures, tiny_backbone
from tests.fakes import FakeExtractor


def tiny_extractor(tokens: TokenSettings, *, dense: bool = False) -> NetworkExtractor:
    """Return a network of two blocks with random weights, run by PyTorch."""
    backbone = tiny_backbone()
    return NetworkExtractor(
        backbone, open_engine(backbone, tokens, EngineSettings("torch", "cpu"), dense=dense), tokens
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "dinov2_vits14+"}, "must name a backbone on each side"),
        ({"model": "a+b", "model_weights": (1.0,)}, r"must be 2 number\(s\) above 0.*\(got 1\)"),
        ({"model": "a+b", "model_weights": (1.0, 0.0)}, r"\(got 1, 0\)"),
        ({"model": "a+b", "dense": True}, "several are joined"),
        ({"tokens": "all"}, "'tokens' must be one of"),
        ({"facet": "gate"}, "'facet' must be one of"),
    ],
)
def test_feature_settings__refuse_what_does_not_go_together(given: dict[str, object], message: str) -> None:
    """Each wrong setting is named with what was given."""
    with pytest.raises(SettingError, match=message):
        FeatureSettings(**given)


def test_open_extractor__needs_nothing_for_the_classical_backbone() -> None:
    """It has no weights and no engine, and uses depth."""
    extractor = open_extractor(FeatureSettings("classical"))
    assert extractor.image_size == 224
    assert extractor.identity["uses_depth"] is True
    assert extractor(pictures(2, 64)).shape == (2, 3690)


@pytest.mark.parametrize("given", [{"dense": True}, {"layer": 3}, {"tokens": "patch", "patch_mask": True}])
def test_open_extractor__refuses_tokens_of_the_classical_backbone(given: dict[str, object]) -> None:
    """Settings that it has no use for are an error."""
    with pytest.raises(SettingError, match="classical backbone has no tokens"):
        open_extractor(FeatureSettings("classical", **given))


@pytest.mark.parametrize("given", [{"dense": True}, {"tokens": "patch", "patch_mask": True}])
def test_open_extractor__refuses_patches_of_convolutional_networks(given: dict[str, object]) -> None:
    """An EfficientNet has no patches to mask or to keep."""
    with pytest.raises(SettingError, match="efficientnet_lite2 has no patches"):
        open_extractor(FeatureSettings("efficientnet_lite2", download=False, **given))


def test_network_extractor__joins_layers_of_an_efficientnet() -> None:
    """Each part has length 1, masks leave the background out, and both engines agree."""
    images, mask = pictures(2, 64), np.zeros((2, 64, 64), bool)
    mask[:, :40, :40] = True
    for pool in ("mean", "gem"):
        found = {}
        for engine in ("torch", "openvino"):
            for masked in (False, True):
                settings = FeatureSettings(
                    "efficientnet_lite2",
                    download=False,
                    image_size=64,
                    tokens="layers",
                    patch_pool=pool,
                    patch_mask=masked,
                    engine=EngineSettings(engine, "cpu", "fp32"),
                )
                found[engine, masked] = open_extractor(settings)(images, mask)
        plain, masked_ones = found["torch", False], found["torch", True]
        assert plain.shape == (2, 48 + 120 + 208 + 352 + 1280)
        np.testing.assert_allclose((plain**2).sum(axis=1), 5, rtol=1e-4)
        assert np.abs(plain - masked_ones).max() > 1e-3
        for masked in (False, True):
            np.testing.assert_allclose(found["openvino", masked], found["torch", masked], atol=2e-3)
    whole = np.ones_like(mask)
    every = FeatureSettings("efficientnet_lite2", download=False, image_size=64, tokens="layers", patch_mask=True)
    unmasked = FeatureSettings("efficientnet_lite2", download=False, image_size=64, tokens="layers")
    np.testing.assert_allclose(open_extractor(every)(images, whole), open_extractor(unmasked)(images), atol=1e-3)


def test_open_extractor__takes_what_best_stands_for() -> None:
    """The record names the tokens that `best` stood for."""
    best = FeatureSettings("efficientnet_lite2", download=False, image_size=64, tokens="best")
    explicit = replace(best, tokens="layers", patch_pool="gem", patch_mask=True)
    assert open_extractor(best).identity == open_extractor(explicit).identity
    classical = FeatureSettings("classical", tokens="best")
    assert open_extractor(classical).identity == open_extractor(replace(classical, tokens="cls")).identity
    with pytest.raises(SettingError, match="best chooses patch-pool"):
        replace(best, patch_mask=True)


def test_open_extractor__refuses_layers_of_transformers() -> None:
    """Transformers have blocks, for which there is another setting."""
    with pytest.raises(SettingError, match="'tokens' layers needs an EfficientNet; dinov2_vits14 is none"):
        tiny_extractor(TokenSettings("layers"))


def test_open_extractor__takes_what_auto_stands_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without DINOv2's weights a warning names the backbone used instead, and why."""
    monkeypatch.delenv("FOSSILVIT_WEIGHTS", raising=False)
    extractor = open_extractor(FeatureSettings("auto", image_size=64, download=False))
    assert extractor.identity["backbone"] == "efficientnet_lite2"
    assert "Backbone: efficientnet_lite2, because the weights of dinov2_vits14 are not available here" in caplog.text


def test_network_extractor__records_all_that_decides_the_numbers() -> None:
    """Another block, facet, pooling or network is another identity."""
    choices = [TokenSettings(), TokenSettings(layer=0), TokenSettings(facet="key"), TokenSettings("patch")]
    choices += [TokenSettings("patch", "gem"), TokenSettings("patch", patch_mask=True)]
    identities = {fingerprint(tiny_extractor(settings).identity) for settings in choices}
    assert len(identities) == len(choices)
    identity = tiny_extractor(TokenSettings()).identity
    for name in ("backbone", "image_size", "weights_sha256", "engine", "engine_version", "device", "precision"):
        assert identity[name]


def test_network_extractor__masks_the_background() -> None:
    """A mask over everything changes nothing, and a smaller one does."""
    extractor = tiny_extractor(TokenSettings("patch", patch_mask=True))
    images = pictures(1, 56)
    mask = np.zeros((1, 56, 56), bool)
    mask[0, :28, :28] = True
    everything, masked = extractor(images, np.ones_like(mask)), extractor(images, mask)
    plain = tiny_extractor(TokenSettings("patch"))(images)
    np.testing.assert_allclose(everything, plain, atol=1e-5)
    assert np.abs(masked - plain).max() > 1e-3


def test_network_extractor__finds_masks_itself() -> None:
    """Pictures read from PNG have no masks, so the background is found by its colour."""
    extractor = tiny_extractor(TokenSettings("patch", patch_mask=True))
    images = np.full((1, 56, 56, 3), 255, np.uint8)
    images[0, 14:42, 14:42] = pictures(1, 28)[0] // 2
    mask = np.zeros((1, 56, 56), bool)
    mask[0, 14:42, 14:42] = True
    np.testing.assert_allclose(extractor(images), extractor(images, mask), atol=1e-5)


@given(st.integers(8, 60), st.integers(8, 60))
def test_fit_images__gives_the_size_and_keeps_plain_colours(given_size: int, size: int) -> None:
    """A picture of one colour keeps it, shrunk or enlarged."""
    images = np.full((2, given_size, given_size, 3), (10, 200, 90), np.uint8)
    fitted = fit_images(images, size)
    assert fitted.shape == (2, size, size, 3)
    assert (fitted == images[:, :1, :1]).all()


def test_fit_images__leaves_views_of_the_right_size_alone() -> None:
    """Views of the right size are not copied."""
    images = pictures(2, 32)
    assert fit_images(images, 32) is images


def test_joined_extractor__weights_cosines() -> None:
    """The cosine of two views is the weighted mean of the parts' cosines."""

    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    parts = [FakeExtractor("a"), tiny_extractor(TokenSettings())]
    joined = JoinedExtractor(parts, (3.0, 1.0))
    images = pictures(2, 56)
    rows = joined(images)
    one, other = (unit(part(images)) for part in parts)
    assert rows.shape == (2, 16 + 48)
    assert rows.dtype == np.float32
    wanted = 0.75 * one[0] @ one[1] + 0.25 * other[0] @ other[1]
    assert float(rows[0] @ rows[1]) == pytest.approx(float(wanted), abs=1e-5)


def test_joined_extractor__records_every_part_and_its_share() -> None:
    """Names, shares and whole identities of the parts are in the record."""
    identity = JoinedExtractor([FakeExtractor("a"), FakeExtractor("b")], (2, 2)).identity
    assert identity["backbone"] == "a+b"
    assert identity["shares"] == [0.5, 0.5]
    assert [part["backbone"] for part in identity["parts"]] == ["a", "b"]
    other = JoinedExtractor([FakeExtractor("a"), FakeExtractor("b")], (1, 3)).identity
    assert fingerprint(other) != fingerprint(identity)


def test_open_extractor__joins_backbones() -> None:
    """`a+b` opens both, and a single weights file for both is refused."""
    settings = FeatureSettings("efficientnet_lite2+classical", image_size=64, download=False, model_weights=(1, 2))
    extractor = open_extractor(settings)
    assert extractor(pictures(1, 64)).shape == (1, 1280 + 3690)
    assert extractor.identity["uses_depth"] is True
    with pytest.raises(SettingError, match="'weights' is one file, but classical"):
        open_extractor(FeatureSettings("classical+efficientnet_lite2", weights=Path(__file__)))


def test_open_extractor__says_which_weights_are_missing(tmp_path: Path) -> None:
    """Of joined backbones, the one without weights is named."""
    with pytest.raises(WeightsError, match="holds no weights of dinov2_vitb14"):
        open_extractor(FeatureSettings("classical+dinov2_vitb14", weights=tmp_path, download=False))


def test_views_at_once__is_one_for_what_does_not_batch() -> None:
    """An extractor that is no network takes specimens one by one."""
    assert views_at_once(FakeExtractor()) == 1
    assert views_at_once(tiny_extractor(TokenSettings())) == 16


def test_extract_with_tokens__writes_what_a_memory_map_reads(tmp_path: Path) -> None:
    """The file holds all tokens, class token first, beside the usual features."""
    settings = TokenSettings("cls")
    extractor = tiny_extractor(settings, dense=True)
    images = pictures(19, 56)
    path = tmp_path / "a" / "b.npy"
    features = extract_with_tokens(extractor, path, images)
    tokens = open_tokens(path)
    assert isinstance(tokens, np.memmap)
    assert (tokens.shape, tokens.dtype) == ((19, 1 + 4 * 4, 48), np.float16)
    np.testing.assert_array_equal(features, tiny_extractor(settings)(images))
    np.testing.assert_allclose(tokens[:, 0], features, atol=5e-3)
    assert [found.name for found in path.parent.iterdir()] == ["b.npy"]


def test_extract_with_tokens__needs_a_transformer(tmp_path: Path) -> None:
    """Other extractors have no tokens to keep."""
    with pytest.raises(SettingError, match="'dense' needs a vision transformer"):
        extract_with_tokens(FakeExtractor(), tmp_path / "a.npy", pictures(1, 56))


@pytest.mark.parametrize("array", [np.zeros((2, 3), np.float16), np.zeros((2, 3, 4), np.float32), None])
def test_open_tokens__refuses_other_files(tmp_path: Path, array: np.ndarray | None) -> None:
    """View features, float32 tokens and a file without an array are refused."""
    path = tmp_path / "x.npy"
    np.save(path, array) if array is not None else path.write_bytes(b"text")
    with pytest.raises(InputError, match=r"x\.npy"):
        open_tokens(path)


def test_classical_extractor__is_what_open_extractor_gives() -> None:
    """The name is enough."""
    assert isinstance(open_extractor(FeatureSettings("classical")), ClassicalExtractor)
