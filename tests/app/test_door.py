"""Which requests the server answers, without a server."""

from __future__ import annotations

import asyncio
import io
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from streamlit import config

from core.foundation import InputError
from ui.frame.door import LOCAL_NAMES, Door, Doorkeeper, known_hosts
from ui.frame.door_pages import entry_page, refusal_page
from ui.frame.door_token import Token, announce, announcement, keep_private, token_of_this_start
from ui.words import LANGUAGES

TOKEN = Token("0123456789abcdef0123456789abcdef")
OWN = {"host": "localhost:8501", "origin": "http://localhost:8501"}


async def served(scope: dict[str, Any], _receive: object, send: Any) -> None:
    """Stand for the app: accept everything."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the app"})


def ask(door: Door, path: str = "/", *, kind: str = "http", method: str = "GET", **headers: str) -> list[Any]:
    """Return the messages that answer a request."""
    route, _, query = path.partition("?")
    scope = {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "path": route,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    if kind == "http":
        scope["method"] = method
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(Doorkeeper(served, door)(scope, receive, send))
    return sent


def status(door: Door, path: str = "/", **given: Any) -> int:
    """Return the status of an answer, 101 or 403 for a WebSocket."""
    first = ask(door, path, **given)[0]
    return {"websocket.accept": 101, "websocket.close": 403}.get(first["type"]) or int(first["status"])


def headers_of(door: Door, path: str, **given: Any) -> dict[str, list[str]]:
    """Return the headers of an answer."""
    found: dict[str, list[str]] = {}
    for name, value in ask(door, path, **given)[0]["headers"]:
        found.setdefault(name.decode().lower(), []).append(value.decode())
    return found


@pytest.fixture(autouse=True)
def new_start() -> Iterator[None]:
    """Let every test be a start of its own."""
    token_of_this_start.cache_clear()
    yield
    token_of_this_start.cache_clear()


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "LOCALHOST:1", "localhost.:8501", "127.0.0.1:8501", "[::1]:8501", "[::1]"]
)
def test_door__answers_to_names_of_this_machine(host: str) -> None:
    """Names of the machine for itself are known, with any port: a tunnel has its own."""
    assert status(Door(), host=host) == 200
    assert status(Door(), kind="websocket", host=host, origin=f"http://{host}") == 101


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8501", "localhost.evil.example", "evil.localhost", "notlocalhost", "127.0.0.2",
        "127.0.0.1.nip.io", "0.0.0.0", "0.0.0.0:8501", "[::]:8501", "[::ffff:127.0.0.1]", "2130706433", "",  # noqa: S104
        "localhost@evil.example", "evil@localhost", "localhost/", "localhost/evil", "localhost#", "localhost?x",
        "localhost:port", "localhost:99999", "localhost, evil.example", "evil.example, localhost", "[localhost", "*",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/media/a.png", "/_stcore/host-config"])
def test_door__refuses_other_names(host: str, path: str) -> None:
    """Every other name is refused, for all paths and origins."""
    assert status(Door(), path, host=host) == 403
    assert status(Door(), path, host=host, origin=f"http://{host}") == 403
    assert status(Door(), path, kind="websocket", host=host, origin=f"http://{host}") == 403
    assert status(Door(), path, kind="websocket", host=host) == 403


def test_door__refuses_a_request_without_a_name_or_with_two() -> None:
    """Neither no header nor two headers name one host."""
    assert status(Door()) == 403
    scope = {"type": "http", "scheme": "http", "method": "GET", "path": "/", "query_string": b""}
    scope["headers"] = [(b"host", b"localhost"), (b"host", b"evil.example")]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Doorkeeper(served, Door())(scope, lambda: None, send))
    assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:9999", "http://localhost", "https://localhost:9999", "http://evil.example",
        "http://evil.example:8501", "http://127.0.0.1:8501", "null", "", "file://", "chrome-extension://localhost:8501",
        "http://localhost:8501@evil.example", "http://evil@localhost:8501", "localhost:8501", "http://localhost:x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_door__refuses_other_origins(origin: str, method: str) -> None:
    """The origin has the port of the app, for every method and WebSockets."""
    assert status(Door(), method=method, host=OWN["host"], origin=origin) == 403
    assert status(Door(), kind="websocket", host=OWN["host"], origin=origin) == 403


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("fossils.example.org", "https://fossils.example.org"),
        ("fossils.example.org:443", "https://fossils.example.org"),
        ("fossils.example.org", "http://fossils.example.org:80"),
        ("Fossils.example.org:8501", "http://fossils.example.org:8501"),
    ],
)
def test_door__knows_its_own_origin_behind_a_proxy(host: str, origin: str) -> None:
    """A port that is not written is that of the scheme of the page."""
    door = Door(LOCAL_NAMES | {"*.example.org"})
    assert status(door, kind="websocket", host=host, origin=origin) == 101


def test_door__lets_configured_origins_in() -> None:
    """An origin in `server.corsAllowedOrigins` passes with its port."""
    door = Door(origins=frozenset({"https://portal.example.org"}))
    assert status(door, host="localhost", origin="https://portal.example.org") == 200
    assert status(door, host="localhost", origin="https://portal.example.org:444") == 403


def test_known_hosts__are_those_of_environment_and_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, addresses and IPv6 are read, but no wildcard addresses."""
    options = {
        "server.allowedHosts": ["Museum.example.org", "*.lab.example.org"],
        "server.address": "0.0.0.0",  # noqa: S104
        "browser.serverAddress": "scans.example.org",
    }
    monkeypatch.setattr("ui.frame.door.config.get_option", options.get)
    monkeypatch.setenv(
        "FOSSILVIT_HOSTS", "a.example, http://b.example:8501/x  fe80::1,[fe80::2]:80 192.168.1.5:8501 化石.example"
    )
    given = {"a.example", "b.example", "fe80::1", "fe80::2", "192.168.1.5", "xn--cjru17f.example"}
    configured = {"museum.example.org", "*.lab.example.org", "scans.example.org"}
    assert known_hosts() == LOCAL_NAMES | given | configured
    door = Door(known_hosts())
    assert status(door, host="x.lab.example.org") == 200
    assert status(door, host="lab.example.org") == 403
    assert status(door, host="evil-lab.example.org") == 403


@pytest.mark.parametrize("name", ["a/b", "http://", "user@host", "a.*.example", "host:port"])
def test_known_hosts__refuses_what_is_no_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake is named."""
    monkeypatch.setattr("ui.frame.door.config.get_option", {}.get)
    monkeypatch.setenv("FOSSILVIT_HOSTS", name)
    with pytest.raises(InputError, match="FOSSILVIT_HOSTS"):
        known_hosts()


@pytest.mark.parametrize("path", ["/", "/map", "/static/js/index.js", "/media/x.png", "/_stcore/host-config", "/a?b=c"])
def test_token__is_needed_for_everything_but_health(path: str) -> None:
    """Without a cookie nothing is answered but that the server is up."""
    door = Door(token=TOKEN)
    assert status(door, path, **OWN) == 403
    assert status(door, path, kind="websocket", **OWN) == 403
    assert status(door, "/_stcore/health", **OWN) == 200
    assert status(door, "/_stcore/health/../map", **OWN) == 403


def test_token__is_exchanged_for_a_cookie() -> None:
    """The token in the address sets a strict cookie, which lets in."""
    door = Door(token=TOKEN)
    messages = ask(door, f"/map?specimen=a/b&token={TOKEN.text}&lang=ja", **OWN)
    headers = dict(messages[0]["headers"])
    cookie = headers[b"set-cookie"].decode()
    assert messages[0]["status"] == 200
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"referrer-policy"] == b"no-referrer"
    page = messages[1]["body"].decode()
    assert 'content="0; url=/map?specimen=a%2Fb&amp;lang=ja"' in page
    assert TOKEN.text not in page
    assert TOKEN.text not in cookie
    kept = cookie.split(";")[0]
    assert status(door, "/map", cookie=kept, **OWN) == 200
    assert status(door, "/_stcore/stream", kind="websocket", cookie=f"a=b; {kept}", **OWN) == 101
    assert status(door, "/map", cookie=kept, host="localhost:8502") == 403, "another app on this machine"
    assert status(Door(token=Token("another")), "/map", cookie=kept, **OWN) == 403, "the next start"


@pytest.mark.parametrize("given", ["", "x", TOKEN.text[:-1], TOKEN.text + "0", TOKEN.text.upper(), "%FF%00", "ノ"])
def test_token__refuses_another(given: str) -> None:
    """A wrong token gets no cookie, in the address or as a cookie."""
    door = Door(token=TOKEN)
    answer = ask(door, f"/?token={given}", **OWN)[0]
    assert answer["status"] == 403
    assert not [name for name, _ in answer["headers"] if name == b"set-cookie"]
    assert status(door, cookie=f"fossilvit_8501={given}", **OWN) == 403
    assert status(door, cookie=f"fossilvit_8501={TOKEN.text}", **OWN) == 403


def test_token__is_taken_from_the_address_of_pages_alone() -> None:
    """A WebSocket or a request that changes something needs the cookie."""
    door, path = Door(token=TOKEN), f"/_stcore/stream?token={TOKEN.text}"
    assert status(door, path, kind="websocket", **OWN) == 403
    assert status(door, path, method="POST", **OWN) == 403


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "/\\/evil.example", "///evil.example"])
def test_token__leads_to_the_app_alone(path: str) -> None:
    """An address that begins like that of another host does not lead there."""
    page = ask(Door(token=TOKEN), f"{path}?token={TOKEN.text}", **OWN)[1]["body"].decode()
    assert "url=/evil.example" in page


def test_door__metrics_are_off() -> None:
    """The metrics of Streamlit are not found."""
    for path in ("/_stcore/metrics", "/_stcore/metrics/", "/fossils/_stcore/metrics"):
        door = Door(base="/fossils" if path.startswith("/fossils") else "")
        assert status(door, path, **OWN) == 404


def test_door__pages_are_framed_by_the_app_alone() -> None:
    """Only pages of components may be framed, by the app itself."""
    for path in ("/", "/map", "/media/x.html", "/components/x", "/_stcore/component/x"):
        assert headers_of(Door(), path, **OWN)["content-security-policy"] == ["frame-ancestors 'none'"]
    for door, path in ((Door(), "/component/a/index.html"), (Door(base="/b"), "/b/component/a/index.html")):
        headers = headers_of(door, path, **OWN)
        assert headers["content-security-policy"] == ["frame-ancestors 'self'"]
        assert headers["x-content-type-options"] == ["nosniff"]
    refused = headers_of(Door(), "/", host="evil.example")
    assert "frame-ancestors 'none'" in refused["content-security-policy"]
    assert refused["x-content-type-options"] == ["nosniff"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ["host", "origin", "token", "wrong-token"])
def test_refusal_page__says_what_to_do(reason: str, language: str) -> None:
    """Each page has its words, and a name in it is no code."""
    page = refusal_page(reason, language, host='<script>"`evil')
    assert f'<html lang="{language}">' in page
    assert "<script>" not in page
    assert ("token=" in page) == ("token" in reason)
    assert ("FOSSILVIT_HOSTS" in page) == (reason == "host")


def test_entry_page__escapes_its_address() -> None:
    """An address ends neither the attribute nor the element."""
    assert '"><script>' not in entry_page('/?a="><script>', "en")


def test_token_of_this_start__is_random_given_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is new at each start, given, or switched off."""
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.delenv("FOSSILVIT_TOKEN", raising=False)
    first = token_of_this_start()
    token_of_this_start.cache_clear()
    second = token_of_this_start()
    assert first is not None
    assert second is not None
    assert first != second
    assert len(first.text) == 48
    assert first.text not in repr(first)
    for given, expected in (("", "random"), (" secret ", "secret"), ("no", None), ("OFF", None), ("0", None)):
        monkeypatch.setenv("FOSSILVIT_TOKEN", given)
        token_of_this_start.cache_clear()
        token = token_of_this_start()
        assert (token and ("random" if len(token.text) == 48 else token.text)) == expected
    monkeypatch.setenv("FOSSILVIT_TOKEN", "secret")
    monkeypatch.setattr(sys, "argv", ["app.py", "--no-token"])
    token_of_this_start.cache_clear()
    assert token_of_this_start() is None


def test_keep_private__takes_a_file_away_from_other_accounts(tmp_path: Path) -> None:
    """A file that others can read becomes private before the token is in it."""
    with (tmp_path / "app.log").open("w", encoding="utf-8") as log:
        (tmp_path / "app.log").chmod(0o664)
        assert keep_private(log)
        assert stat.S_IMODE((tmp_path / "app.log").stat().st_mode) == 0o600
    assert keep_private(io.StringIO())


def test_keep_private__says_if_a_file_belongs_to_another_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the file cannot be made private, the token is not printed."""

    def refuse(_descriptor: int, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr("ui.frame.door_token.os.fchmod", refuse)
    with (tmp_path / "app.log").open("w", encoding="utf-8") as log:
        (tmp_path / "app.log").chmod(0o644)
        assert not keep_private(log)
    lines = "\n".join(
        announcement("http://localhost:1", "http://localhost:1/?token=t0k3n", Token("t0k3n"), is_private=False)
    )
    assert "t0k3n" not in lines
    assert "FOSSILVIT_TOKEN" in lines


def test_announce__opens_the_browser_without_the_token_in_its_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The browser gets a private file, which is removed with the server."""
    monkeypatch.setenv("FOSSILVIT_TOKEN", TOKEN.text)
    known = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: name != "server.headless" and known(name))
    monkeypatch.setattr("ui.frame.door_token.get_url", lambda host: f"http://{host}:8501")
    opened: list[str] = []
    monkeypatch.setattr("ui.frame.door_token.open_browser", opened.append)

    async def start() -> Path:
        async with announce(None):
            page = Path(urlsplit(opened[0]).path)
            assert stat.S_IMODE(page.stat().st_mode) == 0o600
            assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
            assert f"http://localhost:8501/?token={TOKEN.text}" in page.read_text(encoding="utf-8")
        return page

    page = asyncio.run(start())
    assert not page.parent.exists()
    assert TOKEN.text not in opened[0]
    assert f"http://localhost:8501/?token={TOKEN.text}" in capsys.readouterr().out.split()


def test_announcement__names_the_address() -> None:
    """The address stands alone on its line, and a short token is named."""
    with_token = announcement("http://localhost:1", "http://localhost:1/?token=short", Token("short"), is_private=True)
    assert "    http://localhost:1/?token=short" in with_token
    assert any("guessed" in line for line in with_token)
    assert not any("guessed" in line for line in announcement("a", "b", TOKEN, is_private=True))
    assert any("no token" in line for line in announcement("http://localhost:1", "", None, is_private=True))
