"""Engines, which run a backbone: uint8 images in, float32 view features out.

`torch` runs on CUDA and the CPU, `openvino` on the CPU. The engine is recorded with the features,
since the last digits of the two differ.
"""

from core.backbones.engines.base import DEVICES, ENGINES, PRECISIONS, Engine, EngineSettings
from core.backbones.engines.choice import open_engine

__all__ = ["DEVICES", "ENGINES", "PRECISIONS", "Engine", "EngineSettings", "open_engine"]
