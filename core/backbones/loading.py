"""The registry of backbones: what each is, what it wants to see, and how it is built.

The one place that imports timm. `describe` tells facts without loading anything heavy;
`load_backbone` finds the weights, checks them tensor by tensor and builds the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backbones.checkpoints import load_checked, sha256_of_network
from core.backbones.registry import EMBEDDED, REGISTRY, BackboneSpec, checked_size, describe
from core.backbones.weights import FoundWeights, find_weights
from core.foundation import SettingError, WeightsError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Backbone:
    """A backbone ready to run: its facts, its size, its weights, and its network when needed.

    Parameters
    ----------
    spec : BackboneSpec
        The facts about it.
    image_size : int
        Height and width in pixels that it is built for.
    weights : FoundWeights, optional
        Its weights on this machine; None for `classical`, or where a network is handed in.
    network : torch.nn.Module, optional
        A network that is built already.
    """

    spec: BackboneSpec
    image_size: int
    weights: FoundWeights | None = None
    network: torch.nn.Module | None = None

    @cached_property
    def module(self) -> Any:
        """Return the frozen network: normalised float32 (b, 3, h, w) to tokens or feature maps.

        Built when it is first asked for, since importing PyTorch and timm takes seconds and an
        engine that kept a converted network does without.

        Raises
        ------
        SettingError
            Where this backbone is not a network.
        WeightsError
            Where the weights are damaged, or belong to another network.
        """
        network = self.network
        if network is None:
            if self.weights is None:
                raise SettingError("{spec} is not a network and needs no engine.", spec=self.spec.name)
            network = build_network(self.spec, self.image_size, is_to_be_filled=True)
            load_checked(network, self.weights, self.spec)
        return network.eval().requires_grad_(False)

    @property
    def identity(self) -> dict[str, object]:
        """Return what must be recorded beside everything that this backbone made."""
        return {
            "backbone": self.spec.name,
            "timm_name": self.spec.timm_name,
            "image_size": self.image_size,
            "weights_sha256": self.weights.sha256 if self.weights else self._sha256_of_handed_in,
            "weights_source": self._weights_source,
        }

    @property
    def _weights_source(self) -> str:
        if self.weights is not None:
            return self.weights.source
        return "none needed" if self.network is None else "a network that was handed in"

    @cached_property
    def _sha256_of_handed_in(self) -> str:
        return sha256_of_network(self.network) if self.network is not None else ""


def choose_auto(weights: Path | None = None, *, download: bool = True) -> tuple[str, str]:
    """Return the backbone that `auto` stands for on this machine, and why.

    DINOv2 ViT-S/14 where its weights are at hand or can be fetched, else the embedded
    EfficientNet-Lite2.
    """
    try:
        found = find_weights(REGISTRY["dinov2_vits14"], weights, download=download)
    except WeightsError as error:
        return EMBEDDED, f"the weights of dinov2_vits14 are not to be had here ({error.problem})"
    return "dinov2_vits14", f"its weights are at hand ({found.source})"


def load_backbone(
    name: str, *, image_size: int | None = None, weights: Path | None = None, download: bool = True
) -> Backbone:
    """Find the weights of a backbone and return it; its network is built when it is asked for.

    Raises
    ------
    SettingError
        For an unknown name or a size that the backbone cannot take.
    WeightsError
        Where the weights are missing. That they are damaged, or belong to another network,
        shows when its network is asked for.
    """
    spec = describe(name)
    size = checked_size(spec, image_size)
    if not spec.is_network:
        return Backbone(spec, size)
    return Backbone(spec, size, find_weights(spec, weights, download=download))


def build_network(spec: BackboneSpec, image_size: int, *, is_to_be_filled: bool = False) -> Any:
    """Return the network of a backbone with random weights, without a classifier.

    Where it is about to be filled with weights its careful initial values are left out, which
    take longer than reading the file.
    """
    import timm

    options: dict[str, Any] = {"pretrained": False, "num_classes": 0}
    if spec.patch_size:
        options["img_size"] = image_size
    if is_to_be_filled and spec.is_dinov2:
        options["weight_init"] = "skip"
    return timm.create_model(spec.timm_name, **options)
