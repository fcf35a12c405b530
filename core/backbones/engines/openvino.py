"""The OpenVINO engine, the fastest one on a CPU.

The converted network is stored on disk. Images run one by one, each on one thread, as many at once
as there are threads. That is as fast as batches, since the activations of an image stay in the cache
of a core. The features of an image depend neither on the other images nor on the number of threads.
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from core.backbones.engines.base import Dense, EngineSettings
from core.backbones.loading import Backbone
from core.backbones.tokens import TokenSettings, grid_of
from core.foundation import DeviceError, keep_offline, processors
from core.storage import cache_folder, fingerprint, write_json

# Raised when the converted module changes, so that stored networks are converted again.
CONVERSION_VERSION = "3"
_DENSE_IMAGES = 8
_SECONDS_TO_WAIT = 60.0

log = logging.getLogger(__name__)


def is_installed() -> bool:
    """Return whether the package `openvino` is installed, without importing it."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoEngine:
    """Run a backbone with OpenVINO on the CPU.

    Raises
    ------
    DeviceError
        If the package is missing, another device or precision is asked for, or the
        network cannot be converted.
    """

    def __init__(
        self, backbone: Backbone, tokens: TokenSettings, settings: EngineSettings, *, dense: bool = False
    ) -> None:
        if not is_installed():
            raise DeviceError(
                "OpenVINO is not installed.", advice="Run `pip install openvino`, or take --engine torch."
            )
        if settings.device.startswith("cuda"):
            raise DeviceError("OpenVINO runs on the CPU only here.", advice="Take --engine torch for CUDA.")
        if settings.precision == "fp16":
            raise DeviceError("OpenVINO on a CPU has fp32 and bf16.", advice="Take --precision fp32 or bf16.")
        keep_offline()
        import openvino as ov

        self._version = str(ov.__version__)
        self.precision = "bf16" if settings.precision == "bf16" else "fp32"
        self._threads = settings.threads or processors()
        core = ov.Core()
        model = core.read_model(_convert_once(backbone, tokens, dense, self._version))
        compiled = core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bf16" else "f32",
                "PERFORMANCE_HINT": "THROUGHPUT",
                "NUM_STREAMS": str(self._threads),
                "INFERENCE_NUM_THREADS": str(self._threads),
                # The children that render need the same processors.
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._queue = ov.AsyncInferQueue(compiled, self._threads)
        self._queue.set_callback(_store_outputs)
        # A callback that still runs while Python ends crashes the process.
        weakref.finalize(self, _wait_for_callbacks, self._queue)

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        return {
            "engine": "openvino",
            "engine_version": self._version,
            "device": "cpu",
            "precision": self.precision,
        }

    @property
    def images_at_once(self) -> int:
        """Return 1, since `begin` leaves no thread idle for any number of images."""
        return 1

    def run(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Float32[np.ndarray, "b d"]:
        """Return the features of RGB images of the backbone's own size."""
        return self.begin(images, shares)()

    def begin(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Callable[[], Float32[np.ndarray, "b d"]]:
        """Start to run images and return a function that waits for their features."""
        wait = self._infer(images, shares)
        return lambda: np.concatenate([outputs[0] for outputs in wait()]).astype(np.float32, copy=False)

    def run_dense(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Iterator[Dense]:
        """Yield features and tokens of a few images at a time, in order."""
        for start in range(0, len(images), _DENSE_IMAGES):
            part = slice(start, start + _DENSE_IMAGES)
            outputs = self._infer(images[part], None if shares is None else shares[part])()
            features = np.concatenate([output[0] for output in outputs]).astype(np.float32, copy=False)
            yield features, np.concatenate([output[1] for output in outputs]).astype(np.float16)

    def _infer(self, images: np.ndarray, shares: np.ndarray | None) -> Callable[[], list[list[np.ndarray]]]:
        """Start to run images and return a function that waits for their outputs.

        Each output has a leading axis of length 1.
        """
        pending: list[Future[list[np.ndarray]]] = [Future() for _ in images]
        for index, result in enumerate(pending):
            inputs = [np.ascontiguousarray(images[index : index + 1])]
            if shares is not None:
                inputs.append(np.ascontiguousarray(shares[index : index + 1]))
            self._queue.start_async(inputs, result)
        return lambda: [self._wait_for(result) for result in pending]

    def _wait_for(self, result: Future[list[np.ndarray]]) -> list[np.ndarray]:
        try:
            return result.result(timeout=_SECONDS_TO_WAIT)
        except TimeoutError:
            # A request that failed does not call back, and the queue raises its error.
            self._queue.wait_all()
            return result.result(timeout=_SECONDS_TO_WAIT)


def _wait_for_callbacks(queue: Any) -> None:
    """Wait until no callback is running.

    Errors of requests are ignored here: they were raised to the caller that waited for the result.
    """
    with suppress(RuntimeError):
        queue.wait_all()


def _store_outputs(request: Any, result: Future[list[np.ndarray]]) -> None:
    """Copy the outputs into a future, since the memory of the request is reused."""
    try:
        result.set_result([np.array(tensor.data) for tensor in request.output_tensors])
    except RuntimeError as error:
        result.set_exception(error)


def _convert_once(backbone: Backbone, tokens: TokenSettings, dense: bool, version: str) -> Path:
    facts = {**backbone.identity, **tokens.identity, "dense": dense, "openvino": version}
    # The same weights from another place give the same network.
    del facts["weights_source"]
    folder = cache_folder() / "openvino" / fingerprint("openvino", CONVERSION_VERSION, facts)
    path = folder / "model.xml"
    # This file is written last: without it, an interrupted conversion is done again.
    if not (folder / "made_from.json").is_file():
        log.info("Converting %s for OpenVINO; this is done once.", backbone.spec.name)
        _convert(backbone, tokens, dense, path)
        write_json(folder / "made_from.json", facts)
    return path


def _convert(backbone: Backbone, tokens: TokenSettings, dense: bool, path: Path) -> None:
    keep_offline()
    import openvino as ov
    import torch

    from core.backbones.engines.feature_module import FeatureHead

    head = FeatureHead(backbone, tokens, dense=dense).eval().requires_grad_(False)
    size = backbone.image_size
    example: tuple[torch.Tensor, ...] = (torch.zeros((1, size, size, 3), dtype=torch.uint8),)
    if tokens.patch_mask:
        example += (torch.ones((1, grid_of(size, backbone.spec.patch_size) ** 2)),)
    try:
        with warnings.catch_warnings():
            # The conversion traces the network, which PyTorch warns is deprecated.
            warnings.simplefilter("ignore")
            model = ov.convert_model(head, example_input=example, input=[list(part.shape) for part in example])
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise DeviceError(
            "OpenVINO cannot convert {spec} ({reason}).",
            advice="Take --engine torch.",
            spec=backbone.spec.name,
            reason=reason,
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, path, compress_to_fp16=False)
