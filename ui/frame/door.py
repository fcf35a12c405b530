"""The requests that the server answers, by host name, origin and token.

A foreign web site can give its own name the address of this machine (DNS rebinding). Its page then
belongs to the same site as the app for the browser, so that only the name in the header `Host`
tells them apart. Other accounts of this machine reach the app as well; the token keeps them out.

The checks stand before every route of Streamlit, for HTTP and WebSocket alike. Streamlit itself
checks names for its WebSocket only (`server.allowedHosts`), and origins without their ports.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from core.foundation import InputError
from ui.frame.door_pages import entry_page, language_of, refusal_page
from ui.frame.door_token import PARAMETER, Token, token_of_this_start

HOSTS_VARIABLE = "FOSSILVIT_HOSTS"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_NAME = "*"
_WILDCARD_ADDRESSES = {"0.0.0.0", "::"}  # noqa: S104 compared with, not listened on
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"\*|(?:\*\.)?[\w-]+(?:\.[\w-]+)*|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII)
_NO_CONTENT = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Door:
    """What is needed to be answered.

    Attributes
    ----------
    hosts : frozenset of str
        Names in lower case; `*.example.org` stands for every name below it, `*` for any name.
    token : Token or None
        None if no token is needed.
    origins : frozenset of str
        Origins besides the app's own, as in `server.corsAllowedOrigins`.
    base : str
        Path below which the app lies, empty or like `/fossils`.
    """

    hosts: frozenset[str] = LOCAL_NAMES
    token: Token | None = None
    origins: frozenset[str] = frozenset()
    base: str = ""

    def knows_host(self, host: str | None) -> bool:
        """Return whether a header `Host` holds a name that the server was started for."""
        named = _split(f"//{host}") if host and _HOST.fullmatch(host) else None
        if named is None:
            return False
        name = (named.hostname or "").rstrip(".")
        return any(_fits(name, pattern) for pattern in self.hosts)

    def knows_origin(self, origin: str, host: str) -> bool:
        """Return whether a header `Origin` has the host and the port of `Host`.

        A page that is served under another scheme than the app (by a proxy) has the default port of its
        own scheme. `null`, which is sent by files and sandboxes, is refused.
        """
        if origin in self.origins:
            return True
        source, target = _split(origin), _split(f"//{host}")
        if source is None or target is None or source.scheme not in _PORTS:
            return False
        default = _PORTS[source.scheme]
        return (source.hostname, _port(source, default)) == (target.hostname, _port(target, default))


def guard() -> list[Middleware]:
    """Return the checks as middleware for `streamlit.App`."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    try:
        hosts = known_hosts()
    except InputError as error:
        raise SystemExit(str(error)) from None
    # Streamlit checks names for its WebSocket by this option; both lists have to agree.
    config.set_option("server.allowedHosts", sorted(hosts))
    origins = frozenset(str(origin).strip() for origin in config.get_option("server.corsAllowedOrigins") or ())
    door = Door(hosts, token_of_this_start(), origins, f"/{base}" if base else "")
    return [Middleware(Doorkeeper, door=door)]


def known_hosts() -> frozenset[str]:
    """Return the names that the server answers to.

    These are the names of this machine for itself, those in `FOSSILVIT_HOSTS` (separated by commas or
    blanks), in Streamlit's `server.allowedHosts`, `server.address` and `browser.serverAddress`.

    Raises
    ------
    InputError
        If one of them is not a host name.
    """
    given = [
        *re.split(r"[,;\s]+", os.environ.get(HOSTS_VARIABLE, "")),
        *(config.get_option("server.allowedHosts") or ()),
    ]
    given += [str(config.get_option(option) or "") for option in ("server.address", "browser.serverAddress")]
    names = {_name_in(text.strip()) for text in given if text.strip()}
    return LOCAL_NAMES | (names - _WILDCARD_ADDRESSES)


class Doorkeeper:
    """ASGI middleware that answers what the door does not let in with a page."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or let the app answer it with headers of its own."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        if scope["type"] == "websocket":
            # Uvicorn logs the address of a WebSocket with its query, where a token could stand.
            scope["query_string"] = b""
            if answer is not None:
                await send({"type": "websocket.close", "code": 1008})
                return
        framing = _framing(scope["path"], self._door.base)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers.append("Content-Security-Policy", f"frame-ancestors {framing}")
            await send(message)

        await (answer or self._app)(scope, receive, send_with_headers)

    def _answer(self, scope: Scope) -> Response | None:
        """Return what is answered instead of the app, None if the app answers."""
        door, request = self._door, HTTPConnection(scope)
        hosts, origins = request.headers.getlist("host"), request.headers.getlist("origin")
        if len(hosts) != 1 or not door.knows_host(hosts[0]):
            return _refuse(request, "host", host=hosts[0] if hosts else "")
        if not all(door.knows_origin(origin, hosts[0]) for origin in origins):
            return _refuse(request, "origin")
        path = scope["path"].removeprefix(door.base)
        if path.rstrip("/") == "/_stcore/metrics":
            return PlainTextResponse("", status_code=404)
        if door.token is None or path == "/_stcore/health":
            return None
        port = _port(urlsplit(f"//{hosts[0]}"), _PORTS[scope["scheme"]])
        return _by_token(request, door.token, port)


def _by_token(request: HTTPConnection, token: Token, port: int) -> Response | None:
    """Return None if the cookie is right, else a page.

    The page sets the cookie if the address holds the token.
    """
    admitted = token.is_in(request.cookies, port)
    is_read = request.scope["type"] == "http" and request.scope["method"] in ("GET", "HEAD")
    given = request.query_params.get(PARAMETER) if is_read else None
    if given is None:
        return None if admitted else _refuse(request, "token")
    if not (admitted or token.equals(given)):
        return _refuse(request, "wrong-token")
    page = _page(entry_page(_address_without_token(request), language_of(request)), 200)
    if token.equals(given):
        token.put_into(page, port, secure=request.scope["scheme"] == "https")
    return page


def _address_without_token(request: HTTPConnection) -> str:
    """Return path and query of a request, without its host and without the token."""
    rest = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = urlencode([(name, value) for name, value in rest if name != PARAMETER])
    # Two slashes at the beginning would lead to another host.
    path = "/" + quote(request.scope["path"].lstrip("/\\"))
    return f"{path}?{query}" if query else path


def _refuse(request: HTTPConnection, reason: str, *, host: str = "") -> Response:
    return _page(refusal_page(reason, language_of(request), host=host), 403)


def _page(text: str, status: int) -> HTMLResponse:
    # The token must neither be stored with the page nor be sent on as where a reader came from.
    headers = {
        "Content-Security-Policy": _NO_CONTENT,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Vary": "Cookie",
    }
    return HTMLResponse(text, status_code=status, headers=headers)


def _framing(path: str, base: str) -> str:
    """Return which pages may show a path in a frame.

    Streamlit shows the pages of components (`/component/…`) in frames of its own page. Everything else
    is never framed; the 3D viewer writes its frame into the page itself.
    """
    return "'self'" if path.startswith(f"{base}/component/") else "'none'"


def _name_in(text: str) -> str:
    """Return the host name in a name, a name with a port, or an address."""
    host = text.split("://", 1)[-1].split("/", 1)[0] if "://" in text else text
    bare = f"[{host}]" if host.count(":") > 1 and "[" not in host else host
    named = _split(f"//{bare}")
    try:
        # Browsers send names in other scripts than Latin like this.
        name = (named.hostname or "").rstrip(".").encode("idna").decode() if named and not named.path else ""
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise InputError(
            "{variable} or the configuration of Streamlit holds “{name}”, which is not a host name.",
            advice="Give names such as fossils.example.org, separated by commas.",
            variable=HOSTS_VARIABLE,
            name=text,
        )
    return name


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address, None if it has a user or an invalid port."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises if it is no port
    except ValueError:
        return None
    return parts if parts.hostname and parts.username is None else None


def _port(address: SplitResult, default: int) -> int:
    return default if address.port is None else address.port


def _fits(name: str, pattern: str) -> bool:
    return pattern in (ANY_NAME, name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))
