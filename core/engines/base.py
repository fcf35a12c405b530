"""What every engine takes and gives, and the batches it works in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, UInt8

from core.errors import SettingError

ENGINES = ("auto", "torch", "openvino")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


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
        Images in one pass.
    """

    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    batch_size: int = 16

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, given, allowed in (
            ("engine", self.engine, ENGINES),
            ("device", self.device.split(":", 1)[0], DEVICES),
            ("precision", self.precision, PRECISIONS),
        ):
            if given not in allowed:
                raise SettingError(f"'{name}' must be one of {', '.join(allowed)} (got {given}).")
        if self.batch_size < 1:
            raise SettingError(f"'batch-size' must be at least 1 (got {self.batch_size}).")


class Engine(Protocol):
    """A backbone made ready to run."""

    @property
    def identity(self) -> dict[str, str]:
        """Return engine, its version, device and precision."""
        ...

    def run(self, images: UInt8[np.ndarray, "b s s 3"]) -> Float[np.ndarray, "b d"]:
        """Return the features of RGB images of the backbone's own size, as float32."""
        ...


def in_batches(
    images: UInt8[np.ndarray, "n s s 3"], batch_size: int
) -> Iterator[tuple[UInt8[np.ndarray, "b s s 3"], int]]:
    """Yield batches of one constant shape and how many of their images are real.

    The last batch is filled up with its first image: libraries choose another way to compute
    for another shape, so a constant shape is what gives the same bytes for the same images.
    """
    size = min(batch_size, len(images))
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        real = len(batch)
        if real < size:
            batch = np.concatenate([batch, np.repeat(batch[:1], size - real, axis=0)])
        yield batch, real
