"""Engines: each agrees with PyTorch in fp32, for any batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.backbones import (
    FACETS,
    Backbone,
    Engine,
    EngineSettings,
    FeatureHead,
    TokenSettings,
    build_network,
    describe,
    open_engine,
)
from core.backbones.engines.devices import pick_device
from core.backbones.engines.torch import TorchEngine
from core.foundation import DeviceError, SettingError
from tests.core.networks import pictures, smallest_cosine, tiny_backbone

PROJECT = Path(__file__).resolve().parents[3]
SETTINGS = [
    TokenSettings(),
    TokenSettings("patch"),
    TokenSettings("cls+patch", patch_pool="gem"),
    TokenSettings("cls+patch", patch_mask=True),
    TokenSettings("cls+patch", layer=0),
    *(TokenSettings("cls+patch", layer=-2, facet=facet) for facet in FACETS[1:]),
]


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Convert networks into a temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOSSILVIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def engines(backbone: Backbone, tokens: TokenSettings, *, dense: bool = False) -> list[tuple[Engine, float]]:
    """Return every engine and the least cosine to PyTorch in fp32 that it must reach."""
    wanted = [("torch", "fp32", 0.9999), ("torch", "bf16", 0.998), ("openvino", "fp32", 0.9999)]
    wanted.append(("openvino", "bf16", 0.998))
    return [
        (open_engine(backbone, tokens, EngineSettings(engine, "cpu", precision, 4), dense=dense), bound)
        for engine, precision, bound in wanted
    ]


def plain(backbone: Backbone, images: np.ndarray) -> torch.Tensor:
    """Return all tokens from PyTorch, of pixels normalised as (x - mean) / std."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (backbone.spec.mean, backbone.spec.std))
    pixels = (torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.inference_mode():
        return backbone.module.forward_features(pixels)


@pytest.mark.parametrize("tokens", SETTINGS, ids=lambda tokens: "_".join(str(v) for v in tokens.identity.values()))
def test_engines__agree_with_torch_in_fp32(tokens: TokenSettings) -> None:
    """The cosine of view features is at least .9999 in fp32 and .998 in bf16."""
    backbone = tiny_backbone(registers=True)
    images = pictures(5, 56)
    shares = np.random.default_rng(1).random((5, 16), dtype=np.float32) if tokens.patch_mask else None
    both = engines(backbone, tokens)
    wanted = both[0][0].run(images, shares)
    for engine, bound in both:
        assert smallest_cosine(engine.run(images, shares), wanted) >= bound, engine.identity


@pytest.mark.parametrize("name", ["efficientnet_lite2", "dinov2_vits14"])
def test_engines__agree_on_real_architectures(name: str) -> None:
    """So do the embedded backbone with its weights and ViT-S/14 with random ones."""
    from core.backbones import load_backbone

    torch.manual_seed(0)
    spec = describe(name)
    if name == "efficientnet_lite2":
        backbone = load_backbone(name, image_size=96)
    else:
        backbone = Backbone(spec, 112, network=build_network(spec, 112))
    images = pictures(3, backbone.image_size)
    with torch.inference_mode():
        wanted = FeatureHead(backbone, TokenSettings())(torch.from_numpy(images)).numpy()
    for engine, bound in engines(backbone, TokenSettings()):
        assert smallest_cosine(engine.run(images), wanted) >= bound, engine.identity


def test_engines__give_the_same_bytes_whatever_the_batch() -> None:
    """The features of an image do not depend on the other images or their order."""
    backbone = tiny_backbone()
    images = pictures(9, 56)
    for engine, _ in engines(backbone, TokenSettings("cls+patch")):
        together = engine.run(images)
        np.testing.assert_array_equal(engine.run(images[::-1])[::-1], together)
        for part in (slice(0, 1), slice(2, 9), slice(3, 6)):
            np.testing.assert_array_equal(engine.run(images[part]), together[part])


def test_engines__begin_the_next_images_before_the_last_are_done() -> None:
    """Each wait returns the features of its own images, in any order of waiting."""
    backbone = tiny_backbone()
    images = pictures(9, 56)
    for engine, _ in engines(backbone, TokenSettings()):
        together = engine.run(images)
        waits = [engine.begin(images[:5]), engine.begin(images[5:])]
        np.testing.assert_array_equal(waits[1](), together[5:])
        np.testing.assert_array_equal(waits[0](), together[:5])


def test_openvino__gives_the_same_bytes_with_any_number_of_threads() -> None:
    """One thread and three give what two give."""
    backbone = tiny_backbone()
    images = pictures(4, 56)
    runs = [
        open_engine(backbone, TokenSettings(), EngineSettings("openvino", threads=threads)).run(images)
        for threads in (1, 2, 3)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_engines__take_class_patches_and_no_registers() -> None:
    """The features are the class token, the mean of the patches, or both."""
    backbone = tiny_backbone(registers=True)
    images = pictures(2, 56)
    tokens = plain(backbone, images)
    wanted = {"cls": tokens[:, 0], "patch": tokens[:, 5:].mean(1)}
    wanted["cls+patch"] = torch.cat([wanted["cls"], wanted["patch"]], 1)
    for name, features in wanted.items():
        engine = open_engine(backbone, TokenSettings(name), EngineSettings("torch", "cpu"))
        np.testing.assert_allclose(engine.run(images), features.numpy(), atol=1e-4)


def test_engines__mask_patches_by_their_shares() -> None:
    """Patches without a share do not count, the others in proportion."""
    backbone = tiny_backbone()
    images = pictures(2, 56)
    tokens = plain(backbone, images)[:, 1:]
    shares = np.zeros((2, 16), np.float32)
    shares[0, 3], shares[1, 5], shares[1, 6] = 1.0, 0.25, 0.75
    engine = open_engine(backbone, TokenSettings("patch", patch_mask=True), EngineSettings("torch", "cpu"))
    got = engine.run(images, shares)
    np.testing.assert_allclose(got[0], tokens[0, 3].numpy(), atol=1e-4)
    np.testing.assert_allclose(got[1], (0.25 * tokens[1, 5] + 0.75 * tokens[1, 6]).numpy(), atol=1e-4)


def test_engines__take_generalised_means() -> None:
    """GeM is the cube root of the mean cube of the positive part."""
    backbone = tiny_backbone()
    images = pictures(2, 56)
    patches = plain(backbone, images)[:, 1:].clamp(min=1e-6)
    engine = open_engine(backbone, TokenSettings("patch", patch_pool="gem"), EngineSettings("torch", "cpu"))
    np.testing.assert_allclose(engine.run(images), (patches**3).mean(1).pow(1 / 3).numpy(), atol=1e-4)


@pytest.mark.parametrize("layer", [0, 1, -1, -2])
def test_engines__take_facets_of_any_block(layer: int) -> None:
    """Queries, keys and values are the projections of the block's normalised input."""
    backbone = tiny_backbone()
    network = backbone.module
    images = pictures(2, 56)
    seen: list[torch.Tensor] = []
    hook = network.blocks[layer].attn.qkv.register_forward_hook(lambda *call: seen.append(call[2]))
    plain(backbone, images)
    hook.remove()
    for facet, wanted in zip(FACETS[1:], seen[0].chunk(3, dim=2), strict=True):
        engine = open_engine(backbone, TokenSettings("cls", layer=layer, facet=facet), EngineSettings("torch", "cpu"))
        np.testing.assert_allclose(engine.run(images), wanted[:, 0].numpy(), atol=1e-4)


def test_engines__take_the_last_block_as_the_network_itself_does() -> None:
    """Block -1 by number is the usual output."""
    backbone = tiny_backbone()
    images = pictures(2, 56)
    usual, by_number = (
        open_engine(backbone, TokenSettings(layer=layer), EngineSettings("torch", "cpu")).run(images)
        for layer in (-1, 1)
    )
    np.testing.assert_allclose(by_number, usual, atol=1e-5)


@pytest.mark.parametrize("registers", [False, True])
def test_engines__yield_all_tokens(registers: bool) -> None:
    """Dense gives class token and patches in float16, and the same features."""
    backbone = tiny_backbone(registers=registers)
    images = pictures(11, 56)
    tokens = plain(backbone, images)
    wanted = torch.cat([tokens[:, :1], tokens[:, 5 if registers else 1 :]], 1).numpy()
    for engine, _ in engines(backbone, TokenSettings("patch"), dense=True)[::2]:
        features, dense = (np.concatenate(parts) for parts in zip(*engine.run_dense(images), strict=True))
        assert (dense.shape, dense.dtype) == ((11, 17, 48), np.float16)
        np.testing.assert_allclose(dense, wanted, atol=5e-3)
        np.testing.assert_array_equal(features, engine.run(images))


def test_torch__halves_the_batch_where_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that does not fit is run in halves, with the same result."""
    backbone = tiny_backbone()
    images = pictures(9, 56)
    engine = TorchEngine(backbone, TokenSettings(), EngineSettings("torch", "cpu", batch_size=2))
    wanted = engine.run(images)
    engine = TorchEngine(backbone, TokenSettings(), EngineSettings("torch", "cpu", batch_size=8))
    forward, calls = engine._forward, []

    def with_little_memory(batch: np.ndarray, shares: np.ndarray | None) -> list[torch.Tensor]:
        calls.append(engine.batch_size)
        # The first pass fits, the second does not. The outputs of the first must not be lost.
        if engine.batch_size > 2 and len(calls) > 1:
            raise torch.cuda.OutOfMemoryError
        return forward(batch, shares)

    monkeypatch.setattr(engine, "_forward", with_little_memory)
    np.testing.assert_allclose(engine.run(images), wanted, atol=1e-5)
    assert calls == [8, 8, 4, 2]


def test_torch__says_when_not_even_one_image_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing left to halve it is an error with advice."""
    engine = TorchEngine(tiny_backbone(), TokenSettings(), EngineSettings("torch", "cpu", batch_size=2))

    def without_memory(batch: np.ndarray, shares: np.ndarray | None) -> list[torch.Tensor]:
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(engine, "_forward", without_memory)
    with pytest.raises(DeviceError, match="too little memory for a single image"):
        engine.run(pictures(1, 56))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_pick_device__says_that_there_is_no_gpu(device: str) -> None:
    """Asking for CUDA on a machine without a GPU is an error that says why."""
    with pytest.raises(DeviceError, match=f"'device' is {device}, but CUDA does not work here"):
        pick_device(device)
    assert pick_device("auto") == pick_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (EngineSettings("openvino", "cuda"), "OpenVINO runs on the CPU only"),
        (EngineSettings("openvino", precision="fp16"), "OpenVINO on a CPU has fp32 and bf16"),
        (EngineSettings("torch", "cpu", "fp16"), "fp16 needs a GPU"),
    ],
)
def test_open_engine__refuses_what_does_not_go_together(settings: EngineSettings, message: str) -> None:
    """Engine, device and precision that do not fit are named."""
    with pytest.raises(DeviceError, match=message):
        open_engine(tiny_backbone(), TokenSettings(), settings)


@pytest.mark.parametrize(
    "given", [{"engine": "onnx"}, {"device": "tpu"}, {"precision": "int8"}, {"batch_size": 0}, {"threads": -1}]
)
def test_engine_settings__refuse_unknown_values(given: dict[str, object]) -> None:
    """The message says what was given."""
    with pytest.raises(SettingError, match=rf"\(got {next(iter(given.values()))!r}\)"):
        EngineSettings(**given)


def test_open_engine__takes_openvino_on_the_cpu_and_records_it() -> None:
    """The default on a processor, in fp32."""
    identity = open_engine(tiny_backbone(), TokenSettings(), EngineSettings(device="cpu")).identity
    assert identity["engine"] == "openvino"
    assert (identity["device"], identity["precision"]) == ("cpu", "fp32")
    assert identity["engine_version"]


@pytest.mark.parametrize("tokens", [TokenSettings(layer=2), TokenSettings(layer=-3)])
def test_feature_head__names_the_blocks_there_are(tokens: TokenSettings) -> None:
    """The error for a layer beyond the network says which layers there are."""
    with pytest.raises(SettingError, match=rf"must lie between -2 and 1 for dinov2_vits14 \(got {tokens.layer}\)"):
        FeatureHead(tiny_backbone(), tokens)


def test_feature_head__refuses_layers_of_convolutional_networks() -> None:
    """EfficientNet has no attention to take facets from."""
    spec = describe("efficientnet_lite2")
    backbone = Backbone(spec, 64, network=build_network(spec, 64))
    with pytest.raises(SettingError, match="need a vision transformer; efficientnet_lite2 is none"):
        FeatureHead(backbone, TokenSettings(facet="key"))


def test_openvino__needs_neither_torch_nor_timm_once_converted(tmp_path: Path) -> None:
    """The second start loads the stored network alone, which saves seconds."""
    program = (
        "import sys, numpy as np; from core.features import FeatureSettings, open_extractor;"
        "extractor = open_extractor(FeatureSettings('efficientnet_lite2', image_size=64, download=False));"
        "extractor(np.zeros((1, 64, 64, 3), np.uint8)); print('torch' in sys.modules, 'timm' in sys.modules)"
    )
    environment = {**os.environ, "FOSSILVIT_CACHE": str(tmp_path)}
    printed = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert printed == ["True True", "False False"]
