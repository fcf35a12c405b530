"""What is taken out of a network: which tokens, from which block, and how patches are pooled."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from core.foundation import SettingError

TOKENS = ("cls", "patch", "cls+patch", "layers")
# Stands for what found best with a backbone, see `core.features.settings.FeatureSettings.settled`.
BEST = "best"
PATCH_POOLINGS = ("mean", "gem")
FACETS = ("token", "query", "key", "value")
GEM_POWER = 3.0
# Of an EfficientNet, whose seven stages end at a half, 1/4, 1/8, 1/16, 1/16, 1/32 and 1/32 of the picture.
STAGES, JOINED_STAGES, FINEST_STRIDE = 7, (2, 4, 5, 6), 8


@dataclass(frozen=True)
class TokenSettings:
    """Which tokens of a view become its features.

    Parameters
    ----------
    tokens : {"cls", "patch", "cls+patch", "layers"}
        Class token, the patch tokens pooled, or both joined. Register tokens are kept out. A
        convolutional network has neither; it gives the mean of its last feature map, which is
        the pooling it was trained with. `layers`, of an EfficientNet only: its last feature map
        pooled and the means of those of four stages, each brought to length 1, joined.
    patch_pool : {"mean", "gem"}
        How patch tokens are pooled: mean, or generalised mean of the positive part with power 3
        (GeM; Radenović, Tolias & Chum 2018, Fine-tuning CNN image retrieval, IEEE TPAMI 41). Of
        `layers`, the last map alone: those of the stages before it are negative in part.
    patch_mask : bool
        Whether patches, or the cells of feature maps, count by the share of them that shows the
        specimen, so that the background is left out.
    layer : int
        Block that tokens are taken from, -1 the last, 0 the first. The network's last
        normalisation is applied whichever it is, as DINOv2's authors do.
    facet : {"token", "query", "key", "value"}
        The tokens themselves, or what the attention of that block makes of them before rotary
        positions (Amir et al. 2021, Deep ViT features as dense visual descriptors).

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed.
    """

    tokens: str = "cls"
    patch_pool: str = "mean"
    patch_mask: bool = False
    layer: int = -1
    facet: str = "token"

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, given, allowed in (
            ("tokens", self.tokens, TOKENS),
            ("patch-pool", self.patch_pool, PATCH_POOLINGS),
            ("facet", self.facet, FACETS),
        ):
            if given not in allowed:
                raise SettingError(f"'{name}' must be one of {', '.join(allowed)} (got {given}).")
        if self.tokens == "cls" and (self.patch_mask or self.patch_pool != "mean"):
            which = "patch-mask" if self.patch_mask else "patch-pool"
            raise SettingError(
                f"'{which}' is about patch tokens, but only the class token is taken (tokens {self.tokens}).",
                advice="Take --tokens patch or cls+patch.",
            )
        if self.tokens == "layers" and self.needs_blocks:
            raise SettingError(
                "'tokens' layers takes feature maps of an EfficientNet; 'layer' and 'facet' are about transformers.",
                advice="Leave them out.",
            )

    @property
    def needs_blocks(self) -> bool:
        """Return whether only a transformer can give this."""
        return self.layer != -1 or self.facet != "token"

    @property
    def identity(self) -> dict[str, object]:
        """Return what must be recorded: the choice of tokens, and what differs from the usual."""
        usual = asdict(TokenSettings())
        given = asdict(self)
        return {name: value for name, value in given.items() if name == "tokens" or value != usual[name]}


def grid_of(image_size: int, patch_size: int) -> int:
    """Return how many patches, or cells of the finest feature map, lie along a picture's side."""
    return image_size // (patch_size or FINEST_STRIDE)


def patch_shares(masks: Bool[np.ndarray, "v h w"], grid: int) -> Float32[np.ndarray, "v p"]:
    """Return the share of each patch, row by row, that shows the specimen.

    A view that shows nothing of it counts every patch alike.
    """
    shares = np.stack(
        [cv2.resize(mask.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA).ravel() for mask in masks]
    )
    shares[shares.sum(axis=1) <= 0] = 1.0
    return shares
