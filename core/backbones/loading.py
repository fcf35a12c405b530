"""Backbones with their weights, and networks built by timm.

`load_backbone` finds the weights. The network is built, and its weights are checked tensor by tensor,
when `Backbone.module` is first asked for.
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
    """A backbone ready to run: facts, image size, weights, and network when needed.

    Parameters
    ----------
    spec : BackboneSpec
        The facts about it.
    image_size : int
        Height and width in pixels that the network is built for.
    weights : FoundWeights, optional
        Its weights on this machine; None for `classical`, or if `network` is given.
    network : torch.nn.Module, optional
        A network with its weights, used instead of building one.
    """

    spec: BackboneSpec
    image_size: int
    weights: FoundWeights | None = None
    network: torch.nn.Module | None = None

    @cached_property
    def module(self) -> Any:
        """Return the frozen network.

        It maps normalised float32 images (b, 3, h, w) to tokens or feature maps. It is built on first
        use, since importing PyTorch and timm takes seconds and an engine with a stored converted
        network does not need it.

        Raises
        ------
        SettingError
            If this backbone is not a network.
        WeightsError
            If the weights are damaged, or belong to another network.
        """
        network = self.network
        if network is None:
            if self.weights is None:
                raise SettingError("{spec} is not a network and needs no engine.", spec=self.spec.name)
            network = build_network(self.spec, self.image_size, skip_init=True)
            load_checked(network, self.weights, self.spec)
        return network.eval().requires_grad_(False)

    @property
    def identity(self) -> dict[str, object]:
        """Return the facts to record with every result of this backbone."""
        return {
            "backbone": self.spec.name,
            "timm_name": self.spec.timm_name,
            "image_size": self.image_size,
            "weights_sha256": self.weights.sha256 if self.weights else self._sha256_of_network,
            "weights_source": self._weights_source,
        }

    @property
    def _weights_source(self) -> str:
        if self.weights is not None:
            return self.weights.source
        return "none needed" if self.network is None else "a network that was handed in"

    @cached_property
    def _sha256_of_network(self) -> str:
        return sha256_of_network(self.network) if self.network is not None else ""


def choose_auto(weights: Path | None = None, *, download: bool = True) -> tuple[str, str]:
    """Return the backbone that `auto` stands for on this machine, and the reason.

    This is DINOv2 ViT-S/14 if its weights are on this machine or can be fetched, else the embedded
    EfficientNet-Lite2.
    """
    try:
        found = find_weights(REGISTRY["dinov2_vits14"], weights, download=download)
    except WeightsError as error:
        return EMBEDDED, f"the weights of dinov2_vits14 are not available here ({error.problem})"
    return "dinov2_vits14", f"its weights are at hand ({found.source})"


def load_backbone(
    name: str, *, image_size: int | None = None, weights: Path | None = None, download: bool = True
) -> Backbone:
    """Find the weights of a backbone and return it, its network not yet built.

    Parameters
    ----------
    name : str
        A backbone of the registry, or a timm name.
    image_size : int, optional
        Height and width in pixels; None for the default of the backbone.
    weights : Path, optional
        A weights file, or a folder that holds it.
    download : bool
        Whether weights may be fetched from the hub.

    Raises
    ------
    SettingError
        If the name is unknown, or the backbone cannot take that size.
    WeightsError
        If the weights are missing. Damaged weights, and weights of another network, are an error of
        `Backbone.module`.

    Examples
    --------
    >>> backbone = load_backbone("classical")
    >>> backbone.spec.dimensions, backbone.image_size
    (3690, 224)
    """
    spec = describe(name)
    size = checked_size(spec, image_size)
    if not spec.is_network:
        return Backbone(spec, size)
    return Backbone(spec, size, find_weights(spec, weights, download=download))


def build_network(spec: BackboneSpec, image_size: int, *, skip_init: bool = False) -> Any:
    """Return the network of a backbone with random weights, without a classifier.

    Parameters
    ----------
    spec : BackboneSpec
        The backbone, which must be a network.
    image_size : int
        Height and width in pixels of its images.
    skip_init : bool
        Whether DINOv2's weight initialisation is left out, which takes longer than reading a weights
        file. For networks that are loaded with weights afterwards.
    """
    import timm

    options: dict[str, Any] = {"pretrained": False, "num_classes": 0}
    if spec.patch_size:
        options["img_size"] = image_size
    if skip_init and spec.is_dinov2:
        options["weight_init"] = "skip"
    return timm.create_model(spec.timm_name, **options)
