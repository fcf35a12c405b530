"""Tokens: their settings, and the share of each patch that shows the specimen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.backbones import TokenSettings, patch_shares
from core.foundation import SettingError


@pytest.mark.parametrize("given", [{"tokens": "all"}, {"patch_pool": "median"}, {"facet": "gate"}])
def test_token_settings__refuse_unknown_values(given: dict[str, str]) -> None:
    """The message says what was given and what is allowed."""
    with pytest.raises(SettingError, match=rf"must be one of .* \(got {next(iter(given.values()))!r}\)"):
        TokenSettings(**given)


@pytest.mark.parametrize("given", [{"patch_mask": True}, {"patch_pool": "gem"}])
def test_token_settings__refuse_patch_settings_without_patches(given: dict[str, object]) -> None:
    """Masking patches would do nothing if only the class token is taken."""
    with pytest.raises(SettingError, match="only the class token is taken") as error:
        TokenSettings("cls", **given)
    assert "--tokens patch" in error.value.advice


@pytest.mark.parametrize("given", [{"layer": 3}, {"facet": "key"}])
def test_token_settings__refuse_blocks_of_feature_maps(given: dict[str, object]) -> None:
    """An EfficientNet has no blocks, but its maps can be pooled and masked."""
    with pytest.raises(SettingError, match="'layer' and 'facet' are about transformers"):
        TokenSettings("layers", **given)
    assert TokenSettings("layers", "gem", True).identity == {
        "tokens": "layers",
        "patch_pool": "gem",
        "patch_mask": True,
    }


def test_token_settings__record_what_is_unusual() -> None:
    """The identity names tokens always, the rest if it differs from the defaults."""
    assert TokenSettings().identity == {"tokens": "cls"}
    settings = TokenSettings("patch", "gem", True, 9, "key")
    assert settings.identity == {
        "tokens": "patch",
        "patch_pool": "gem",
        "patch_mask": True,
        "layer": 9,
        "facet": "key",
    }


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**31))
def test_patch_shares__are_the_means_of_whole_patches(grid: int, patch: int, seed: int) -> None:
    """If a patch is a whole number of pixels, its share is their mean, row by row."""
    mask = np.random.default_rng(seed).random((2, grid * patch, grid * patch)) < 0.5
    mask[:, 0, 0] = True
    wanted = mask.reshape(2, grid, patch, grid, patch).mean(axis=(2, 4)).reshape(2, -1)
    np.testing.assert_allclose(patch_shares(mask, grid), wanted, atol=1e-6)


def test_patch_shares__take_masks_of_any_size() -> None:
    """A mask of 100 pixels on a grid of 16 keeps its total share."""
    mask = np.zeros((1, 100, 100), bool)
    mask[0, 20:60, 30:90] = True
    shares = patch_shares(mask, 16)
    assert shares.shape == (1, 256)
    assert abs(shares.mean() - 0.24) < 1e-3
    assert shares[0, 0] == 0


def test_patch_shares__are_all_one_for_an_empty_mask() -> None:
    """The shares of an empty mask do not sum to 0, which would be divided by."""
    np.testing.assert_array_equal(patch_shares(np.zeros((1, 28, 28), bool), 2), np.ones((1, 4), np.float32))
