"""The network as engines run it: from uint8 pixels to the features that were asked for."""

from __future__ import annotations

import torch
from torch import nn

from core.backbones import Backbone
from core.errors import SettingError

TOKENS = ("cls", "patch", "cls+patch")


class FeatureHead(nn.Module):
    """Normalise pixels, run a frozen backbone, pool its tokens.

    Parameters
    ----------
    backbone : Backbone
        Its `module` must be a network.
    tokens : str
        `cls` the class token, `patch` the mean of the patch tokens, `cls+patch` both joined.
        Register tokens are kept out. A convolutional network has neither; it gives the mean
        of its last feature map, which is the pooling it was trained with.
    """

    scale: torch.Tensor
    offset: torch.Tensor

    def __init__(self, backbone: Backbone, tokens: str) -> None:
        super().__init__()
        if backbone.module is None:
            raise SettingError(f"{backbone.spec.name} is not a network and needs no engine.")
        if tokens not in TOKENS:
            raise SettingError(f"'tokens' must be one of {', '.join(TOKENS)} (got {tokens}).")
        self.network = backbone.module
        self.tokens = tokens
        self.prefix = int(getattr(backbone.module, "num_prefix_tokens", 0))
        mean = torch.tensor(backbone.spec.mean).view(1, 3, 1, 1)
        std = torch.tensor(backbone.spec.std).view(1, 3, 1, 1)
        # (x / 255 - mean) / std as one multiplication and one addition
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("offset", -mean / std)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map (b, s, s, 3) uint8 to (b, d)."""
        pixels = images.permute(0, 3, 1, 2).to(self.scale.dtype) * self.scale + self.offset
        features = self.network.forward_features(pixels)  # type: ignore[operator]
        if features.ndim == 3:
            return self._pool_tokens(features)
        pooled: torch.Tensor = self.network.forward_head(features, pre_logits=True)  # type: ignore[operator]
        return pooled

    def _pool_tokens(self, tokens: torch.Tensor) -> torch.Tensor:
        patches = tokens[:, self.prefix :].mean(dim=1)
        if self.prefix == 0 or self.tokens == "patch":
            return patches
        if self.tokens == "cls":
            return tokens[:, 0]
        return torch.cat([tokens[:, 0], patches], dim=1)
