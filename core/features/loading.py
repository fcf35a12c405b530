"""Loading of the extractor that settings ask for."""

from __future__ import annotations

import logging
from dataclasses import replace

from core.backbones import AUTO, Backbone, choose_auto, load_backbone, open_engine
from core.features.base import Extractor
from core.features.extractors import ClassicalExtractor, NetworkExtractor
from core.features.settings import FeatureSettings
from core.foundation import SettingError

log = logging.getLogger(__name__)


def open_extractor(settings: FeatureSettings) -> Extractor:
    """Load the backbone and prepare its engine.

    Raises
    ------
    SettingError, WeightsError, DeviceError
        If the backbone, its weights or the device asked for are not available.

    Examples
    --------
    >>> import numpy as np
    >>> from core.features import FeatureSettings
    >>> extractor = open_extractor(FeatureSettings("classical"))
    >>> extractor(np.full((2, 64, 64, 3), 255, dtype=np.uint8)).shape
    (2, 3690)
    """
    if len(settings.models) > 1:
        from core.features.joined import JoinedExtractor

        if settings.weights is not None and settings.weights.is_file():
            raise SettingError(
                "'weights' is one file, but {model} are several backbones.",
                advice="Give the folder that holds the weights of all of them.",
                model=settings.model,
            )
        alone = [replace(settings, model=name, model_weights=()) for name in settings.models]
        weights = settings.model_weights or (1.0,) * len(alone)
        return JoinedExtractor([open_extractor(part) for part in alone], weights)
    model = settings.model
    if model == AUTO:
        model, reason = choose_auto(settings.weights, download=settings.download)
        log.warning("Backbone: %s, because %s.", model, reason)
    weights_path = settings.weights if model == settings.model or model == "dinov2_vits14" else None
    backbone = load_backbone(model, image_size=settings.image_size, weights=weights_path, download=settings.download)
    settings = settings.resolved(model)
    if not backbone.spec.is_network:
        return ClassicalExtractor(backbone, settings)
    _check_patches(backbone, settings)
    engine = open_engine(backbone, settings.token_settings, settings.engine, dense=settings.dense)
    return NetworkExtractor(backbone, engine, settings.token_settings)


def views_at_once(extractor: Extractor) -> int:
    """Return how many views an extractor processes best in one call.

    Views of several specimens may be given together to reach that number.
    """
    return extractor.images_at_once if isinstance(extractor, NetworkExtractor) else 1


def _check_patches(backbone: Backbone, settings: FeatureSettings) -> None:
    uses_feature_maps = settings.tokens == "layers"
    if backbone.spec.patch_size == 0 and (settings.dense or (settings.patch_mask and not uses_feature_maps)):
        which = "dense" if settings.dense else "patch-mask"
        raise SettingError(
            "'{which}' needs a vision transformer; {spec} has no patches.",
            advice="Take a DINOv2 backbone, or --tokens layers with --patch-mask.",
            which=which,
            spec=backbone.spec.name,
        )
