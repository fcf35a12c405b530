"""PyTorch: CUDA where there is one, and any processor."""

from __future__ import annotations

import logging
from contextlib import nullcontext

import numpy as np
from jaxtyping import Float, UInt8

from core.backbones import Backbone
from core.engines.base import EngineSettings, in_batches
from core.errors import DeviceError

log = logging.getLogger(__name__)


def pick_device(wanted: str) -> str:
    """Return `cpu` or `cuda[:n]`.

    Raises
    ------
    DeviceError
        Where CUDA is asked for and does not work.
    """
    import torch

    works = torch.cuda.is_available()
    if wanted == "auto":
        return "cuda" if works else "cpu"
    if wanted.startswith("cuda"):
        if not works:
            built = torch.version.cuda
            reason = "no NVIDIA GPU with a working driver was found" if built else "this PyTorch was built without CUDA"
            raise DeviceError(
                f"'device' is {wanted}, but CUDA does not work here: {reason}.",
                advice="Take --device cpu or auto; `python -m core doctor` shows what was found.",
            )
        number = int(wanted.partition(":")[2] or 0) if wanted.partition(":")[2].isdigit() or ":" not in wanted else -1
        if not 0 <= number < torch.cuda.device_count():
            raise DeviceError(
                f"'device' is {wanted}, but this machine has {torch.cuda.device_count()} CUDA device(s).",
                advice="Count from cuda:0.",
            )
    return wanted


class TorchEngine:
    """Run a backbone with PyTorch in inference mode."""

    def __init__(self, backbone: Backbone, tokens: str, settings: EngineSettings) -> None:
        import torch

        from core.engines.head import FeatureHead

        self._torch = torch
        self.device = pick_device(settings.device)
        on_cuda = self.device.startswith("cuda")
        self.precision = ("bf16" if on_cuda else "fp32") if settings.precision == "auto" else settings.precision
        self.batch_size = settings.batch_size
        self._head = FeatureHead(backbone, tokens).to(self.device).eval()
        if backbone.spec.patch_size == 0:
            self._head = self._head.to(memory_format=torch.channels_last)

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        name = self._torch.cuda.get_device_name(self.device) if self.device.startswith("cuda") else "cpu"
        return {
            "engine": "torch",
            "engine_version": str(self._torch.__version__),
            "device": name,
            "precision": self.precision,
        }

    def run(self, images: UInt8[np.ndarray, "b s s 3"]) -> Float[np.ndarray, "b d"]:
        """Return the features of RGB images; halves the batch where memory runs out."""
        while True:
            try:
                parts = [self._forward(batch)[:real] for batch, real in in_batches(images, self.batch_size)]
                return np.concatenate(parts)
            except self._torch.cuda.OutOfMemoryError as error:
                if self.batch_size == 1:
                    raise DeviceError(
                        "The GPU has too little memory for a single image.",
                        advice="Take a smaller --image-size or backbone, or --device cpu.",
                    ) from error
                self.batch_size //= 2
                self._torch.cuda.empty_cache()
                log.warning("GPU memory ran out; going on with %d images at a time.", self.batch_size)

    def _forward(self, batch: np.ndarray) -> np.ndarray:
        torch = self._torch
        reduced = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision)
        casting = torch.autocast(self.device.split(":")[0], dtype=reduced) if reduced is not None else nullcontext()
        with torch.inference_mode(), casting:
            pixels = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device)
            features: np.ndarray = self._head(pixels).float().cpu().numpy()
        return features
