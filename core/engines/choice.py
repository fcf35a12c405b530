"""Choose an engine for this machine."""

from __future__ import annotations

import logging

from core.backbones import Backbone
from core.engines.base import Engine, EngineSettings
from core.engines.openvino import OpenVinoEngine, is_installed
from core.engines.torch import TorchEngine, pick_device
from core.errors import DeviceError

log = logging.getLogger(__name__)


def open_engine(backbone: Backbone, tokens: str, settings: EngineSettings) -> Engine:
    """Return the engine that was asked for; `auto` takes the fastest one that works.

    Raises
    ------
    DeviceError
        Where the engine or device asked for does not work here.
    """
    device = pick_device(settings.device)
    if settings.engine == "openvino":
        return OpenVinoEngine(backbone, tokens, settings)
    if settings.engine == "torch" or device != "cpu" or settings.precision == "fp16" or not is_installed():
        return TorchEngine(backbone, tokens, settings)
    try:
        return OpenVinoEngine(backbone, tokens, settings)
    except DeviceError as error:
        log.warning("%s Going on with PyTorch, which is slower.", error.problem)
        return TorchEngine(backbone, tokens, settings)
