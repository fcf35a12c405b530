"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float16, Float32, UInt8

from core.foundation import SettingError

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
        `auto` is `torch` on CUDA, and `openvino` on the CPU where it can run the backbone.
    device : str
        `auto` is CUDA where it works, else the CPU; `cuda:1` names one of several.
    precision : str
        `auto` is fp32 on the CPU, so that results do not depend on the processor, and bf16
        on CUDA.
    batch_size : int
        Images in one pass of PyTorch; on CUDA where the search for a larger batch begins.
        OpenVINO runs images one by one, as many at once as there are threads.
    threads : int
        Threads on the CPU, 0 for all; changes the time, not the numbers.
    """

    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    batch_size: int = 16
    threads: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, given, allowed in (
            ("engine", self.engine, ENGINES),
            ("device", self.device.split(":", 1)[0], DEVICES),
            ("precision", self.precision, PRECISIONS),
        ):
            if given not in allowed:
                raise SettingError(
                    "'{name}' must be one of {allowed} (got {given}).",
                    name=name,
                    allowed=", ".join(allowed),
                    given=given,
                )
        if self.batch_size < 1:
            raise SettingError("'batch-size' must be at least 1 (got {batch_size}).", batch_size=self.batch_size)
        if self.threads < 0:
            raise SettingError("'threads' must be at least 0 (got {threads}).", threads=self.threads)


class Engine(Protocol):
    """A backbone made ready to run."""

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        ...

    @property
    def images_at_once(self) -> int:
        """Return how many images it likes to be given together; it takes any number."""
        ...

    def run(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Float32[np.ndarray, "b d"]:
        """Return the features of RGB images of the backbone's own size.

        Parameters
        ----------
        images : (b, s, s, 3) uint8
            Any number of them.
        shares : (b, p) float32, optional
            How much each patch counts, where patches are masked.
        """
        ...

    def begin(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Callable[[], Float32[np.ndarray, "b d"]]:
        """Begin with images and return what waits for their features.

        The next images can be begun meanwhile, so that no thread of the engine ever waits.
        """
        ...

    def run_dense(
        self, images: UInt8[np.ndarray, "b s s 3"], shares: Float32[np.ndarray, "b p"] | None = None
    ) -> Iterator[Dense]:
        """Yield features and tokens, class token first, of a few images at a time, in order."""
        ...
