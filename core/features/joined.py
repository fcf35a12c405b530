"""Several backbones as one extractor, their features weighted and joined."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from core.features.base import Extractor


class JoinedExtractor:
    """An extractor that joins the features of several extractors.

    The features of each part are scaled to length 1, multiplied by the square root of the part's
    share of the weights, and concatenated. The cosine of two views is then the weighted mean of the
    parts' cosines.

    Parameters
    ----------
    parts : sequence of Extractor
        Two or more.
    weights : sequence of float
        One per part, above 0; only their ratio matters.
    """

    def __init__(self, parts: Sequence[Extractor], weights: Sequence[float]) -> None:
        self._parts = tuple(parts)
        self._shares = tuple(weight / sum(weights) for weight in weights)

    @property
    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers, for every part."""
        parts = [part.identity for part in self._parts]
        return {
            "backbone": "+".join(str(part["backbone"]) for part in parts),
            "image_size": self.image_size,
            "engine": _either(parts, "engine"),
            "device": _either(parts, "device"),
            "precision": _either(parts, "precision"),
            "weights_source": _either(parts, "weights_source"),
            "uses_depth": any(part.get("uses_depth") for part in parts),
            "shares": [round(share, 6) for share in self._shares],
            "parts": parts,
        }

    @property
    def image_size(self) -> int:
        """Return the largest image size of the parts, each of which resizes views itself."""
        return max(part.image_size for part in self._parts)

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features per view."""
        columns = []
        for part, share in zip(self._parts, self._shares, strict=True):
            features = part(images, masks, depth)
            # In float32, unlike `core.embeddings.unit_rows`, whose last bits differ from those of stored features.
            lengths = np.linalg.norm(features, axis=1, keepdims=True)
            columns.append(features * (math.sqrt(share) / np.maximum(lengths, 1e-12)))
        return np.concatenate(columns, axis=1).astype(np.float32)


def _either(parts: Sequence[dict[str, object]], name: str) -> str:
    """Return the different values of the parts, joined by a plus sign."""
    return " + ".join(dict.fromkeys(str(part.get(name, "")) for part in parts))
