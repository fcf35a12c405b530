"""Settings of the tokens of a network: kind, block, facet, pooling of patches."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from core.foundation import SettingError, check_choice

TOKENS = ("cls", "patch", "cls+patch", "layers")
# Stands for the tokens that retrieved best with a backbone, see `core.features.FeatureSettings.resolved`.
BEST = "best"
PATCH_POOLINGS = ("mean", "gem")
FACETS = ("token", "query", "key", "value")
GEM_POWER = 3.0
# Of an EfficientNet, whose seven stages end at 1/2, 1/4, 1/8, 1/16, 1/16, 1/32 and 1/32 of the picture.
STAGES, JOINED_STAGES, FINEST_STRIDE = 7, (2, 4, 5, 6), 8


@dataclass(frozen=True)
class TokenSettings:
    """Which tokens of a view become its features.

    Parameters
    ----------
    tokens : {"cls", "patch", "cls+patch", "layers"}
        Class token, the patch tokens pooled, or both joined. Register tokens are left out. A
        convolutional network has neither. It gives the mean of its last feature map, which is
        the pooling it was trained with. `layers`, for an EfficientNet only, joins its last feature
        map, pooled, and the means of the maps of four stages, each scaled to length 1.
    patch_pool : {"mean", "gem"}
        How patch tokens are pooled: mean, or generalised mean of the positive part with power 3
        (GeM; Radenović, Tolias & Chum 2018, Fine-tuning CNN image retrieval, IEEE TPAMI 41). With
        `layers` it applies to the last map alone, since the maps of earlier stages have negative values.
    patch_mask : bool
        Whether patches, or the cells of feature maps, are weighted by the share of them that shows
        the specimen, so that the background is left out.
    layer : int
        Block that tokens are taken from: -1 is the last, 0 the first. The network's last
        normalisation is applied after any block, as DINOv2's authors do.
    facet : {"token", "query", "key", "value"}
        The tokens themselves, or their queries, keys or values in the attention of that block,
        before rotary positions (Amir et al. 2021, Deep ViT features as dense visual descriptors).

    Raises
    ------
    SettingError
        If a value is not allowed.

    Examples
    --------
    >>> TokenSettings("patch", patch_pool="gem").identity
    {'tokens': 'patch', 'patch_pool': 'gem'}
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
            check_choice(name, given, allowed)
        if self.tokens == "cls" and (self.patch_mask or self.patch_pool != "mean"):
            name = "patch-mask" if self.patch_mask else "patch-pool"
            raise SettingError(
                f"'{name}' is about patch tokens, but only the class token is taken (tokens {self.tokens}).",
                advice="Take --tokens patch or cls+patch.",
            )
        if self.tokens == "layers" and self.needs_blocks:
            raise SettingError(
                "'tokens' layers takes feature maps of an EfficientNet; 'layer' and 'facet' are about transformers.",
                advice="Leave them out.",
            )

    @property
    def needs_blocks(self) -> bool:
        """Return whether these tokens need the blocks of a transformer."""
        return self.layer != -1 or self.facet != "token"

    @property
    def identity(self) -> dict[str, object]:
        """Return the settings to record: `tokens`, and all that differ from the defaults."""
        defaults = asdict(TokenSettings())
        values = asdict(self)
        return {name: value for name, value in values.items() if name == "tokens" or value != defaults[name]}


def grid_of(image_size: int, patch_size: int) -> int:
    """Return how many patches lie along the side of a picture.

    For a network without patches, these are the cells of the finest feature map used.

    Examples
    --------
    >>> grid_of(image_size=224, patch_size=14)
    16
    """
    return image_size // (patch_size or FINEST_STRIDE)


def patch_shares(masks: Bool[np.ndarray, "v h w"], grid: int) -> Float32[np.ndarray, "v p"]:
    """Return the share of each patch, row by row, that shows the specimen.

    In a view that shows nothing of the specimen every patch has the same share, 1.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.zeros((1, 28, 28), dtype=bool)
    >>> mask[0, :14, :7] = True
    >>> patch_shares(mask, grid=2)
    array([[0.5, 0. , 0. , 0. ]], dtype=float32)
    """
    shares = np.stack(
        [cv2.resize(mask.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA).ravel() for mask in masks]
    )
    shares[shares.sum(axis=1) <= 0] = 1.0
    return shares
