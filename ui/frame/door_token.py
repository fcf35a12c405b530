"""The token in the address of the app, and its cookie.

It is new at each start, stands in the address that is printed in the terminal, and is exchanged for
a cookie. It never stands in the arguments of a process, which every account of a machine can read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from starlette.responses import Response
from streamlit import config
from streamlit.cli_util import open_browser
from streamlit.web.server.server_util import get_display_address, get_url

from ui.frame.door_pages import entry_page, language_of
from ui.words import say_in

TOKEN_VARIABLE = "FOSSILVIT_TOKEN"  # noqa: S105 the name of a variable
NO_TOKEN = "--no-token"  # noqa: S105
PARAMETER = "token"
_OFF = {"no", "off", "none", "false", "0"}
_BYTES, _SHORT = 24, 16


@dataclass(frozen=True)
class Token:
    """The token of one start of the server, compared in constant time."""

    text: str = field(repr=False)

    def equals(self, given: str) -> bool:
        """Return whether a given text is the token."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.text.encode())

    def is_in(self, cookies: Mapping[str, str], port: int) -> bool:
        """Return whether the cookie of this server is among those of a request."""
        return hmac.compare_digest(cookies.get(_cookie(port), "").encode(), self._kept.encode())

    def put_into(self, response: Response, port: int, *, secure: bool) -> None:
        """Set the cookie by a response, until the browser ends."""
        response.set_cookie(_cookie(port), self._kept, httponly=True, samesite="strict", secure=secure)

    @property
    def _kept(self) -> str:
        # Browsers write cookies into files: a token that was chosen by hand is not kept as it is.
        return hashlib.sha256(b"fossilvit cookie " + self.text.encode()).hexdigest()


def _cookie(port: int) -> str:
    # Cookies are shared by all ports of a host: two apps on one machine need two names.
    return f"fossilvit_{port}"


@cache
def token_of_this_start() -> Token | None:
    """Return the token of this process, None if it was switched off.

    It is that in `FOSSILVIT_TOKEN`, a random one if the variable is empty. `no` in the variable, or
    `--no-token` after the name of the script, switches it off.
    """
    given = os.environ.get(TOKEN_VARIABLE, "").strip()
    if given.casefold() in _OFF or NO_TOKEN in sys.argv[1:]:
        return None
    return Token(given or secrets.token_hex(_BYTES))


@asynccontextmanager
async def announce(_app: object) -> AsyncIterator[None]:
    """Print the address of the app when its server starts, and open a browser.

    No browser is opened if the server is headless.
    """
    token = token_of_this_start()
    plain = _address()
    address = plain if token is None else f"{plain}/?{PARAMETER}={quote(token.text, safe='')}"
    for line in announcement(plain, address, token, is_private=keep_private(sys.stdout)):
        print(line, flush=True)
    if config.get_option("server.headless"):
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="fossilvit-"))  # for this account alone
    try:
        open_browser(plain if token is None else _page_that_leads_to(address, folder).as_uri())
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def announcement(plain: str, address: str, token: Token | None, *, is_private: bool) -> list[str]:
    """Return the lines that tell how to open the app."""
    language = language_of(None)
    if token is None:
        return ["", say_in(language, "door-open-without-token", address=plain), ""]
    if not is_private:
        return ["", say_in(language, "door-token-not-printed", address=plain, variable=TOKEN_VARIABLE), ""]
    lines = ["", say_in(language, "door-open"), "", f"    {address}", ""]
    if len(token.text) < _SHORT:
        lines += [say_in(language, "door-token-short", variable=TOKEN_VARIABLE, count=_SHORT), ""]
    return lines


def keep_private(stream: TextIO) -> bool:
    """Make a file of output private, if it is one.

    Return whether only this account can read what is written. Terminals and pipes belong to their
    account already; Windows has other means than these modes.
    """
    try:
        descriptor = stream.fileno()
        status = os.fstat(descriptor)
    except (OSError, ValueError, AttributeError):
        return True
    if os.name == "nt" or not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o077:
        return True
    try:
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~0o077)
    except OSError:
        return False
    return True


def _page_that_leads_to(address: str, folder: Path) -> Path:
    """Write a page that leads to an address.

    The arguments of a browser can be read by every account, the page by its own alone.
    """
    page = folder / "open.html"
    page.touch(mode=0o600)
    page.write_text(entry_page(address, language_of(None)), encoding="utf-8")
    return page


def _address() -> str:
    """Return the address of the app as Streamlit prints it."""
    if config.is_manually_set("browser.serverAddress"):
        return get_url(config.get_option("browser.serverAddress"))
    return get_url(get_display_address(config.get_option("server.address") or "localhost"))
