"""Networks for tests: DINOv2 as its authors published it, and small ones of timm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.backbones import Backbone, describe

PATCH = 14
TRAINED_GRID = 37


class PublishedDinoV2(nn.Module):
    """DINOv2, written from its description and the names in its checkpoints.

    A pre-norm vision transformer with LayerScale (Oquab et al. 2024; Darcet et al. 2024). Positions are
    those of 518 pixels and are interpolated for other sizes: by a scale factor with 0.1 added to the
    grid and without antialiasing, or, in the models with registers, to the grid itself with
    antialiasing.
    """

    def __init__(self, width: int, depth: int, heads: int, *, registers: int = 0, swiglu: bool = False) -> None:
        super().__init__()
        self.registers = registers
        self.cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + TRAINED_GRID**2, width))
        if registers:
            self.register_tokens = nn.Parameter(torch.randn(1, registers, width))
        self.mask_token = nn.Parameter(torch.randn(1, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, PATCH, PATCH)})
        self.blocks = nn.ModuleList(PublishedBlock(width, heads, swiglu=swiglu) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return normalised tokens: class, registers, patches."""
        patches = self.patch_embed["proj"](pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(pixels), -1, -1), patches], dim=1)
        tokens = tokens + self.positions(pixels.shape[-1] // PATCH)
        if self.registers:
            extra = self.register_tokens.expand(len(pixels), -1, -1)
            tokens = torch.cat([tokens[:, :1], extra, tokens[:, 1:]], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)

    def positions(self, grid: int) -> torch.Tensor:
        """Return class position and patch positions for another grid."""
        if grid == TRAINED_GRID:
            return self.pos_embed
        picture = self.pos_embed[:, 1:].reshape(1, TRAINED_GRID, TRAINED_GRID, -1).permute(0, 3, 1, 2)
        if self.registers:
            moved = functional.interpolate(picture, size=(grid, grid), mode="bicubic", antialias=True)
        else:
            factor = float(grid + 0.1) / TRAINED_GRID
            moved = functional.interpolate(picture, scale_factor=(factor, factor), mode="bicubic")
        return torch.cat([self.pos_embed[:, :1], moved.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


class PublishedBlock(nn.Module):
    """Attention and a feed-forward layer, each normalised before and scaled after."""

    def __init__(self, width: int, heads: int, *, swiglu: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.ls1 = nn.ParameterDict({"gamma": nn.Parameter(torch.rand(width))})
        self.ls2 = nn.ParameterDict({"gamma": nn.Parameter(torch.rand(width))})
        self.swiglu = swiglu
        if swiglu:
            hidden = (int(4 * width * 2 / 3) + 7) // 8 * 8
            self.mlp = nn.ModuleDict({"w12": nn.Linear(width, 2 * hidden), "w3": nn.Linear(hidden, width)})
        else:
            self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the tokens after one block."""
        tokens = tokens + self.ls1["gamma"] * self.attend(self.norm1(tokens))
        return tokens + self.ls2["gamma"] * self.feed_forward(self.norm2(tokens))

    def attend(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return multi-head self-attention, written out."""
        batch, length, width = tokens.shape
        parts = self.attn["qkv"](tokens).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attention = (query @ key.transpose(2, 3) / math.sqrt(width // self.heads)).softmax(dim=3)
        return self.attn["proj"]((attention @ value).transpose(1, 2).reshape(batch, length, width))

    def feed_forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return two layers with GELU between, or SwiGLU."""
        if self.swiglu:
            gate, content = self.mlp["w12"](tokens).chunk(2, dim=2)
            return self.mlp["w3"](functional.silu(gate) * content)
        return self.mlp["fc2"](functional.gelu(self.mlp["fc1"](tokens)))


def published_small(*, registers: bool, seed: int = 0) -> PublishedDinoV2:
    """Return ViT-S/14 as published, with random weights."""
    torch.manual_seed(seed)
    return PublishedDinoV2(384, 12, 6, registers=4 if registers else 0).eval().requires_grad_(False)


def tiny_backbone(size: int = 56, *, registers: bool = False, seed: int = 0) -> Backbone:
    """Return a DINOv2 of two narrow blocks with random weights, which runs fast."""
    import timm

    torch.manual_seed(seed)
    name = f"vit_small_patch14{'_reg4' if registers else ''}_dinov2"
    network = timm.create_model(name, num_classes=0, img_size=size, depth=2, embed_dim=48, num_heads=3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    spec = replace(describe("dinov2_vits14_reg" if registers else "dinov2_vits14"), dimensions=48)
    return Backbone(spec, size, network=network)


def pictures(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Return random pictures, (count, size, size, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def smallest_cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Return the smallest cosine between rows of two matrices."""
    dots = (one.astype(np.float64) * other).sum(axis=1)
    return float((dots / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).min())
