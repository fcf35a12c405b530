"""Settings of feature extraction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from core.backbones import BEST, EMBEDDED, EngineSettings, TokenSettings
from core.foundation import SettingError

JOINT = "+"


@dataclass(frozen=True)
class FeatureSettings:
    """What is taken out of every view.

    Parameters
    ----------
    model : str
        A backbone of the registry, a timm name, or `auto`; several joined by `+`.
    weights : Path, optional
        A weights file, or a folder that holds it.
    download : bool
        Whether weights that are not on this machine may be fetched from timm's hub.
    image_size : int, optional
        Height and width in pixels that the backbone sees; its own default where None.
    tokens, patch_pool, patch_mask, layer, facet
        As `core.backbones.tokens.TokenSettings` has them. Tokens may be `best`: what found best with the
        backbone in the trials of docs/retrieval.md, see `settled`.
    dense : bool
        Whether class token and all patch tokens are kept, too.
    model_weights : tuple of float
        How much each of several joined backbones counts; all alike where empty.
    engine : EngineSettings
        How the backbone is run.

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed. Names and sizes are checked where they
        are resolved.
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
            _ = self.taken
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
        """Return the backbones that are joined; mostly one."""
        return tuple(name.strip() for name in self.model.split(JOINT))

    def settled(self, backbone: str) -> FeatureSettings:
        """Return these settings with `best` replaced by what it stands for with a backbone.

        Layers, the last of them by GeM, and the background left out for the embedded
        EfficientNet; the class token, or what stands for it, for all others.
        """
        if self.tokens != BEST:
            return self
        if backbone == EMBEDDED:
            return replace(self, tokens="layers", patch_pool="gem", patch_mask=True)
        return replace(self, tokens="cls")

    @property
    def taken(self) -> TokenSettings:
        """Return what is taken out of a network."""
        return TokenSettings(self.tokens, self.patch_pool, self.patch_mask, self.layer, self.facet)
