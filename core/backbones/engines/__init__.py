"""Engines run a backbone fast: uint8 images in, float32 view features out, one interface.

`torch` runs on CUDA and the CPU, `openvino` on the CPU. Whichever ran is recorded with the
features, since their last digits differ.
"""

from core.backbones.engines.base import DEVICES, ENGINES, PRECISIONS, Engine, EngineSettings
from core.backbones.engines.choice import open_engine

__all__ = ["DEVICES", "ENGINES", "PRECISIONS", "Engine", "EngineSettings", "open_engine"]
