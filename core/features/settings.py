"""Settings of feature extraction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from core.backbones import BEST, EMBEDDED, EngineSettings, TokenSettings
from core.foundation import SettingError

JOINT = "+"


@dataclass(frozen=True)
class FeatureSettings:
    """Which features are extracted from every view.

    Parameters
    ----------
    model : str
        A backbone of the registry, a timm name, or `auto`; several joined by `+`.
    weights : Path, optional
        A weights file, or a folder that holds it.
    download : bool
        Whether weights that are not on this machine may be fetched from timm's hub.
    image_size : int, optional
        Height and width in pixels of the images that the backbone is given; None for its default.
    tokens, patch_pool, patch_mask, layer, facet
        As in `core.backbones.TokenSettings`. Tokens may also be `best`: the tokens that retrieved best
        with the backbone in the trials of docs/retrieval.md, see `resolved`.
    dense : bool
        Whether class token and all patch tokens are kept, too.
    model_weights : tuple of float
        Weight of each of several joined backbones; empty for equal weights.
    engine : EngineSettings
        How the backbone is run.

    Raises
    ------
    SettingError
        If a value is not allowed. Names of backbones and image sizes are checked by
        `open_extractor`.

    Examples
    --------
    >>> settings = FeatureSettings("dinov2_vits14+classical", model_weights=(2.0, 1.0))
    >>> settings.models
    ('dinov2_vits14', 'classical')
    >>> FeatureSettings("dinov2_vits14", tokens="best").resolved("dinov2_vits14").tokens
    'cls'
    """

    model: str = "dinov2_vits14"
    weights: Path | None = None
    download: bool = True
    image_size: int | None = None
    tokens: str = "cls"
    patch_pool: str = "mean"
    patch_mask: bool = False
    layer: int = -1
    facet: str = "token"
    dense: bool = False
    model_weights: tuple[float, ...] = ()
    engine: EngineSettings = field(default_factory=EngineSettings)

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.tokens == BEST:
            if (self.patch_pool, self.patch_mask, self.layer, self.facet) != ("mean", False, -1, "token"):
                raise SettingError(
                    "'tokens' best chooses patch-pool, patch-mask, layer and facet by itself.",
                    advice="Leave these out, or say which tokens to take.",
                )
        else:
            _ = self.token_settings
        names = self.models
        if not all(names):
            raise SettingError(
                "'model' must name a backbone on each side of a + (got {model!r}).",
                advice="Like dinov2_vits14+classical.",
                model=self.model,
            )
        if self.model_weights and (len(self.model_weights) != len(names) or min(self.model_weights) <= 0):
            given = ", ".join(f"{weight:g}" for weight in self.model_weights)
            raise SettingError(
                "'model-weights' must be {names} number(s) above 0, one a backbone of {model} (got {given}).",
                names=len(names),
                model=self.model,
                given=given,
            )
        if len(names) > 1 and self.dense:
            raise SettingError(
                "'dense' keeps the tokens of one backbone, but several are joined.", advice="Extract them one by one."
            )

    @property
    def models(self) -> tuple[str, ...]:
        """Return the names of the backbones, several if they are joined."""
        return tuple(name.strip() for name in self.model.split(JOINT))

    def resolved(self, backbone: str) -> FeatureSettings:
        """Return these settings with `best` replaced by the tokens it stands for.

        For the embedded EfficientNet these are `layers` with GeM and without the background. For all
        other backbones it is the class token, or the mean of the last feature map.
        """
        if self.tokens != BEST:
            return self
        if backbone == EMBEDDED:
            return replace(self, tokens="layers", patch_pool="gem", patch_mask=True)
        return replace(self, tokens="cls")

    @property
    def token_settings(self) -> TokenSettings:
        """Return the settings of the tokens alone."""
        return TokenSettings(self.tokens, self.patch_pool, self.patch_mask, self.layer, self.facet)
