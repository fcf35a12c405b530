"""Security: no network access, no code from files, a server for this machine alone."""

from __future__ import annotations

import ast
import http.client
import io
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.embeddings import read_embeddings
from core.features import read_features
from core.foundation import CoreError
from core.storage import read_npy
from core.workspace import open_workspace
from tests.fakes import PROJECT
from tests.prepared import running_app

HERE = Path(__file__).resolve().parent
CODE = [
    PROJECT / "app.py",
    *(path for folder in ("core", "ui", "pages", "scripts") for path in sorted((PROJECT / folder).rglob("*.py"))),
]
# Modules that execute code from files, and the one harmless name of them.
FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
HARMLESS_NAMES = {"pickle.UnpicklingError"}
FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}


def run_guarded(script: list[str], record: Path) -> subprocess.CompletedProcess[str]:
    """Run a child process that cannot reach other machines and records every attempt."""
    folders = [str(HERE / "guard"), str(PROJECT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders)), "FORBIDDEN_CALLS": str(record)}
    return subprocess.run(
        [sys.executable, *script], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )


def test_guard__records_every_attempt(tmp_path: Path) -> None:
    """A connection to another machine is refused and recorded, in child processes as well."""
    script = (
        "import socket, subprocess, sys\n"
        "for use in (lambda: socket.create_connection(('192.0.2.1', 80)),"
        " lambda: socket.getaddrinfo('example.org', 80),"
        " lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 53))):\n"
        "    try: use()\n"
        "    except OSError: pass\n"
        "if len(sys.argv) < 2: subprocess.run([sys.executable, sys.argv[0], 'child'])\n"
    )
    (tmp_path / "s.py").write_text(script, encoding="ascii")
    assert run_guarded([str(tmp_path / "s.py")], tmp_path / "record").returncode == 0
    kinds = [line.split()[0] for line in (tmp_path / "record").read_text(encoding="utf-8").splitlines()]
    assert kinds == ["getaddrinfo", "getaddrinfo", "sendto"] * 2


@pytest.mark.parametrize(
    "use",
    [
        "import openvino.tools.ovc.convert_impl as it; assert it.tm.__name__.endswith('telemetry_stub')",
        "import importlib.util; assert 'trame_vtklocal' in sys.modules and sys.modules['trame_vtklocal'] is None",
    ],
)
def test_keep_offline__disables_telemetry(use: str) -> None:
    """OpenVINO uses its stub for telemetry, and no other viewer is downloaded."""
    script = f"import sys; from core.foundation.offline import keep_offline; keep_offline(); {use}"
    assert subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False).returncode == 0


@pytest.mark.slow
def test_whole_product__connects_to_no_other_machine(tmp_path: Path) -> None:
    """From samples to every screen, there is no connection to another machine."""
    record = tmp_path / "record"
    child = run_guarded([str(HERE / "whole_product.py"), str(tmp_path)], record)
    assert "everything was used" in child.stdout, child.stderr[-3000:]
    assert not record.exists(), record.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_code__executes_nothing_from_files(path: Path) -> None:
    """No pickle, eval or shell.

    Arrays and weights are read as numbers, YAML as plain values.
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FORBIDDEN_MODULES:
            found.append(f"from {node.module} import")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if node.value.id in FORBIDDEN_MODULES and name not in HARMLESS_NAMES:
                found.append(name)
        elif isinstance(node, ast.Call):
            found += _dangers_of(node)
    assert found == []


def _dangers_of(call: ast.Call) -> list[str]:
    name = ast.unparse(call.func)
    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    dangers = [name] if name in FORBIDDEN_CALLS else []
    if name == "torch.load" and keywords.get("weights_only") != "True":
        dangers.append("torch.load without weights_only=True")
    if name in ("np.load", "numpy.load", "np.lib.format.read_array") and keywords.get("allow_pickle") != "False":
        dangers.append(f"{name} without allow_pickle=False")
    if keywords.get("shell", "False") != "False":
        dangers.append(f"{name} through a shell")
    if keywords.get("unsafe_allow_html", "False") != "False":
        dangers.append(f"{name} with HTML")
    return dangers


@pytest.mark.parametrize(
    ("code", "danger"),
    [
        ("torch.load(p)", "torch.load without"),
        ("np.load(p, mmap_mode='r')", "np.load without"),
        ("run(x, shell=True)", "through a shell"),
        ("eval(x)", "eval"),
        ("yaml.load(x)", "yaml.load"),
        ("st.markdown(x, unsafe_allow_html=True)", "with HTML"),
    ],
)
def test_dangers_of__finds_them(code: str, danger: str) -> None:
    """Every kind of dangerous call is found."""
    (found,) = _dangers_of(ast.parse(code).body[0].value)  # type: ignore[attr-defined]
    assert danger in found


class Malicious:
    """Makes a folder if it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return the call that unpickling would make."""
        return os.mkdir, ("was-run",)


def test_arrays__with_pickled_objects_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reader of .npy files refuses an array of objects, and none of its code runs."""
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    np.save(stream, np.array([Malicious()], dtype=object), allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(stream.getvalue())
    (tmp_path / "ids.txt").write_text("a\n", encoding="utf-8")
    for read in (
        lambda: read_npy(tmp_path / "a.npy"),
        lambda: read_features(tmp_path / "a.npy"),
        lambda: read_embeddings(tmp_path / "a.npy", tmp_path / "ids.txt"),
        lambda: read_embeddings(tmp_path / "a.npy", tmp_path / "ids.txt", mapped=True),
    ):
        with pytest.raises(CoreError, match="pickled Python objects, which are never loaded"):
            read()
    assert not (tmp_path / "was-run").exists()


def test_server__is_for_this_machine_and_this_site(tmp_path: Path) -> None:
    """The server listens on loopback alone and refuses requests from other sites."""
    workspace = open_workspace(tmp_path / "workspace")
    with running_app(workspace.root) as address:
        host = urllib.parse.urlsplit(address)
        assert host.port is not None
        listening = _listeners(host.port)
        assert listening <= {"127.0.0.1", "::1"}, listening
        assert listening
        assert _answer(host.port, "PUT", "/_stcore/upload_file/a/b", {"Content-Type": "text/plain"}) in (400, 403)
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        own, foreign = f"http://localhost:{host.port}", "https://elsewhere.example"
        assert _answer(host.port, "GET", "/_stcore/stream", {**upgrade, "Origin": own}) == 101
        assert _answer(host.port, "GET", "/_stcore/stream", {**upgrade, "Origin": foreign}) == 403
        assert _header(host.port, "/_stcore/health", "Access-Control-Allow-Origin", foreign) in (None, own)


def _listeners(port: int) -> set[str]:
    return {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }


def _answer(port: int, method: str, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _header(port: int, path: str, name: str, origin: str) -> str | None:
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Origin": origin})
        return connection.getresponse().getheader(name)
    finally:
        connection.close()
