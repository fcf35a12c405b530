"""Backbones: the registry agrees with timm, and sizes are checked."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, strategies as st

from core.backbones import (
    AUTO,
    EMBEDDED,
    REGISTRY,
    WEIGHTS_VARIABLE,
    Backbone,
    build_network,
    choose_auto,
    describe,
    load_backbone,
)
from core.backbones.registry import checked_size
from core.features import describe_views
from core.foundation import SettingError, WeightsError
from tests.core.networks import pictures

NETWORKS = [spec for spec in REGISTRY.values() if spec.is_network]


@pytest.mark.parametrize("spec", NETWORKS, ids=lambda spec: spec.name)
def test_registry__agrees_with_timm(spec: object) -> None:
    """Mean, deviation, interpolation and repository are those that timm names."""
    import timm

    config = timm.get_pretrained_cfg(spec.timm_name)
    assert (spec.mean, spec.std) == (tuple(config.mean), tuple(config.std))
    assert spec.interpolation == config.interpolation
    assert config.hf_hub_id == f"timm/{spec.timm_name}"
    assert spec.licence
    assert spec.citation


@pytest.mark.parametrize("spec", NETWORKS, ids=lambda spec: spec.name)
def test_registry__has_the_dimensions_and_patches_of_the_networks(spec: object) -> None:
    """Dimensions, patch size and the default size fit the network."""
    with torch.device("meta"):
        network = build_network(spec, spec.image_size)
    assert network.num_features == spec.dimensions
    if spec.patch_size:
        assert network.patch_embed.patch_size == (spec.patch_size, spec.patch_size)
        assert spec.image_size % spec.patch_size == 0


def test_registry__has_the_dimensions_of_the_classical_descriptor() -> None:
    """The classical descriptor is as long as the registry says."""
    assert describe_views(pictures(1, 64)).shape == (1, REGISTRY["classical"].dimensions)


def test_registry__has_every_name_of_the_contract() -> None:
    """Names that scripts rely on, in every spelling."""
    names = [f"dinov2_vit{size}14{suffix}" for size in "sbl" for suffix in ("", "_reg")]
    names += ["dinov2_vitg14", "dinov2_vitg14_reg", "dinov3_vits16", "dinov3_vitb16", "dinov3_vitl16"]
    names += ["dinov3_huge_plus", "clip_vitl14", "clip_vitb32", "efficientnet_lite2", "classical"]
    assert all(describe(name).name for name in names)


def test_describe__takes_any_timm_name() -> None:
    """A timm model has its own preprocessing, and its tag may be left out."""
    spec = describe("vit_tiny_patch16_224.augreg_in21k")
    assert (spec.patch_size, spec.image_size, spec.mean) == (16, 224, (0.5, 0.5, 0.5))
    assert describe("resnet18").timm_name.startswith("resnet18.")


@pytest.mark.parametrize("name", ["no_such_net", "", "../x", "dinov2", "vit small"])
def test_describe__refuses_unknown_names(name: str) -> None:
    """The message lists what there is."""
    with pytest.raises(SettingError, match="There is no backbone called") as error:
        describe(name)
    assert "dinov2_vits14" in error.value.advice


@given(st.integers(32, 4096))
def test_checked_size__takes_multiples_of_the_patch_and_names_the_nearest_others(size: int) -> None:
    """Every multiple of 14 is allowed, and others name the two nearest multiples."""
    spec = REGISTRY["dinov2_vits14"]
    if size % 14 == 0:
        assert checked_size(spec, size) == size
        return
    with pytest.raises(SettingError, match=rf"multiple of 14 \(got {size}\)") as error:
        checked_size(spec, size)
    below = size // 14 * 14
    assert error.value.advice == f"The nearest are {below} and {below + 14}."


@pytest.mark.parametrize("size", [0, -14, 14, 4200])
def test_checked_size__refuses_sizes_outside_of_the_range(size: int) -> None:
    """The message says the range and what was given."""
    with pytest.raises(SettingError, match=rf"between 32 and 4096 pixels \(got {size}\)"):
        checked_size(REGISTRY["dinov3_vits16"], size)


@pytest.mark.parametrize(("name", "size"), [("dinov2_vits14", 434), ("dinov2_vits14", 518), ("dinov3_vits16", 960)])
def test_checked_size__takes_the_usual_sizes(name: str, size: int) -> None:
    """434 is 31 patches of 14, 960 is 60 of 16."""
    assert checked_size(describe(name), size) == size


def test_choose_auto__falls_back_to_what_needs_no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DINOv2's weights it is the embedded backbone, and the reason says so."""
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    name, why = choose_auto(download=False)
    assert name == EMBEDDED
    assert "the weights of dinov2_vits14 are not available here" in why
    assert AUTO not in REGISTRY


def test_choose_auto__takes_dinov2_if_its_weights_are_there(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the folder of the environment is enough."""
    (tmp_path / "dinov2_vits14_pretrain.pth").write_bytes(b"weights")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    assert choose_auto(download=False)[0] == "dinov2_vits14"


def test_load_backbone__loads_the_embedded_weights() -> None:
    """EfficientNet-Lite2 needs nothing but the package of its weights."""
    backbone = load_backbone("efficientnet_lite2", download=False)
    assert backbone.identity["weights_sha256"].startswith("9656183e")
    with torch.inference_mode():
        features = backbone.module.forward_features(torch.zeros(1, 3, 64, 64))
    assert features.shape[1] == 1280
    assert not any(parameter.requires_grad for parameter in backbone.module.parameters())
    assert not backbone.module.training


def test_load_backbone__builds_nothing_before_it_is_asked_for(tmp_path: object) -> None:
    """A damaged file shows when the network is asked for, with its name."""
    path = tmp_path / "w.pth"
    path.write_bytes(b"no weights")
    backbone = load_backbone("dinov2_vits14", weights=path)
    with pytest.raises(WeightsError, match=r"w\.pth is not a readable weights file"):
        _ = backbone.module


def test_backbone__without_a_network_says_so() -> None:
    """The classical descriptor has no network to give."""
    with pytest.raises(SettingError, match="classical is not a network"):
        _ = Backbone(REGISTRY["classical"], 224).module


def test_build_network__keeps_dinov3_free_in_size() -> None:
    """Rotary positions work at any size: 64 and 96 pixels give 16 and 36 patches."""
    spec = describe("dinov3_vits16")
    for size in (64, 96):
        network = build_network(spec, size).eval()
        with torch.inference_mode():
            tokens = network.forward_features(torch.zeros(1, 3, size, size))
        assert tokens.shape == (1, 5 + (size // 16) ** 2, 384)
