"""The PyTorch engine, for CUDA and for any processor."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from core.backbones.engines.base import Dense, EngineSettings
from core.backbones.engines.devices import pick_device
from core.backbones.loading import Backbone
from core.backbones.tokens import TokenSettings
from core.foundation import DeviceError

log = logging.getLogger(__name__)

_LARGEST_BATCH = 512
_LARGEST_TIME_RATIO = 0.97  # a doubled batch must take less than this share of the time per image


class TorchEngine:
    """Run a backbone with PyTorch in inference mode.

    Every pass has the same number of images, and the last one is filled up with copies, since
    libraries choose their algorithm by the shape. So the features of an image do not depend on the
    other images as long as the batch size stays the same. For another batch size they agree up to
    rounding.

    Raises
    ------
    DeviceError
        If the device or precision asked for does not work.
    """

    def __init__(
        self, backbone: Backbone, tokens: TokenSettings, settings: EngineSettings, *, dense: bool = False
    ) -> None:
        import torch

        from core.backbones.engines.feature_module import FeatureHead

        self._torch = torch
        self.device = pick_device(settings.device)
        self._on_cuda = self.device.startswith("cuda")
        self.precision = ("bf16" if self._on_cuda else "fp32") if settings.precision == "auto" else settings.precision
        if self.precision == "fp16" and not self._on_cuda:
            raise DeviceError("fp16 needs a GPU.", advice="Take --precision bf16 or fp32 on the CPU.")
        self._head = FeatureHead(backbone, tokens, dense=dense).to(self.device).eval()
        if backbone.spec.patch_size == 0:
            self._head = self._head.to(memory_format=torch.channels_last)
        self.batch_size = settings.batch_size
        self._is_batch_found = not self._on_cuda
        if settings.threads and not self._on_cuda:
            torch.set_num_threads(settings.threads)

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        name = self._torch.cuda.get_device_name(self.device) if self._on_cuda else "cpu"
        return {
            "engine": "torch",
            "engine_version": str(self._torch.__version__),
            "device": name,
            "precision": self.precision,
        }

    @property
    def images_at_once(self) -> int:
        """Return the number of images in one pass."""
        return self.batch_size

    def run(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Float32[np.ndarray, "b d"]:
        """Return the features of RGB images of the backbone's own size."""
        return self.begin(images, shares)()

    def begin(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Callable[[], Float32[np.ndarray, "b d"]]:
        """Start to run images and return a function that waits for their features.

        On the CPU all passes are done when this returns.
        """
        passes = list(self._passes(images, shares))
        return lambda: np.concatenate([self._to_numpy(outputs)[0] for outputs in passes])

    def run_dense(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Iterator[Dense]:
        """Yield features and tokens of a few images at a time, in order."""
        for outputs in self._passes(images, shares):
            features, tokens = self._to_numpy(outputs)
            yield features, tokens.astype(np.float16)

    def _passes(self, images: np.ndarray, shares: np.ndarray | None) -> Iterator[list[Any]]:
        """Yield the outputs of every pass, still on the device.

        They are yielded one pass late, so that the next images are sent while the GPU computes.
        """
        if not self._is_batch_found and len(images):
            self._find_batch(images[:1], None if shares is None else shares[:1])
        start = 0
        previous: list[Any] | None = None
        while start < len(images):
            try:
                outputs = self._forward(images[start : start + self.batch_size], self._part(shares, start))
            except self._torch.cuda.OutOfMemoryError as error:
                if previous is not None:
                    yield previous
                    previous = None
                self._halve(error)
                continue
            start += self.batch_size
            if previous is not None:
                yield previous
            previous = outputs
        if previous is not None:
            yield previous

    def _part(self, shares: np.ndarray | None, start: int) -> np.ndarray | None:
        return None if shares is None else shares[start : start + self.batch_size]

    def _forward(self, images: np.ndarray, shares: np.ndarray | None) -> list[Any]:
        torch = self._torch
        real = len(images)
        inputs = [self._on_device(images)]
        if shares is not None:
            inputs.append(self._on_device(shares))
        reduced = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision)
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if reduced is not None:
                stack.enter_context(torch.autocast(self.device.split(":")[0], dtype=reduced))
            elif self._on_cuda:
                # Convolutions take TF32 by default, which is less precise than fp32.
                stack.enter_context(torch.backends.cudnn.flags(allow_tf32=False))
            outputs = self._head(*inputs)
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        return [output[:real].float() for output in several]

    def _on_device(self, array: np.ndarray) -> Any:
        """Fill images up to a whole batch and send it to the device.

        For a GPU it is sent from pinned memory, so that the transfer does not block.
        """
        missing = self.batch_size - len(array)
        if missing > 0:
            array = np.concatenate([array, np.repeat(array[:1], missing, axis=0)])
        # A copy, since views are read-only and PyTorch does not support such arrays.
        tensor = self._torch.from_numpy(np.array(array))
        return tensor.pin_memory().to(self.device, non_blocking=True) if self._on_cuda else tensor

    def _to_numpy(self, outputs: list[Any]) -> list[np.ndarray]:
        return [output.cpu().numpy() for output in outputs]

    def _find_batch(self, image: np.ndarray, share: np.ndarray | None) -> None:
        """Double the batch size while memory allows it and the time per image falls."""
        self._is_batch_found = True
        fastest = self._seconds_per_image(image, share)
        while fastest is not None and self.batch_size * 2 <= _LARGEST_BATCH:
            self.batch_size *= 2
            seconds = self._seconds_per_image(image, share)
            if seconds is None or seconds > _LARGEST_TIME_RATIO * fastest:
                self.batch_size //= 2
                break
            fastest = seconds
        self._torch.cuda.empty_cache()
        log.info("%d images in one pass on %s.", self.batch_size, self.identity["device"])

    def _seconds_per_image(self, image: np.ndarray, share: np.ndarray | None) -> float | None:
        """Return the time per image of the second of two passes, None if memory runs out."""
        seconds = None
        for _ in range(2):
            started = time.perf_counter()
            try:
                self._forward(image, share)
                self._torch.cuda.synchronize(self.device)
            except self._torch.cuda.OutOfMemoryError:
                return None
            seconds = (time.perf_counter() - started) / self.batch_size
        return seconds

    def _halve(self, error: Exception) -> None:
        if self.batch_size == 1:
            raise DeviceError(
                "The GPU has too little memory for a single image.",
                advice="Take a smaller --image-size or backbone, or --device cpu.",
            ) from error
        self.batch_size //= 2
        self._torch.cuda.empty_cache()
        log.warning("GPU memory ran out; continuing with %d images at a time.", self.batch_size)
