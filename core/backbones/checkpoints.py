"""Checkpoints of networks: read, translated to timm's names, checked and loaded.

They are read without running code from the file, and checked tensor by tensor.
"""

from __future__ import annotations

import hashlib
import re
import struct
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from core.backbones.position_embeddings import resample_positions
from core.backbones.weights import FoundWeights, names_of_files
from core.foundation import WeightsError

if TYPE_CHECKING:
    import torch

    from core.backbones.registry import BackboneSpec

# Tensors that a checkpoint may hold beside those of the network.
_EXTRA_TENSORS = re.compile(r"^(head|classifier|fc|mask_token$)|num_batches_tracked$")
# Messages of PyTorch about a pickle that holds more than tensors.
_MORE_THAN_TENSORS = re.compile(r"unsupported (global|class)|trying to (call|instantiate)", re.IGNORECASE)
# Errors that PyTorch raises on damaged checkpoints, beside its own.
_DAMAGED = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    struct.error,
    MemoryError,
)


def load_checked(module: torch.nn.Module, found: FoundWeights, spec: BackboneSpec) -> None:
    """Load weights into a network, if every tensor is there and has the right shape.

    Raises
    ------
    WeightsError
        If the file is damaged, or holds another network.
    """
    state = read_state(found.path)
    if spec.name == "efficientnet_lite2" and not _same_names(state, module):
        state = _by_order(state, module)
    elif spec.is_dinov2:
        state = as_dinov2(state, module, registers="_reg" in spec.timm_name)
    else:
        state = _as_timm(state, module)
    _check(state, module, found, spec)
    module.load_state_dict(state, strict=True)


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file or a PyTorch checkpoint, on the CPU.

    A PyTorch file is read with `weights_only=True`, which refuses everything but tensors.

    Raises
    ------
    WeightsError
        If the file is damaged, holds more than tensors, or holds no named tensors.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from safetensors.torch import save_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_file({"weight": torch.ones(2, 3)}, Path(folder) / "w.safetensors")
    ...     read_state(Path(folder) / "w.safetensors")["weight"].shape
    torch.Size([2, 3])
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            # Warnings of pickle protocols matter only if reading fails, and then the error says so.
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (*_DAMAGED, SafetensorError, pickle.UnpicklingError) as error:
        if _MORE_THAN_TENSORS.search(str(error)):
            raise WeightsError(
                f"{path} holds more than tensors and was not loaded, since such a file can run any program.",
                advice="Take a .safetensors file, or the checkpoint as its authors published it.",
            ) from error
        raise WeightsError(
            f"{path} is not a readable weights file ({_reason(error)}).",
            advice="Download it again and compare its size.",
        ) from error
    for wrapper in ("state_dict", "model", "teacher"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    tensors = {str(k): v for k, v in state.items() if isinstance(v, torch.Tensor)} if isinstance(state, dict) else {}
    if not tensors:
        raise WeightsError(f"{path} holds no named tensors.", advice="Give a checkpoint of the backbone's weights.")
    return tensors


def _reason(error: Exception) -> str:
    """Return the reason of an error in one line, without PyTorch's further advice."""
    text = str(error)
    if "Weights only load failed" in text:
        return "it is not a checkpoint of tensors"
    return text.splitlines()[0].strip().rstrip(".")[:200] if text else type(error).__name__


def as_dinov2(state: dict[str, torch.Tensor], module: torch.nn.Module, *, registers: bool) -> dict[str, torch.Tensor]:
    """Return DINOv2 weights, in Meta's names or timm's, for timm's network.

    Meta's register variants add the first position embedding to the class token, and timm stores
    the sum. Meta's SwiGLU names its two matrices `w12` and `w3`, timm `fc1` and `fc2`. Position
    embeddings are then resampled to the network's grid as the authors do.
    """
    renamed = {}
    for name, tensor in state.items():
        plain = name.removeprefix("backbone.").removeprefix("module.")
        plain = plain.replace(".mlp.w12.", ".mlp.fc1.").replace(".mlp.w3.", ".mlp.fc2.")
        renamed[plain] = tensor
    state = renamed
    if {"register_tokens", "pos_embed", "cls_token"} <= state.keys():
        position = state["pos_embed"]
        state["reg_token"] = state.pop("register_tokens")
        state["cls_token"] = state["cls_token"] + position[:, :1]
        state["pos_embed"] = position[:, 1:]
    wanted = module.state_dict().get("pos_embed")
    # Positions of the other kind of model are left alone: the check then names what does not fit.
    if "pos_embed" in state and wanted is not None and ("reg_token" in state) == registers:
        prefix = 0 if registers else 1
        state["pos_embed"] = resample_positions(state["pos_embed"], int(wanted.shape[1]), prefix, registers=registers)
    return state


def _as_timm(state: dict[str, torch.Tensor], module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Translate a checkpoint that is not in timm's names by timm's own filter."""
    convert = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    if convert is None or (_same_names(state, module) and _same_positions(state, module)):
        return state
    try:
        translated: dict[str, torch.Tensor] = convert(dict(state), module)
    except _DAMAGED:
        # The checkpoint is of another network, and the check names the tensors that differ.
        return state
    return translated


def _by_order(state: dict[str, torch.Tensor], module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Rename tensors by their order.

    The embedded EfficientNet-Lite2 has the order of timm's tensors, but not their names.
    """
    names = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    own = [
        (name, tensor)
        for name, tensor in state.items()
        if not name.endswith("num_batches_tracked") and not name.startswith(("_fc", "fc", "classifier"))
    ]
    if len(own) != len(names):
        return state
    return dict(zip(names, (tensor for _, tensor in own), strict=True))


def _same_names(state: dict[str, torch.Tensor], module: torch.nn.Module) -> bool:
    return all(name in state for name in module.state_dict() if not name.endswith("num_batches_tracked"))


def _same_positions(state: dict[str, torch.Tensor], module: torch.nn.Module) -> bool:
    own = module.state_dict().get("pos_embed")
    return own is None or own.shape == state["pos_embed"].shape


def _check(state: dict[str, torch.Tensor], module: torch.nn.Module, found: FoundWeights, spec: BackboneSpec) -> None:
    """Compare names and shapes, and reduce `state` to the tensors of the network.

    Raises
    ------
    WeightsError
        If a tensor is missing, superfluous, of another shape, or not finite.
    """
    import torch

    wanted = module.state_dict()
    problems: list[str] = []
    for name, tensor in wanted.items():
        if name.endswith("num_batches_tracked"):
            state.setdefault(name, torch.zeros_like(tensor))
        elif name not in state:
            problems.append(f"{name} is missing")
        elif state[name].shape != tensor.shape:
            problems.append(f"{name} has the shape {tuple(state[name].shape)} instead of {tuple(tensor.shape)}")
        elif not bool(torch.isfinite(state[name].float()).all()):
            problems.append(f"{name} holds NaN or infinite values")
    for name in list(state):
        if name not in wanted:
            if not _EXTRA_TENSORS.search(name):
                problems.append(f"{name} is not part of it")
            del state[name]
    if problems:
        more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise WeightsError(
            f"{found.path.name} does not hold the weights of {spec.name}: {'; '.join(problems[:3])}{more}.",
            advice=f"Expected a checkpoint of {spec.timm_name} or {' or '.join(names_of_files(spec)[:1])}.",
        )


def sha256_of_network(network: torch.nn.Module) -> str:
    """Return a SHA-256 of the names, shapes and values of a network's tensors."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).numpy().tobytes())
    return digest.hexdigest()
