"""Choice of the engine for this machine."""

from __future__ import annotations

import logging

from core.backbones.engines.base import Engine, EngineSettings
from core.backbones.engines.devices import pick_device
from core.backbones.engines.openvino import OpenVinoEngine, is_installed
from core.backbones.engines.torch import TorchEngine
from core.backbones.loading import Backbone
from core.backbones.tokens import TokenSettings
from core.foundation import DeviceError

log = logging.getLogger(__name__)


def open_engine(backbone: Backbone, tokens: TokenSettings, settings: EngineSettings, *, dense: bool = False) -> Engine:
    """Return the engine that was asked for, or for `auto` the fastest one that works.

    Parameters
    ----------
    backbone : Backbone
        A network.
    tokens : TokenSettings
        The tokens that become features.
    settings : EngineSettings
        How the network is run.
    dense : bool
        Whether `run_dense` will be called.

    Raises
    ------
    DeviceError
        If the engine or device asked for does not work here.
    SettingError
        If the network does not have the tokens asked for.
    WeightsError
        If the weights are damaged, or belong to another network.
    """
    if settings.engine == "openvino":
        return OpenVinoEngine(backbone, tokens, settings, dense=dense)
    device = pick_device(settings.device)
    if settings.engine == "torch" or device != "cpu" or settings.precision == "fp16" or not is_installed():
        return TorchEngine(backbone, tokens, settings, dense=dense)
    try:
        return OpenVinoEngine(backbone, tokens, settings, dense=dense)
    except DeviceError as error:
        log.warning("%s Using PyTorch instead, which is slower.", error.problem)
        return TorchEngine(backbone, tokens, settings, dense=dense)
