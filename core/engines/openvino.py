"""OpenVINO: the fastest way on a processor; the converted network is kept on disk."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from core.backbones import Backbone
from core.caches import cache_folder
from core.engines.base import EngineSettings, in_batches
from core.errors import DeviceError
from core.storage import fingerprint, write_json

# Raised when what is converted changes, so that kept networks are converted again.
CONVERSION_VERSION = "1"


def is_installed() -> bool:
    """Return whether the package is there, without importing it."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoEngine:
    """Run a backbone with OpenVINO on the CPU.

    Raises
    ------
    DeviceError
        Where the package is missing, another device or precision is asked for, or the
        network cannot be converted.
    """

    def __init__(self, backbone: Backbone, tokens: str, settings: EngineSettings) -> None:
        if not is_installed():
            raise DeviceError(
                "OpenVINO is not installed.", advice="Run `pip install openvino`, or take --engine torch."
            )
        if settings.device.startswith("cuda"):
            raise DeviceError("OpenVINO runs on the CPU only here.", advice="Take --engine torch for CUDA.")
        if settings.precision == "fp16":
            raise DeviceError("OpenVINO on a CPU has fp32 and bf16.", advice="Take --precision fp32 or bf16.")
        import openvino as ov

        self._version = str(ov.__version__)
        self.precision = "bf16" if settings.precision == "bf16" else "fp32"
        self.batch_size = settings.batch_size
        self._compiled: dict[int, object] = {}
        self._core = ov.Core()
        self._model_path = self._convert_once(backbone, tokens)

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        return {
            "engine": "openvino",
            "engine_version": self._version,
            "device": "cpu",
            "precision": self.precision,
        }

    def run(self, images: UInt8[np.ndarray, "b s s 3"]) -> Float[np.ndarray, "b d"]:
        """Return the features of RGB images of the backbone's own size, as float32."""
        parts = []
        for batch, real in in_batches(images, self.batch_size):
            compiled = self._for_batch(len(batch), batch.shape[1])
            result = compiled(np.ascontiguousarray(batch))[0]  # type: ignore[operator]
            parts.append(np.array(result[:real], dtype=np.float32))
        return np.concatenate(parts)

    def _for_batch(self, batch: int, size: int) -> object:
        """Compile for one constant batch, which is faster than a free one and always the same."""
        if batch not in self._compiled:
            model = self._core.read_model(self._model_path)
            model.reshape([batch, size, size, 3])
            hint = {"INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bf16" else "f32"}
            self._compiled[batch] = self._core.compile_model(
                model, "CPU", {**hint, "PERFORMANCE_HINT": "LATENCY", "EXECUTION_MODE_HINT": "PERFORMANCE"}
            )
        return self._compiled[batch]

    def _convert_once(self, backbone: Backbone, tokens: str) -> Path:
        name = fingerprint("openvino", CONVERSION_VERSION, self._version, backbone.identity, tokens)
        folder = cache_folder() / "openvino" / name
        path = folder / "model.xml"
        # The facts file is written last: without it a killed conversion is done again.
        if not (folder / "made_from.json").is_file():
            _convert(backbone, tokens, path)
            write_json(folder / "made_from.json", {**backbone.identity, "tokens": tokens, "openvino": self._version})
        return path


def _convert(backbone: Backbone, tokens: str, path: Path) -> None:
    import openvino as ov
    import torch

    from core.engines.head import FeatureHead

    head = FeatureHead(backbone, tokens).eval().requires_grad_(False)
    example = torch.zeros((2, backbone.image_size, backbone.image_size, 3), dtype=torch.uint8)
    try:
        with warnings.catch_warnings():
            # Converting traces the network, of which PyTorch says that it will go one day.
            warnings.simplefilter("ignore")
            model = ov.convert_model(head, example_input=example)
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise DeviceError(
            f"OpenVINO cannot convert {backbone.spec.name} ({reason}).", advice="Take --engine torch."
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, path, compress_to_fp16=False)
