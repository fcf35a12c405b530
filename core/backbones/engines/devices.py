"""Choice of the device, without loading PyTorch on machines that have no GPU."""

from __future__ import annotations

import ctypes
import re
import sys
from functools import lru_cache

from core.foundation import DeviceError


def pick_device(wanted: str) -> str:
    """Return `cpu`, `cuda` or `cuda:n` for a device setting.

    Raises
    ------
    DeviceError
        If CUDA is asked for and does not work.
    """
    if wanted == "cpu" or (wanted == "auto" and not driver_sees_gpu()):
        return "cpu"
    import torch

    works = torch.cuda.is_available()
    if wanted == "auto":
        return "cuda" if works else "cpu"
    if not works:
        built = torch.version.cuda
        reason = "no NVIDIA GPU with a working driver was found" if built else "this PyTorch was built without CUDA"
        raise DeviceError(
            "'device' is {wanted}, but CUDA does not work here: {reason}.",
            advice="Take --device cpu or auto; `python -m core doctor` shows what was found.",
            wanted=wanted,
            reason=reason,
        )
    number = re.fullmatch(r"cuda(?::(\d+))?", wanted)
    if number is None or int(number[1] or 0) >= torch.cuda.device_count():
        raise DeviceError(
            "'device' is {wanted}, but this machine has {count} CUDA device(s).",
            advice="Count from cuda:0.",
            wanted=wanted,
            count=torch.cuda.device_count(),
        )
    return wanted


@lru_cache(maxsize=1)
def driver_sees_gpu() -> bool:
    """Return whether NVIDIA's driver reports a GPU.

    Asking the driver takes a millisecond, asking PyTorch seconds.
    """
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
        count = ctypes.c_int(0)
        return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    except (OSError, AttributeError):
        return False
