"""The OpenVINO engine, the fastest one on a CPU.

The converted network is stored on disk. Images run one by one, each on one thread, as many at once
as there are threads. That is as fast as batches, since the activations of an image stay in the cache
of a core. The features of an image depend neither on the other images nor on the number of threads.
"""

from __future__ import annotations

import importlib.util
import logging
import shutil
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
from core.storage import cache_folder, cache_lock, fingerprint, keep_cached, read_cached

# Raised when the converted module changes, so that stored networks are converted again.
CONVERSION_VERSION = "3"
_FILES = ("model.xml", "model.bin")
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
        model = _convert_once(core, backbone, tokens, dense, self._version)
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


def _convert_once(core: Any, backbone: Backbone, tokens: TokenSettings, dense: bool, version: str) -> Any:
    """Return the converted network from the cache, or convert and keep it.

    Of several processes that start at once, one converts and the others wait for it.
    """
    facts = {**backbone.identity, **tokens.identity, "dense": dense, "openvino": version}
    # The same weights from another place give the same network.
    del facts["weights_source"]
    folder = cache_folder() / "openvino" / fingerprint("openvino", CONVERSION_VERSION, facts)
    stored = _read(core, folder)
    if stored is not None:
        return stored
    with cache_lock(folder):
        stored = _read(core, folder)
        if stored is not None:
            return stored
        log.info("Converting %s for OpenVINO; this is done once.", backbone.spec.name)
        return _convert(core, backbone, tokens, dense, folder, facts)


def _read(core: Any, folder: Path) -> Any | None:
    """Return a converted network, None if it is missing or damaged."""
    content = read_cached(folder, _FILES)
    if content is None:
        return None
    try:
        return core.read_model(*(content[name] for name in _FILES))
    except RuntimeError as error:
        log.info("The network in %s cannot be read (%s).", folder, error)
        return None


def _convert(
    core: Any, backbone: Backbone, tokens: TokenSettings, dense: bool, folder: Path, facts: dict[str, Any]
) -> Any:
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
    try:
        keep_cached(folder, lambda new: ov.save_model(model, new / _FILES[0], compress_to_fp16=False), facts)
    # OpenVINO reports a full disk as a RuntimeError.
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        log.warning(
            "The converted network cannot be kept in %s (%s; %s), so that it is converted at every start. "
            "Check the free space and permissions there, or set FOSSILVIT_CACHE to another folder.",
            folder.parent,
            getattr(error, "strerror", None) or str(error).strip().splitlines()[-1][:200],
            _free_space(folder.parent),
        )
        return model
    # What every later process reads.
    return _read(core, folder) or model


def _free_space(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB free"
    except OSError:
        return "the free space is unknown"
