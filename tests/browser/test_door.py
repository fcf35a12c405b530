"""The door in a real browser: the token, foreign names of this machine, frames."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from core.workspace import Workspace
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, running_app

TOKEN = "5eaf00d" * 7
FOREIGN = "evil.example"
# Resolves when the browser has opened a WebSocket or was refused one.
TRY_SOCKET = """address => new Promise(done => {
    const socket = new WebSocket(address, ["streamlit"]);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""


@pytest.fixture(scope="module")
def locked(prepared: Workspace) -> Iterator[str]:
    """Start the app with a token."""
    with running_app(prepared.root, token=TOKEN) as started:
        yield started


@pytest.fixture(scope="module")
def misled(browser: Browser) -> Iterator[Browser]:
    """Start Chromium with a foreign name for this machine (DNS rebinding)."""
    rules = f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1"
    started = browser.browser_type.launch(executable_path=CHROMIUM, args=[*BROWSER_ARGUMENTS, rules])
    yield started
    started.close()


def test_door__opens_by_the_address_with_the_token(page: Page, locked: str) -> None:
    """The token becomes a strict cookie, which opens the other screens."""
    page.goto(f"{locked}/map?lang=en&token={TOKEN}")
    expect(page.get_by_role("heading", name="Map")).to_be_visible()
    assert "token" not in page.url
    assert "lang=en" in page.url
    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("fossilvit")]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["expires"] == -1
    assert page.evaluate("document.cookie.includes('fossilvit')") is False
    page.goto(f"{locked}/specimens?lang=en")
    expect(page.get_by_role("heading", name="Specimens")).to_be_visible()
    pictures = page.locator("img")
    expect(pictures.first).to_be_visible()


@pytest.mark.parametrize(
    ("language", "heading", "advice"),
    [("en", "This app opens with a token", "terminal"), ("ja", "このアプリを開くにはトークンが必要です", "端末")],
)
def test_door__says_where_the_address_is(page: Page, locked: str, language: str, heading: str, advice: str) -> None:
    """Without the token, a page says where to find the address."""
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    answer = page.goto(f"{locked}/?lang={language}")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text(advice).first).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert sockets == []


def test_door__opens_by_a_link_on_a_foreign_page(page: Page, locked: str) -> None:
    """A link with the token works, though strict cookies are not sent with it."""
    page.route(f"http://{FOREIGN}/mail", lambda route: route.fulfill(
        content_type="text/html", body=f'<a href="{locked}/map?lang=en&token={TOKEN}">open</a>'
    ))  # fmt: skip
    page.goto(f"http://{FOREIGN}/mail")
    page.get_by_role("link", name="open").click()
    expect(page.get_by_role("heading", name="Map")).to_be_visible()
    page.goto("about:blank")


def test_door__answers_to_no_foreign_name(misled: Browser, address: str) -> None:
    """Under a foreign name, the app and its WebSocket are refused.

    The app has no token here: the name alone keeps the foreign site out.
    """
    port = urlsplit(address).port
    # A foreign site has a page from before its name led here, and policies of its own.
    foreign, page = f"http://{FOREIGN}:{port}", misled.new_page(bypass_csp=True)
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    for path in ("/", "/map", "/_stcore/health", "/media/x.png"):
        answer = page.goto(f"{foreign}{path}")
        assert answer is not None
        assert answer.status == 403
    expect(page.get_by_role("heading")).to_have_text("The app does not answer to this name")
    assert sockets == []
    assert page.evaluate("fetch('/_stcore/host-config').then(answer => answer.status)") == 403
    assert page.evaluate(TRY_SOCKET, f"ws://{FOREIGN}:{port}/_stcore/stream") == "refused"
    assert page.evaluate(TRY_SOCKET, f"ws://localhost:{port}/_stcore/stream") == "refused"
    page.close()


def test_door__another_port_of_this_machine_is_another_site(misled: Browser, address: str, tmp_path: Path) -> None:
    """A page on another port opens no WebSocket and cannot frame the app."""
    socket = f"{address.replace('http', 'ws')}/_stcore/stream"
    (tmp_path / "index.html").write_text(f'<iframe src="{address}/_stcore/health"></iframe>', encoding="utf-8")
    serve = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    page = misled.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with ThreadingHTTPServer(("localhost", 0), serve) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://localhost:{server.server_port}/")
        assert page.evaluate(TRY_SOCKET, socket) == "refused"
        assert [frame.url.partition(":")[0] for frame in page.frames[1:]] == ["chrome-error"]
        assert any("frame-ancestors" in text for text in said)
        server.shutdown()
    page.goto(f"{address}/_stcore/health")
    assert page.evaluate(TRY_SOCKET, socket) == "open"
    page.close()
