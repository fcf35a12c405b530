"""Weights: every published form gives the same tokens, wrong files are errors."""

from __future__ import annotations

import hashlib
import os
import pickle
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings, strategies as st
from safetensors.torch import save_file

from core.backbones import WEIGHTS_VARIABLE, Backbone, build_network, describe, find_weights, load_backbone, read_state
from core.backbones.checkpoints import as_dinov2, load_checked
from core.backbones.weights import FoundWeights
from core.foundation import WeightsError
from tests.core.networks import PublishedDinoV2, published_small
from tests.fakes import PROJECT


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, tuple[PublishedDinoV2, Path]]:
    """Return Meta's architecture with random weights, and its checkpoint.

    The keys say whether it has registers.
    """
    folder = tmp_path_factory.mktemp("meta")
    both = {}
    for registers in (False, True):
        network = published_small(registers=registers)
        path = folder / f"dinov2_vits14{'_reg4' if registers else ''}_pretrain.pth"
        torch.save(network.state_dict(), path)
        both[registers] = (network, path)
    return both


def model_name(registers: bool) -> str:
    return "dinov2_vits14_reg" if registers else "dinov2_vits14"


@pytest.mark.parametrize("size", [518, 224, 98])
@pytest.mark.parametrize("registers", [False, True])
def test_load_backbone__gives_the_tokens_of_the_published_network(
    published: dict[bool, tuple[PublishedDinoV2, Path]], registers: bool, size: int
) -> None:
    """Timm gives the tokens of Meta's architecture, at any size."""
    network, path = published[registers]
    backbone = load_backbone(model_name(registers), image_size=size, weights=path)
    pixels = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(size))
    with torch.inference_mode():
        wanted, got = network(pixels), backbone.module.forward_features(pixels)
    assert got.shape == (1, (5 if registers else 1) + (size // 14) ** 2, 384)
    torch.testing.assert_close(got, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("registers", [False, True])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_load_backbone__reads_timms_own_checkpoints(tmp_path: Path, registers: bool, suffix: str) -> None:
    """A checkpoint in timm's names loads unchanged at its training size."""
    spec = describe(model_name(registers))
    torch.manual_seed(1)
    network = build_network(spec, 518)
    path = tmp_path / f"weights{suffix}"
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    loaded = load_backbone(spec.name, image_size=518, weights=path).module.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


def test_load_backbone__brings_both_kinds_of_checkpoint_to_the_same_size_alike(
    published: dict[bool, tuple[PublishedDinoV2, Path]], tmp_path: Path
) -> None:
    """The same weights in Meta's and timm's names give one network at 224 pixels."""
    path = published[True][1]
    in_timms_names = tmp_path / "reg.safetensors"
    save_file(load_backbone("dinov2_vits14_reg", image_size=518, weights=path).module.state_dict(), in_timms_names)
    one, other = (
        load_backbone("dinov2_vits14_reg", image_size=224, weights=given).module.state_dict()
        for given in (path, in_timms_names)
    )
    assert all(torch.equal(one[tensor], other[tensor]) for tensor in one)


def test_as_dinov2__translates_the_giants_feed_forward_layer() -> None:
    """SwiGLU's w12 and w3 become timm's fc1 and fc2, and the tokens stay the same."""
    import timm

    torch.manual_seed(2)
    network = PublishedDinoV2(96, 2, 4, swiglu=True).eval()
    same = timm.create_model(
        "vit_giant_patch14_dinov2", num_classes=0, img_size=56, depth=2, embed_dim=96, num_heads=4
    ).eval()
    state = as_dinov2(network.state_dict(), same, registers=False)
    del state["mask_token"]
    same.load_state_dict(state, strict=True)
    pixels = torch.randn(2, 3, 56, 56)
    with torch.inference_mode():
        torch.testing.assert_close(same.forward_features(pixels), network(pixels), rtol=0, atol=1e-4)


def test_load_backbone__records_the_sha256_of_the_file(
    published: dict[bool, tuple[PublishedDinoV2, Path]],
) -> None:
    """The identity holds the hash of the file and its origin."""
    import hashlib

    path = published[False][1]
    identity = load_backbone("dinov2_vits14", weights=path).identity
    assert identity["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert identity["weights_source"] == "given: dinov2_vits14_pretrain.pth"


def test_load_checked__names_a_checkpoint_of_another_network(
    published: dict[bool, tuple[PublishedDinoV2, Path]],
) -> None:
    """The error names the tensors that do not fit."""
    path = published[False][1]
    with pytest.raises(WeightsError, match=r"does not hold the weights of dinov2_vitb14: .*\(1, 1, 384\) instead of"):
        _ = load_backbone("dinov2_vitb14", weights=path).module
    embedded = find_weights(describe("efficientnet_lite2"), download=False).path
    with pytest.raises(WeightsError, match=r"efficientnet-lite2-9656183e.pth does not hold .* is missing"):
        _ = load_backbone("dinov2_vits14", weights=embedded).module
    with pytest.raises(WeightsError, match=r"does not hold the weights of efficientnet_lite2"):
        _ = load_backbone("efficientnet_lite2", weights=path).module


def test_load_checked__tells_models_with_registers_from_those_without(
    published: dict[bool, tuple[PublishedDinoV2, Path]],
) -> None:
    """Each kind refuses the checkpoint of the other and names the tensor."""
    with pytest.raises(WeightsError, match="reg_token is missing"):
        _ = load_backbone("dinov2_vits14_reg", weights=published[False][1]).module
    with pytest.raises(WeightsError, match="reg_token is not part of it"):
        _ = load_backbone("dinov2_vits14", weights=published[True][1]).module


def test_load_checked__refuses_values_that_are_not_numbers(tmp_path: Path) -> None:
    """One NaN in one tensor is found, and the tensor named."""
    spec = describe("efficientnet_lite2")
    network = build_network(spec, 224)
    state = network.state_dict()
    state["conv_stem.weight"][0, 0, 0, 0] = torch.nan
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"conv_stem\.weight holds NaN"):
        load_checked(network, FoundWeights(tmp_path / "w.pth", "given", ""), spec)


class Malicious:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return a call that would leave a file."""
        return Path("was-run").touch, ()  # type: ignore[return-value]


def test_read_state__runs_no_code_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint that carries more than tensors is refused before any of it runs."""
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Malicious()}, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps({"state_dict": Malicious()}, protocol=2))
    for name in ("a.pth", "b.pth"):
        with pytest.raises(WeightsError, match=rf"{name} holds more than tensors and was not loaded"):
            read_state(tmp_path / name)
    (tmp_path / "c.pth").write_bytes(pickle.dumps({"state_dict": Malicious()}, protocol=5))
    with pytest.raises(
        WeightsError, match=r"c.pth is not a readable weights file \(it is not a checkpoint of tensors\)"
    ):
        read_state(tmp_path / "c.pth")
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@settings(max_examples=40)
@given(data=st.data())
def test_read_state__survives_damage(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
) -> None:
    """A damaged file is a WeightsError or still reads."""
    path = tmp_path_factory.mktemp("damage") / f"w{suffix}"
    state = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.ones(2)}
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    for _ in range(data.draw(st.integers(0, 3)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        read_state(path)
    except WeightsError as error:
        assert str(path) in error.problem or path.name in error.problem


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello\n", b"<!DOCTYPE html><html></html>", b"\x80\x02}q\x00."])
def test_read_state__says_when_a_file_is_no_checkpoint(tmp_path: Path, name: str, content: bytes) -> None:
    """An empty file, text, a saved web page and an empty pickle are refused."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name):
        read_state(tmp_path / name)


def test_find_weights__looks_where_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a folder, the folder in the environment and the hub's layout are found."""
    spec = describe("dinov2_vits14")
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no-cache"))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "dinov2_vits14_pretrain.pth").write_bytes(b"1")
    hub = tmp_path / "two" / "vit_small_patch14_dinov2.lvd142m"
    hub.mkdir(parents=True)
    (hub / "model.safetensors").write_bytes(b"2")
    given = find_weights(spec, tmp_path / "one" / "dinov2_vits14_pretrain.pth", download=False)
    assert given.path.read_bytes() == b"1"
    assert find_weights(spec, tmp_path / "one", download=False).path == given.path
    assert find_weights(spec, tmp_path / "two", download=False).path.read_bytes() == b"2"
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "two"))
    found = find_weights(spec, download=False)
    assert (found.path.read_bytes(), found.source) == (b"2", f"{WEIGHTS_VARIABLE}: model.safetensors")


def test_find_weights__says_where_it_looked_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The errors for missing weights, files and folders say what to bring."""
    spec = describe("dinov2_vitl14_reg")
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    with pytest.raises(WeightsError, match="not on this machine: looked in the folder in FOSSILVIT_WEIGHTS") as missing:
        find_weights(spec, download=False)
    assert "Bring dinov2_vitl14_reg4_pretrain.pth" in missing.value.advice
    assert "efficientnet_lite2, which needs no download" in missing.value.advice
    with pytest.raises(WeightsError, match="There is no weights file"):
        find_weights(spec, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="holds no weights of dinov2_vitl14_reg"):
        find_weights(spec, tmp_path)


def test_find_weights__gives_up_at_once_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the hub does not answer, the message says that it cannot be reached."""
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setattr("core.backbones.weights._hub_answers", lambda: False)
    with pytest.raises(WeightsError, match="the hub cannot be reached"):
        find_weights(describe("dinov2_vitb14"))


def test_backbone__hashes_a_network_that_was_handed_in() -> None:
    """Networks without a file are told apart by their values."""
    spec = describe("efficientnet_lite2")
    identities = set()
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        identities.add(str(Backbone(spec, 64, network=build_network(spec, 64)).identity["weights_sha256"]))
    assert len(identities) == 2


class Hub(BaseHTTPRequestHandler):
    """A weights hub with one file."""

    content = b""

    def do_HEAD(self) -> None:
        """Answer with the headers of a file."""
        is_there = self.path.endswith("/resolve/main/model.safetensors")
        self.send_response(200 if is_there else 404)
        self.send_header("ETag", '"1"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("Content-Length", str(len(self.content)) if is_there else "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Send a file."""
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


FETCHED = """
import warnings
warnings.simplefilter("ignore")
from core.backbones.loading import describe
from core.backbones.weights import find_weights
found = find_weights(describe("dinov2_vits14"))
print(found.source, found.sha256)
"""


def read_terminal(terminal: int) -> Iterator[str]:
    """Yield the text of a pseudo-terminal whose other end is closed, and close it."""
    with suppress(OSError):  # Linux raises it at the end
        while part := os.read(terminal, 10_000):
            yield part.decode()
    os.close(terminal)


def test_find_weights__fetches_with_a_bar(tmp_path: Path) -> None:
    """The file is fetched into the cache, with a progress bar."""
    Hub.content = bytes(3_000_000)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    outside = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(("HF_", "HTTP", "ALL_"))
    }
    environment = {
        **outside,
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        WEIGHTS_VARIABLE: "",
    }
    # The bar is shown on terminals alone.
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 100))
    try:
        child = subprocess.run(
            [sys.executable, "-c", FETCHED],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=end,
            check=False,
        )
    finally:
        server.shutdown()
        server.server_close()
        os.close(end)
    shown = "".join(read_terminal(terminal))
    assert child.returncode == 0, shown
    printed = child.stdout.decode()
    assert printed.startswith("fetched from the hub: timm/vit_small_patch14_dinov2.lvd142m")
    assert hashlib.sha256(Hub.content).hexdigest() in printed
    assert "100%" in shown
