"""The engine protocol and the settings of engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float16, Float32, UInt8

from core.foundation import check_at_least, check_choice

ENGINES = ("auto", "torch", "openvino")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")

Dense = tuple[Float32[np.ndarray, "b d"], Float16[np.ndarray, "b t d"]]


@dataclass(frozen=True)
class EngineSettings:
    """How a backbone is run.

    Parameters
    ----------
    engine : str
        `auto` is `torch` on CUDA, and on the CPU `openvino` if it can run the backbone.
    device : str
        `auto` is CUDA if it works, else the CPU; `cuda:1` names one of several.
    precision : str
        `auto` is fp32 on the CPU, so that results do not depend on the processor, and bf16
        on CUDA.
    batch_size : int
        Images in one pass of PyTorch. On CUDA the search for a larger batch starts there.
        OpenVINO runs images one by one, as many at once as there are threads.
    threads : int
        Threads on the CPU, 0 for all. They change the time, not the numbers.

    Raises
    ------
    SettingError
        If a value is not allowed.

    Examples
    --------
    >>> EngineSettings("openvino", threads=4)
    EngineSettings(engine='openvino', device='auto', precision='auto', batch_size=16, threads=4)
    """

    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    batch_size: int = 16
    threads: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("engine", self.engine, ENGINES)
        check_choice("device", self.device.split(":", 1)[0], DEVICES)
        check_choice("precision", self.precision, PRECISIONS)
        check_at_least("batch-size", self.batch_size, 1)
        check_at_least("threads", self.threads, 0)


class Engine(Protocol):
    """A backbone that is ready to run."""

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        ...

    @property
    def images_at_once(self) -> int:
        """Return how many images run fastest in one call, which takes any number."""
        ...

    def run(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Float32[np.ndarray, "b d"]:
        """Return the features of RGB images of the backbone's own size.

        Parameters
        ----------
        images : (b, s, s, 3) uint8
            Any number of images.
        shares : (b, p) float32, optional
            Weight of each patch, if patches are masked.
        """
        ...

    def begin(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Callable[[], Float32[np.ndarray, "b d"]]:
        """Start to run images and return a function that waits for their features.

        The next images can be started meanwhile, so that no thread of the engine is idle.
        """
        ...

    def run_dense(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Iterator[Dense]:
        """Yield features and tokens of a few images at a time, in order.

        The class token comes first, then the patch tokens row by row.
        """
        ...
