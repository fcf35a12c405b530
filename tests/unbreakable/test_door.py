"""A running server, foreign names, and a second account of this machine."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.workspace import open_workspace
from tests.fakes import PROJECT
from tests.prepared import free_port, running_app, wait_until_healthy

TOKEN = "c0ffee" * 8
NOBODY = 65534
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
# What another account tries: the page, and every place of /proc where a token could stand.
INTRUDER = """
import http.client, pathlib, sys
port, token = int(sys.argv[1]), sys.stdin.read()
for path, expected in (("/", 403), ("/map", 403), ("/_stcore/host-config", 403), ("/_stcore/health", 200)):
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == expected, (path, answer.status)
    assert token.encode() not in answer.read() + str(answer.getheaders()).encode(), path
looked_at = 0
for file in [*pathlib.Path("/proc").glob("[0-9]*/cmdline"), *pathlib.Path("/proc").glob("[0-9]*/environ")]:
    try:
        found = file.read_bytes()
    except OSError:
        continue
    looked_at += file.name == "cmdline"
    assert token.encode() not in found, file
assert looked_at > 3
print("outside")
"""


@pytest.fixture(scope="module")
def open_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start the app without a token, also under another name."""
    workspace = open_workspace(tmp_path_factory.mktemp("door"))
    with running_app(workspace.root, hosts="fossils.example.org") as address:
        yield urlsplit(address).port or 0


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes], Path]]:
    """Start the app with a token, its output in a file that others can read."""
    port, log = free_port(), tmp_path / "app.log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    environment = {**os.environ, "FOSSILVIT_WORKSPACE": str(tmp_path / "workspace"), "FOSSILVIT_TOKEN": ""}
    with log.open("wb") as output:
        log.chmod(0o644)
        with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output) as server:
            try:
                wait_until_healthy(f"http://localhost:{port}")
                yield port, server, log
            finally:
                server.terminate()


@dataclass(frozen=True)
class Answer:
    """Status, headers and text of an answer."""

    status: int
    headers: HTTPMessage
    text: str


def connection_to(port: int, path: str, headers: dict[str, str], *, method: str = "GET") -> http.client.HTTPConnection:
    """Send a request with exactly these headers."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def answer(port: int, path: str, headers: dict[str, str], *, method: str = "GET") -> Answer:
    """Return the answer to a request with exactly these headers."""
    with closing(connection_to(port, path, headers, method=method)) as connection:
        response = connection.getresponse()
        text = "" if response.status == 101 else response.read().decode("utf-8", "replace")
        response.close()
        return Answer(response.status, response.headers, text)


@pytest.mark.parametrize(
    "path", ["/", "/map", "/_stcore/health", "/_stcore/host-config", "/static/none.js", "/media/a"]
)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "0.0.0.0:{}", "localhost.evil.example:{}"])
def test_server__refuses_foreign_names(open_port: int, path: str, host: str) -> None:
    """A foreign name gets a page that says so, and no WebSocket."""
    name = host.format(open_port)
    assert answer(open_port, path, {"Host": name}).status == 403
    own_origin = {"Host": name, "Origin": f"http://{name}"}
    assert answer(open_port, "/_stcore/stream", {**UPGRADE, **own_origin}).status == 403
    assert answer(open_port, "/_stcore/stream", {**UPGRADE, "Host": name}).status == 403
    refused = answer(open_port, path, {"Host": name, "Accept-Language": "ja"})
    assert "応答しません" in refused.text


def test_server__refuses_foreign_origins(open_port: int) -> None:
    """The right host is refused if the origin has another name or port."""
    own, other = f"localhost:{open_port}", open_port + 1
    for origin in (
        "http://evil.example",
        f"http://localhost:{other}",
        "http://localhost",
        f"http://127.0.0.1:{open_port}",
        "null",
    ):
        headers = {"Host": own, "Origin": origin}
        assert answer(open_port, "/_stcore/stream", {**UPGRADE, **headers}).status == 403
        for method in ("GET", "PUT", "DELETE"):
            assert answer(open_port, "/_stcore/upload_file/a/b", headers, method=method).status == 403


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "fossils.example.org"])
def test_server__answers_to_its_own_names(open_port: int, name: str) -> None:
    """Names of this machine and in FOSSILVIT_HOSTS open the app."""
    host = f"{name}:{open_port}"
    page = answer(open_port, "/", {"Host": host})
    assert page.status == 200
    assert page.headers.get("Content-Security-Policy") == "frame-ancestors 'none'"
    assert page.headers.get("X-Content-Type-Options") == "nosniff"
    assert answer(open_port, "/_stcore/stream", {**UPGRADE, "Host": host, "Origin": f"http://{host}"}).status == 101


def test_server__metrics_are_off(open_port: int) -> None:
    """Streamlit's metrics are not there."""
    assert answer(open_port, "/_stcore/metrics", {"Host": "localhost"}).status == 404


def test_server__prints_its_token_for_its_own_account_alone(locked: tuple[int, subprocess.Popen[bytes], Path]) -> None:
    """The printed address lets in, and stands in no file for others."""
    port, server, log = locked
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    host = {"Host": f"localhost:{port}"}
    address = next(line.strip() for line in log.read_text(encoding="utf-8").splitlines() if "?token=" in line)
    assert address.startswith(f"http://localhost:{port}/?token=")
    token = address.partition("=")[2]
    assert len(token) == 48
    entry = answer(port, f"/?token={token}", host)
    cookie = (entry.headers["Set-Cookie"]).split(";")[0]
    assert entry.status == 200
    assert answer(port, "/", {**host, "Cookie": cookie}).status == 200
    origin = {"Origin": f"http://localhost:{port}"}
    assert answer(port, "/_stcore/stream", {**UPGRADE, **host, **origin, "Cookie": cookie}).status == 101
    assert answer(port, f"/_stcore/stream?token={token}", {**UPGRADE, **host, **origin}).status == 403
    assert answer(port, "/", host).status == 403
    # Ctrl+C ends it though a page is open.
    with closing(connection_to(port, "/_stcore/stream", {**UPGRADE, **host, **origin, "Cookie": cookie})) as page:
        response = page.getresponse()
        assert response.status == 101
        server.send_signal(signal.SIGINT)
        server.wait(30)
        response.close()
    assert log.read_text(encoding="utf-8").count(token) == 1
    others = [file for file in log.parent.rglob("*") if file.is_file() and file != log]
    assert not [file for file in others if token.encode() in file.read_bytes()]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act as another account")
def test_server__keeps_a_second_account_out(locked: tuple[int, subprocess.Popen[bytes], Path]) -> None:
    """Another account finds no token in arguments or environments."""
    port, _, log = locked
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None:
        pytest.skip("no Python that another account can run")
    token = next(line for line in log.read_text(encoding="utf-8").splitlines() if "?token=" in line).partition("=")[2]
    child = subprocess.run(
        [python, "-I", "-c", INTRUDER, str(port)],
        input=token, capture_output=True, text=True, check=False, cwd="/", env={}, user=NOBODY, group=NOBODY,
        extra_groups=[],
    )  # fmt: skip
    assert child.stdout.strip() == "outside", child.stderr
    unreadable = subprocess.run(
        ["cat", log], capture_output=True, check=False, user=NOBODY, group=NOBODY, extra_groups=[]
    )
    assert unreadable.returncode != 0
