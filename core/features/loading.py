"""Opens the extractor that settings ask for."""

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
    """Load the backbone and make its engine ready.

    Raises
    ------
    SettingError, WeightsError, DeviceError
        Where the backbone, its weights, or the device asked for cannot be had.
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
        model, why = choose_auto(settings.weights, download=settings.download)
        log.warning("Backbone: %s, because %s.", model, why)
    given = settings.weights if model == settings.model or model == "dinov2_vits14" else None
    backbone = load_backbone(model, image_size=settings.image_size, weights=given, download=settings.download)
    settings = settings.settled(model)
    if not backbone.spec.is_network:
        return ClassicalExtractor(backbone, settings)
    _check_patches(backbone, settings)
    engine = open_engine(backbone, settings.taken, settings.engine, dense=settings.dense)
    return NetworkExtractor(backbone, engine, settings.taken)


def views_at_once(extractor: Extractor) -> int:
    """Return how many views it likes to be given together, of several specimens if need be."""
    return extractor.images_at_once if isinstance(extractor, NetworkExtractor) else 1


def _check_patches(backbone: Backbone, settings: FeatureSettings) -> None:
    has_maps = settings.tokens == "layers"
    if backbone.spec.patch_size == 0 and (settings.dense or (settings.patch_mask and not has_maps)):
        which = "dense" if settings.dense else "patch-mask"
        raise SettingError(
            "'{which}' needs a vision transformer; {spec} has no patches.",
            advice="Take a DINOv2 backbone, or --tokens layers with --patch-mask.",
            which=which,
            spec=backbone.spec.name,
        )
