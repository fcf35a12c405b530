"""The module that engines run: from uint8 pixels to features."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from core.backbones.loading import Backbone
from core.backbones.tokens import GEM_POWER, JOINED_STAGES, STAGES, TokenSettings
from core.foundation import SettingError

_FACETS = ("query", "key", "value")


class FeatureHead(nn.Module):
    """Normalise pixels, run a frozen backbone, pool its tokens.

    Parameters
    ----------
    backbone : Backbone
        A network.
    tokens : TokenSettings
        The tokens that become features.
    dense : bool
        Whether class token and patch tokens are returned beside the pooled features.

    Raises
    ------
    SettingError
        If the network does not have the tokens asked for.
    """

    scale: torch.Tensor
    offset: torch.Tensor

    def __init__(self, backbone: Backbone, tokens: TokenSettings, *, dense: bool = False) -> None:
        super().__init__()
        self.network = backbone.module
        self.tokens, self.dense = tokens, dense
        self.prefix = int(getattr(self.network, "num_prefix_tokens", 0))
        self.has_class_token = self.prefix > 0
        self.block = _block_number(backbone, self.network, tokens)
        if tokens.tokens == "layers":
            _check_stages(backbone, self.network)
        mean = torch.tensor(backbone.spec.mean).view(1, 3, 1, 1)
        std = torch.tensor(backbone.spec.std).view(1, 3, 1, 1)
        # (x / 255 - mean) / std as one multiplication and one addition.
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("offset", -mean / std)

    def forward(self, images: torch.Tensor, shares: torch.Tensor | None = None) -> Any:
        """Return features of images, and with `dense` also their tokens.

        Parameters
        ----------
        images : (b, s, s, 3) uint8
            RGB images.
        shares : (b, p) float, optional
            Weight of each patch, if patches or feature maps are masked.

        Returns
        -------
        features : (b, d) float
            Pooled tokens.
        tokens : (b, 1 + p, d) float
            With `dense` alone: class token and patch tokens.
        """
        pixels = images.permute(0, 3, 1, 2).to(self.scale.dtype) * self.scale + self.offset
        if self.tokens.tokens == "layers":
            return self._from_stages(pixels, shares)
        features = self._from_block(pixels) if self.tokens.needs_blocks else self.network.forward_features(pixels)
        if features.ndim != 3:
            return self.network.forward_head(features, pre_logits=True)
        patches = features[:, self.prefix :]
        pooled = self._pool_tokens(features, patches, shares)
        if not self.dense:
            return pooled
        return pooled, torch.cat([features[:, :1], patches], dim=1) if self.has_class_token else patches

    def _pool_tokens(self, tokens: torch.Tensor, patches: torch.Tensor, shares: torch.Tensor | None) -> torch.Tensor:
        if self.tokens.tokens == "cls" and self.has_class_token:
            return tokens[:, 0]
        if self.tokens.patch_pool == "gem":
            patches = patches.clamp(min=1e-6) ** GEM_POWER
        if shares is None:
            pooled = patches.mean(dim=1)
        else:
            weights = shares / shares.sum(dim=1, keepdim=True)
            pooled = (patches * weights.to(patches.dtype).unsqueeze(2)).sum(dim=1)
        if self.tokens.patch_pool == "gem":
            pooled = pooled ** (1 / GEM_POWER)
        if self.tokens.tokens == "patch" or not self.has_class_token:
            return pooled
        return torch.cat([tokens[:, 0], pooled], dim=1)

    def _from_stages(self, pixels: torch.Tensor, shares: torch.Tensor | None) -> torch.Tensor:
        """Return pooled feature maps of some stages and the last one, joined.

        Each of them is scaled to length 1.
        """
        network = self.network
        maps = network.bn1(network.conv_stem(pixels))
        means = []
        for number, stage in enumerate(network.blocks):
            maps = stage(maps)
            if number in JOINED_STAGES:
                means.append(_mean_of_map(maps, shares))
        maps = network.bn2(network.conv_head(maps))
        if self.tokens.patch_pool == "gem":
            means.append(_mean_of_map(maps.clamp(min=1e-6) ** GEM_POWER, shares) ** (1 / GEM_POWER))
        else:
            means.append(_mean_of_map(maps, shares))
        return torch.cat([functional.normalize(mean, dim=1) for mean in means], dim=1)

    def _from_block(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return all tokens of one block or a facet of its attention, (b, prefix + p, d)."""
        inputs: list[torch.Tensor] = []
        attention = self.network.blocks[self.block].attn
        hook = attention.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
        try:
            patches, front = self.network.forward_intermediates(
                pixels,
                indices=[self.block],
                return_prefix_tokens=True,
                norm=True,
                stop_early=True,
                output_fmt="NLC",
                intermediates_only=True,
            )[0]
        finally:
            hook.remove()
        if self.tokens.facet != "token":
            return _project(attention, inputs[0], _FACETS.index(self.tokens.facet))
        return torch.cat([front, patches], dim=1) if self.prefix else patches


def _mean_of_map(maps: torch.Tensor, shares: torch.Tensor | None) -> torch.Tensor:
    """Return the mean over the cells of maps (b, c, h, w), weighted by shares (b, p)."""
    if shares is None:
        return maps.mean(dim=(2, 3))
    grid = int(shares.shape[1] ** 0.5)
    size = (maps.shape[2], maps.shape[3])
    weights = functional.adaptive_avg_pool2d(shares.reshape(-1, 1, grid, grid), size).to(maps.dtype)
    return (maps * weights).sum(dim=(2, 3)) / weights.sum(dim=(2, 3))


def _project(attention: Any, tokens: torch.Tensor, which: int) -> torch.Tensor:
    """Return queries (0), keys (1) or values (2) of all heads, joined."""
    # Some of timm's networks have three projections, others a joint one with a joint bias or three.
    projection = getattr(attention, ("q_proj", "k_proj", "v_proj")[which], None)
    if projection is not None:
        projected: torch.Tensor = projection(tokens)
    else:
        joint_bias = attention.qkv.bias
        if joint_bias is not None:
            bias = joint_bias.chunk(3)[which]
        else:
            bias = getattr(attention, ("q_bias", "k_bias", "v_bias")[which], None)
        projected = functional.linear(tokens, attention.qkv.weight.chunk(3)[which], bias)
    norm = getattr(attention, ("q_norm", "k_norm", "")[which], None) if which < 2 else None
    if norm is None or isinstance(norm, nn.Identity):
        return projected
    batch, length, _ = projected.shape
    heads = projected.reshape(batch, length, attention.num_heads, -1).transpose(1, 2)
    normalised: torch.Tensor = norm(heads).transpose(1, 2).reshape(batch, length, -1)
    return normalised


def _block_number(backbone: Backbone, network: Any, tokens: TokenSettings) -> int:
    """Return the number of the block counted from the front, -1 if none is needed.

    Raises
    ------
    SettingError
        If the network has no such block.
    """
    if not tokens.needs_blocks:
        return -1
    depth = len(getattr(network, "blocks", ())) if hasattr(network, "forward_intermediates") else 0
    first = network.blocks[0] if depth else None
    if not hasattr(first, "attn"):
        raise SettingError(
            f"'layer' and 'facet' need a vision transformer; {backbone.spec.name} is none.",
            advice="Leave them out, or take a DINOv2 backbone.",
        )
    if not -depth <= tokens.layer < depth:
        raise SettingError(
            f"'layer' must lie between {-depth} and {depth - 1} for {backbone.spec.name} (got {tokens.layer})."
        )
    return tokens.layer % depth


def _check_stages(backbone: Backbone, network: Any) -> None:
    parts = ("conv_stem", "bn1", "blocks", "conv_head", "bn2")
    if not all(hasattr(network, part) for part in parts) or len(network.blocks) != STAGES:
        raise SettingError(
            "'tokens' layers needs an EfficientNet; {spec} is none.",
            advice="Take --model efficientnet_lite2, or other tokens.",
            spec=backbone.spec.name,
        )
