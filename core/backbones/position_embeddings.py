"""Position embeddings of DINOv2 for another image size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.foundation import WeightsError

if TYPE_CHECKING:
    import torch


def resample_positions(positions: torch.Tensor, wanted: int, prefix: int, *, registers: bool) -> torch.Tensor:
    """Return position embeddings for another square grid of patches.

    They are interpolated as the authors of DINOv2 do.

    Parameters
    ----------
    positions : (1, prefix + h * h, d) float
        As trained: a 37 x 37 grid for images of 518 pixels.
    wanted : int
        Number of positions of the network, with its prefix.
    prefix : int
        Number of positions in front that belong to no patch: 1 for the class token, else 0.
    registers : bool
        Whether the model has registers. Models with registers are interpolated with antialiasing to
        the exact size, others by a scale factor with an offset of 0.1 and without antialiasing.

    Raises
    ------
    WeightsError
        If the number of positions is not a square grid.

    Notes
    -----
    Source: Oquab et al. (2024), `interpolate_pos_encoding` in the authors' published code and
    the options of their hub entries (`interpolate_antialias`, `interpolate_offset`).
    """
    import torch
    from torch.nn import functional

    front, grid = positions[:, :prefix], positions[:, prefix:]
    old, new = math.isqrt(grid.shape[1]), math.isqrt(wanted - prefix)
    if old * old != grid.shape[1] or new * new != wanted - prefix:
        raise WeightsError(
            f"The position embeddings are not a square grid ({grid.shape[1]} positions).",
            advice="Give the weights of a DINOv2 model.",
        )
    if old == new:
        return positions
    picture = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2).float()
    if registers:
        moved = functional.interpolate(picture, size=(new, new), mode="bicubic", antialias=True)
    else:
        scale = (new + 0.1) / old
        moved = functional.interpolate(picture, scale_factor=(scale, scale), mode="bicubic", antialias=False)
    moved = moved.permute(0, 2, 3, 1).reshape(1, new * new, -1).to(positions.dtype)
    return torch.cat([front, moved], dim=1)
