"""The registry of backbones: names, input sizes, normalisation, licences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.foundation import SettingError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
DINOV2 = "Oquab et al. (2024) DINOv2: Learning robust visual features without supervision. TMLR."
REGISTERS = "Darcet et al. (2024) Vision transformers need registers. ICLR."
DINOV3 = "Siméoni et al. (2025) DINOv3. arXiv:2508.10104."
CLIP = "Radford et al. (2021) Learning transferable visual models from natural language supervision. ICML."
EFFICIENTNET = "Tan & Le (2019) EfficientNet: Rethinking model scaling for convolutional neural networks. ICML."
CLASSICAL = (
    "Khotanzad & Hong (1990) Invariant image recognition by Zernike moments. IEEE TPAMI 12; "
    "Dalal & Triggs (2005) Histograms of oriented gradients for human detection. CVPR."
)
AUTO = "auto"
EMBEDDED = "efficientnet_lite2"


@dataclass(frozen=True)
class BackboneSpec:
    """The facts about a backbone that do not need its weights.

    Parameters
    ----------
    name : str
        The name in this project.
    timm_name : str
        timm's architecture and tag; empty for `classical`.
    dimensions : int
        D, the length of a class token or pooled feature; 0 if unknown until the network is built.
    image_size : int
        Default height and width, in pixels, of its square input images.
    patch_size : int
        Width of a patch in pixels; 0 for a convolutional or classical backbone.
    mean, std : three floats each
        Of the RGB channels in [0, 1]; pixels are normalised as (x - mean) / std.
    licence, citation : str
        Of the weights, and of the method.
    file_names : tuple of str
        Names under which a weights file is recognised in a folder, beside timm's own.
    interpolation : str
        How its authors resize pictures to its size. Views are rendered at that size, so only
        photographs and stored pictures of another size are resized.
    hub_id : str
        Repository of timm's hub that holds the weights; empty for the repository that timm names.
    """

    name: str
    timm_name: str
    dimensions: int
    image_size: int
    patch_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    citation: str
    file_names: tuple[str, ...] = ()
    interpolation: str = "bicubic"
    hub_id: str = ""

    @property
    def is_network(self) -> bool:
        """Return whether this backbone is a network with weights."""
        return bool(self.timm_name)

    @property
    def is_dinov2(self) -> bool:
        """Return whether position embeddings follow DINOv2's own interpolation."""
        return "dinov2" in self.timm_name


def _dinov2(size: str, letter: str, width: int, registers: bool) -> BackboneSpec:
    suffix = "_reg" if registers else ""
    number = "_reg4" if registers else ""
    timm_name = f"vit_{size}_patch14{number}_dinov2.lvd142m"
    return BackboneSpec(
        name=f"dinov2_vit{letter}14{suffix}",
        timm_name=timm_name,
        dimensions=width,
        image_size=224,
        patch_size=14,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        licence="Apache-2.0",
        citation=f"{DINOV2} {REGISTERS}" if registers else DINOV2,
        file_names=(f"dinov2_vit{letter}14{number}_pretrain.pth",),
    )


def _dinov3(label: str, size: str, width: int) -> BackboneSpec:
    return BackboneSpec(
        name=f"dinov3_{label}",
        timm_name=f"vit_{size}_patch16_dinov3.lvd1689m",
        dimensions=width,
        image_size=224,
        patch_size=16,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        licence="DINOv3 License (Meta; asks for its own consent)",
        citation=DINOV3,
    )


def _clip(
    label: str,
    timm_name: str,
    width: int,
    patch: int,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> BackboneSpec:
    return BackboneSpec(
        name=f"clip_{label}",
        timm_name=timm_name,
        dimensions=width,
        image_size=224,
        patch_size=patch,
        mean=mean,
        std=std,
        licence="MIT (LAION), Apache-2.0 (timm's copy)",
        citation=CLIP,
    )


_SIZES = (("small", "s", 384), ("base", "b", 768), ("large", "l", 1024), ("giant", "g", 1536))
_SPECS: tuple[BackboneSpec, ...] = (
    *(_dinov2(size, letter, width, registers) for registers in (False, True) for size, letter, width in _SIZES),
    _dinov3("vits16", "small", 384),
    _dinov3("vitb16", "base", 768),
    _dinov3("vitl16", "large", 1024),
    _dinov3("vithuge_plus", "huge_plus", 1280),
    # LAION trained its ViT-L/14 with mean and standard deviation of a half, unlike its others.
    _clip("vitl14", "vit_large_patch14_clip_224.laion2b", 1024, 14, HALF, HALF),
    _clip("vitb32", "vit_base_patch32_clip_224.laion2b", 768, 32, CLIP_MEAN, CLIP_STD),
    BackboneSpec(
        name=EMBEDDED,
        timm_name="tf_efficientnet_lite2.in1k",
        dimensions=1280,
        image_size=224,
        patch_size=0,
        mean=HALF,
        std=HALF,
        licence="Apache-2.0",
        citation=EFFICIENTNET,
        file_names=("efficientnet-lite2-9656183e.pth",),
    ),
    BackboneSpec(
        name="classical",
        timm_name="",
        dimensions=3690,
        image_size=224,
        patch_size=0,
        mean=HALF,
        std=HALF,
        licence="Apache-2.0 (this project)",
        citation=CLASSICAL,
    ),
)
REGISTRY: dict[str, BackboneSpec] = {spec.name: spec for spec in _SPECS}
# Other spellings of the longest name.
ALIASES = {"dinov3_huge_plus": "dinov3_vithuge_plus", "dinov3_vith16plus": "dinov3_vithuge_plus"}


def describe(name: str) -> BackboneSpec:
    """Return the facts about a backbone of the registry, or of any other timm model.

    Raises
    ------
    SettingError
        If neither the registry nor timm knows the name.

    Examples
    --------
    >>> spec = describe("dinov2_vits14")
    >>> spec.dimensions, spec.image_size, spec.patch_size, spec.licence
    (384, 224, 14, 'Apache-2.0')
    """
    known = REGISTRY.get(ALIASES.get(name, name))
    return known if known is not None else _describe_timm(name)


def checked_size(spec: BackboneSpec, image_size: int | None) -> int:
    """Return the height and width in pixels to run a backbone at.

    Raises
    ------
    SettingError
        If the backbone cannot take that size; the advice names the nearest allowed sizes.
    """
    if image_size is None:
        return spec.image_size
    if image_size < 32 or image_size > 4096:
        raise SettingError(
            "'image-size' must lie between 32 and 4096 pixels (got {image_size}).",
            advice="{spec} runs at {usual} by default.",
            image_size=image_size,
            spec=spec.name,
            usual=spec.image_size,
        )
    if spec.patch_size and image_size % spec.patch_size:
        below = image_size // spec.patch_size * spec.patch_size
        raise SettingError(
            "{spec} needs an image size that is a multiple of {patch_size} (got {image_size}).",
            advice="The nearest are {below} and {above}.",
            spec=spec.name,
            patch_size=spec.patch_size,
            image_size=image_size,
            below=below,
            above=below + spec.patch_size,
        )
    return image_size


def _describe_timm(name: str) -> BackboneSpec:
    import timm

    architecture = name.split(".", 1)[0]
    if not re.fullmatch(r"[A-Za-z0-9_.\-]+", name) or not timm.is_model(architecture):
        near = ", ".join(timm.list_models(f"*{architecture[:12]}*")[:3]) if architecture.isidentifier() else ""
        raise SettingError(
            "There is no backbone called {name!r}. timm has: {near}."
            if near
            else "There is no backbone called {name!r}.",
            advice="Choose one of {allowed}, or any name that timm knows.",
            name=name,
            near=near,
            allowed=", ".join(REGISTRY),
        )
    config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    if config is None:
        raise SettingError(
            "timm has no pretrained weights for {name!r}.", advice="Name the tag too, as in NAME.TAG.", name=name
        )
    patch = re.search(r"patch(\d+)", name)
    return BackboneSpec(
        name=name,
        timm_name=name if "." in name else f"{name}.{config.tag}" if config.tag else name,
        dimensions=0,
        image_size=int(config.input_size[1]),
        patch_size=int(patch.group(1)) if patch else 0,
        mean=_three(config.mean),
        std=_three(config.std),
        licence=config.license or "as stated on the model's page",
        citation="Wightman, PyTorch Image Models (timm), and the model's own paper.",
        interpolation=config.interpolation,
        hub_id=str(config.hf_hub_id or ""),
    )


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
